"""Everything that leaves the installation goes through one guarded client."""
