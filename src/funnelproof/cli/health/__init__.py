"""`funnelproof health`: a campaign's light in the terminal, once or as it turns."""
