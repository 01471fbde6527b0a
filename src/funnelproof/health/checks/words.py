"""Counts in words, for the sentences that checks say."""


def percent(part: int, whole: int) -> str:
    """`3, 40` → `7.5 %`."""
    return f"{100 * part / whole:.1f} %" if whole > 0 else "none"


def many(count: int, thing: str) -> str:
    """`1, "click"` → `1 click`; `2, "click"` → `2 clicks`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
