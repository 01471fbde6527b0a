"""Faults are caused to real servers, each on a data folder of its own."""

from cli.conftest import data, initialised

__all__ = ["data", "initialised"]
