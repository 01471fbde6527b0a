"""One link against a policy: what is wrong with its tags, and the link as it should be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from funnelproof.links.address import parts_of, read_query
from funnelproof.lint.places import Place
from funnelproof.tags.policy import Finding, TagPolicy, lint_tags


@dataclass(frozen=True, slots=True)
class LintedLink:
    """`becomes` is the link with every mend that needs no person; None if there is none."""

    source: str
    where: str
    url: str
    findings: tuple[Finding, ...]
    becomes: str | None


def lint_links(
    policy: TagPolicy, source: str, places: Iterable[Place], hosts: frozenset[str] = frozenset()
) -> Iterator[LintedLink]:
    """Hosts, if any are named, tell which links are meant: a mail also leads to where one unsubscribes."""
    for place in places:
        try:
            parts = urlsplit(place.url)
            host = (parts.hostname or "").lower()
        except ValueError:
            continue
        if hosts and host not in hosts:
            continue
        findings = tuple(lint_tags(policy, _tags(policy, parts.query)))
        yield LintedLink(source, place.where, place.url, findings, _mended(parts, findings))


def _tags(policy: TagPolicy, query: str) -> Mapping[str, str]:
    """Of the query, what the policy speaks of, and everything that begins as a tag does."""
    named = {*policy.required, *policy.tags, *(name for own in policy.channels.values() for name in own)}
    return {name: value for name, value in read_query(query).items() if name in named or name.startswith("utm_")}


def _mended(parts: SplitResult, findings: tuple[Finding, ...]) -> str | None:
    mends = {finding.tag: finding.becomes for finding in findings if finding.becomes is not None}
    if not mends:
        return None
    query = [_with_mend(part, mends) for part in parts_of(parts.query) if part]
    query += [f"{quote(name)}={quote(value)}" for name, value in mends.items()]
    return urlunsplit(parts._replace(query="&".join(query)))


def _with_mend(part: str, mends: dict[str, str]) -> str:
    """Takes from `mends` what it uses, so that what is left has to be added. Of a repeated name the first counts."""
    name = next(iter(read_query(part)), "")
    value = mends.pop(name, None)
    return part if value is None else f"{quote(name)}={quote(value)}"
