"""How much later than promised something may come in a test: the machine that runs it may be busy with others.

What is promised is measured by `./dev bench` and `./dev soak`; a test shows that it comes at all, and not by accident.
"""

PATIENCE = 5


def promised(seconds: float) -> float:
    """The seconds after which a test gives up on what is promised within `seconds`."""
    return seconds * PATIENCE
