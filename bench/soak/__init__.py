"""A long run in which people buy, the server is killed, and everything acknowledged is looked for afterwards."""
