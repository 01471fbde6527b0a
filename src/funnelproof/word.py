"""Closed lists of words: members that are texts."""

from enum import StrEnum


class Word(StrEnum):
    """Hashed as the text that it is: standard members are hashed by their names, in Python, and keys have many."""

    __hash__ = str.__hash__
