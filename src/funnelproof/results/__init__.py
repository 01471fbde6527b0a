"""What the counters say: the funnel, by day and dimension."""
