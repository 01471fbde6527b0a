"""Writing a handle's tag policy, under the version that was read."""

from funnelproof.audit.act import Act
from funnelproof.storage.database import Transaction
from funnelproof.tags import store
from funnelproof.tags.requests import TagPolicyBody
from funnelproof.tags.store import Kept
from funnelproof.web.etag import check_if_match

UNWRITTEN = Kept(TagPolicyBody.of().kept(), 0, None)
"""What holds for a handle that has written nothing. It can be named in If-Match, as "0"."""


def policy_in_force(tx: Transaction, handle: str) -> Kept:
    return store.find(tx, handle) or UNWRITTEN


def write_policy(tx: Transaction, handle: str, body: TagPolicyBody, if_match: str | None, act: Act) -> Kept:
    """What stands already is not written again: a repeated PUT changes no version."""
    policy = body.kept()
    found = store.find(tx, handle, to_change=True)
    check_if_match(if_match, (found or UNWRITTEN).version)
    if found is None and store.add(tx, handle, policy, act):
        return Kept(policy, 1, act.at)
    present = found or store.find(tx, handle, to_change=True) or UNWRITTEN
    check_if_match(if_match, present.version)
    if present.policy == policy:
        return present
    store.replace(tx, handle, policy, present.version + 1, act)
    return Kept(policy, present.version + 1, act.at)
