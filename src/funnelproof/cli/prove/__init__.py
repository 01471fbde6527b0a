"""`funnelproof prove`: a plan against a server, with progress, reports and an exit status for CI."""
