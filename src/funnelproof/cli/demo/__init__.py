"""`funnelproof demo`: the Gharart story against a real server, on a data folder of its own."""
