"""Strong ETags made of a version number, and the check of If-Match (RFC 9110, 13.1.1)."""

import re

from funnelproof.errors import Problem

TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')


class PreconditionFailed(Problem):
    """It has changed since you read it. Read it again, apply your change to that, and send it with the new ETag."""

    kind, code, title = "precondition_failed", "precondition_failed", "It has changed meanwhile"


class PreconditionRequired(Problem):
    """Something stands here already. Read it, and send its ETag as If-Match: so nobody overwrites what is unseen."""

    kind, code, title = "precondition_required", "precondition_required", "Say which version you have read"


def etag_of(version: int) -> str:
    return f'"{version}"'


def check_if_match(if_match: str | None, version: int | None) -> None:
    """`version` is the one that stands, None if nothing does. No If-Match header asks nothing."""
    if if_match is None:
        return
    if version is None:
        raise PreconditionFailed(
            "If-Match names a version, and nothing stands at this address yet. Leave If-Match out."
        )
    if if_match.strip() != "*" and str(version) not in _strong_tags(if_match):
        raise PreconditionFailed(etag=etag_of(version))


def _strong_tags(if_match: str) -> set[str]:
    found = (TAG.fullmatch(part) for part in if_match.split(","))
    return {match[2] for match in found if match and not match[1]}
