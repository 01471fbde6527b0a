"""`funnelproof tags lint`: links in mails, pages and ads, held against a tag policy before anybody clicks them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import JsonOption
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.lint.links import LintedLink
    from funnelproof.tags.policy import TagPolicy

MOST_BYTES = 50 * 1024 * 1024
app = typer.Typer(help="Tags of links and ads.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Tags of links and ads."""


@app.command()
def lint(
    sources: Annotated[list[str], typer.Argument(help="Links, or files: .html, .eml, .csv, .tsv, other text.")],
    policy: Annotated[Path | None, typer.Option(help="A policy, YAML or JSON.", show_default=False)] = None,
    handle: Annotated[str, typer.Option(help="Take the policy of this handle, from --url with --token.")] = "",
    campaign: Annotated[str, typer.Option(help="Take the policy of this campaign of the handle, if it has one.")] = "",
    url: Annotated[str, typer.Option(help="Address of the server.", show_default=False)] = "",
    token: Annotated[str, typer.Option(help="A token with campaigns.read; - reads it from standard input.")] = "",
    host: Annotated[list[str] | None, typer.Option(help="Look at links to this host only; once for each.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is wrong with the tags of links, and how to mend it. 0: nothing; 1: something; 2: could not look."""
    if policy is not None and (handle or campaign):
        raise Refused("usage", "Name one policy: --policy FILE, or --handle HANDLE with --url and --token.")
    if campaign and not handle:
        raise Refused("usage", "--campaign needs --handle HANDLE, --url and --token.")
    asked = _policy_of_server(handle, campaign, url, token) if handle else _policy_of_file(policy)
    found = _linted(asked, sources, frozenset(name.lower() for name in host or ()))
    if not found:
        raise Refused("no_links", "No link was found there, so nothing was looked at. Check the files and --host.")
    wrong = [link for link in found if link.findings]
    if as_json:
        typer.echo(json.dumps({"ok": not wrong, "links": len(found), "wrong": [_told(link) for link in wrong]}))
    else:
        _say(found, wrong)
    if wrong:
        raise typer.Exit(1)


def _policy_of_file(file: Path | None) -> "TagPolicy":
    from funnelproof.plans.faults import UnusablePlan
    from funnelproof.plans.positions import read_yaml
    from funnelproof.tags.policy import TagPolicy

    if file is None:
        return TagPolicy()
    try:
        return _checked(read_yaml(file.read_bytes(), str(file)).data, str(file))
    except UnusablePlan as error:
        raise Refused("unusable_policy", str(error)) from None


def _checked(told: Any, where: str) -> "TagPolicy":
    from pydantic import ValidationError

    from funnelproof.tags.requests import TagPolicyBody, policy_of

    try:
        return policy_of(TagPolicyBody.model_validate(told))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'policy'}: {fault['msg']}" for fault in error.errors()]
        raise Refused("unusable_policy", f"{where} is no tag policy: {'; '.join(faults)}") from None


def _policy_of_server(handle: str, campaign: str, url: str, token: str) -> "TagPolicy":
    from funnelproof.cli.remote import Server

    with Server(url, token) as server:
        if campaign:
            own = server.get(f"/v2/handles/{handle}/campaigns/{campaign}").get("tagPolicy")
            if own is not None:
                return _checked(own, f"The policy of {campaign}")
        told = server.get(f"/v2/handles/{handle}/tag-policy")
    return _checked({name: own for name, own in told.items() if name not in ("version", "updatedAt")}, "The policy")


def _linted(policy: "TagPolicy", sources: Sequence[str], hosts: frozenset[str]) -> "list[LintedLink]":
    from funnelproof.lint.links import lint_links
    from funnelproof.lint.places import Place, places_in

    found: list[LintedLink] = []
    for source in sources:
        if source.lower().startswith(("http://", "https://")):
            found += lint_links(policy, "link", [Place("", source)], hosts)
            continue
        file = Path(source)
        if file.stat().st_size > MOST_BYTES:
            raise Refused("too_large", f"{file} is larger than {MOST_BYTES // 2**20} MiB; split it.")
        found += lint_links(policy, file.name, places_in(file.name, file.read_bytes()), hosts)
    return found


def _told(link: "LintedLink") -> Mapping[str, Any]:
    findings = [
        {"tag": own.tag, "code": own.breach.value, "detail": own.detail, "fix": own.fix} for own in link.findings
    ]
    return {"source": link.source, "where": link.where, "url": link.url, "findings": findings, "becomes": link.becomes}


def _say(found: "Sequence[LintedLink]", wrong: "Sequence[LintedLink]") -> None:
    from funnelproof.cli.table import show, table

    for link in wrong:
        rows = [(own.tag, own.detail, own.fix) for own in link.findings]
        title = ", ".join(part for part in (link.source, link.where) if part)
        show(table(f"{title}\n{link.url}", ("tag", "what is wrong", "mend"), rows))
        if link.becomes is not None:
            typer.echo(f"  {link.becomes}\n")
    typer.echo(f"{len(found) - len(wrong)} of {len(found)} links are in order.")
