"""The installation's secret keys: sealed at rest, handed out by purpose, rotated by command."""
