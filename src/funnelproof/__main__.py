"""`python -m funnelproof` is the command `funnelproof`."""

from funnelproof.cli.main import run

if __name__ == "__main__":
    run()
