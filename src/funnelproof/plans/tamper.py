"""What can happen to a ctx between a click and an order, done to one on purpose. Pure."""

from typing import Any

FOREIGN_HANDLE, FOREIGN_CAMPAIGN = "somebody-else", "another-campaign"


def tampered(how: str, ctx: str, key: str) -> dict[str, Any]:
    """A conversion whose ctx was changed, cut or left out, or is not the one that the shop expects."""
    body: dict[str, Any] = {"idempotencyKey": key}
    match how:
        case "left out":
            return body
        case "another handle":
            return body | {"ctx": ctx, "expect": {"handle": FOREIGN_HANDLE}}
        case "another campaign":
            return body | {"ctx": ctx, "expect": {"campaignId": FOREIGN_CAMPAIGN}}
        case "cut short":
            return body | {"ctx": ctx[: len(ctx) // 2]}
        case "another key":
            return body | {"ctx": _another_key(ctx)}
        case _:
            return body | {"ctx": _changed(ctx, len(ctx) // 2)}


def _changed(ctx: str, at: int) -> str:
    return ctx[:at] + ("A" if ctx[at : at + 1] != "A" else "B") + ctx[at + 1 :]


def _another_key(ctx: str) -> str:
    """The name of the key stands in clear before the first dot."""
    name, dot, rest = ctx.partition(".")
    swapped = "".join("z" if letter != "z" else "y" for letter in name)
    return f"{swapped}{dot}{rest}"
