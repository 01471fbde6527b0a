"""What every write carries along in its own transaction: safe retries, the day's quota, a line of the audit."""
