"""What a bundle holds of a run: its receipt without secrets, what it tested, and three ways to do it again."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from jinja2 import Environment, PackageLoader

from funnelproof.bundles.pack import FORMAT, TEST
from funnelproof.money import decimal_text
from funnelproof.pages.page import Published
from funnelproof.proofs.digest import Configuration
from funnelproof.proofs.requests import ReceiptView
from funnelproof.proofs.summary import WHY_SKIPPED

SECRET = ("ctx",)
"""Of a variant's receipt: a ctx is signed by the installation it came from."""
ALIKE = (
    *("goalType", "eventType", "currency", "countingRule", "maxPerClick", "trustedConversions"),
    *("attributionWindowDays", "decisionWindowDays", "ctxTtlSeconds", "detailsPageSlug"),
)
"""What a campaign's JSON and its configuration call by one name."""
AGAIN = ("plan.yaml", "requests.sh", TEST)
"""Three ways to do it once more."""
TEMPLATES = Environment(
    loader=PackageLoader("funnelproof.bundles"),
    autoescape=False,  # noqa: S701 - plain text: Markdown, shell, Python, YAML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
)
TEMPLATES.filters["json"] = lambda value: json.dumps(value, ensure_ascii=True)
TEMPLATES.filters["python"] = repr


class Made(StrEnum):
    """How a run was made, which decides how it is made again."""

    TEST_CONVERSION = "test conversion"
    PLAN = "plan"
    BY_HAND = "requests of one's own"
    GIVEN_CTX = "a ctx that was given"


def files_of(
    receipt: ReceiptView,
    configuration: Configuration,
    *,
    handle: str,
    version: str,
    page: Published | None,
    plan: str | None = None,
) -> dict[str, str]:
    """`plan` is the text of the plan that performed the run, if one did."""
    told = redacted(receipt.wire())
    made = how_made(told, plan)
    about = {
        "format": FORMAT,
        "madeBy": f"funnelproof {version}",
        "handle": handle,
        "campaignId": receipt.campaign_id,
        "runId": receipt.run_id,
        "seed": receipt.seed,
        "fingerprint": receipt.fingerprint,
        "verdict": told["verdict"],
        "made": made.value,
        "configDigest": receipt.config_digest,
        "conversion": conversion_of(told, configuration),
        "requestIds": request_ids(told),
    }
    campaign = campaign_of(receipt.campaign_id, configuration)
    again = AGAIN if made in (Made.TEST_CONVERSION, Made.PLAN) else ()
    rendered = {name: _rendered(name, about, campaign) for name in ("README.md", *again)}
    rendered |= {"plan.yaml": plan} if plan is not None else {}
    plain = {"bundle.json": about, "configuration.json": configuration, "receipt.json": told}
    if page is not None:
        content = page.content.plain()
        names = ("title", "slug", "access_mode", "structure_type", "document")
        plain["page.json"] = dict(
            zip(
                ("title", "slug", "accessMode", "structureType", "document"),
                (content[name] for name in names),
                strict=True,
            )
        )
    return rendered | {name: json.dumps(value, indent=2, sort_keys=True) + "\n" for name, value in plain.items()}


def how_made(receipt: Mapping[str, Any], plan: str | None) -> Made:
    """As its steps tell: a run made step by step has no first one."""
    if plan is not None:
        return Made.PLAN
    steps = {step["id"]: step for variant in receipt["variants"] for step in variant["steps"]}
    if "ctx_valid" in steps:
        return Made.GIVEN_CTX
    first = steps.get("link_resolves")
    return Made.BY_HAND if first is None or first["observed"] == WHY_SKIPPED else Made.TEST_CONVERSION


def redacted(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Who ran it is told as a kind only; a ctx is not told at all."""
    variants = [{name: value for name, value in own.items() if name not in SECRET} for own in receipt["variants"]]
    return {**receipt, "variants": variants, "startedBy": str(receipt["startedBy"]).partition(":")[0]}


def request_ids(receipt: Mapping[str, Any]) -> list[str]:
    """By which the logs and traces of the installation know this run."""
    steps = [step for variant in receipt["variants"] for step in variant["steps"]]
    own = [step["evidence"].get("requestId") for step in steps]
    return list(dict.fromkeys(name for name in (receipt["requestId"], *own) if name))


def conversion_of(receipt: Mapping[str, Any], configuration: Configuration) -> dict[str, Any]:
    """What the test conversion was asked: the order as its first step says, and the variant if it was one of several.

    Empty where no order was sent.
    """
    for variant in receipt["variants"]:
        for step in variant["steps"]:
            if step["id"] == "conversion_recorded" and isinstance(step["expected"], dict):
                told = {name: step["expected"].get(name) for name in ("value", "currency", "eventType")}
                return told | {"variantId": _only_one(receipt, configuration)}
    return {}


def _only_one(receipt: Mapping[str, Any], configuration: Configuration) -> str | None:
    """The variant that was tested, where others could have been."""
    tested = [own["variantId"] for own in receipt["variants"]]
    possible = [own for own in configuration["variants"].values() if own["hasWeight"]]
    return tested[0] if len(tested) == 1 and len(possible) > 1 else None


def campaign_of(campaign_id: str, configuration: Configuration) -> dict[str, Any]:
    """A request that makes such a campaign: as `POST …/campaigns` takes it, as a draft."""
    link = configuration["primaryLink"] or {}
    body: dict[str, Any] = {"campaignId": campaign_id, "name": f"Replay of {campaign_id}"[:100], "status": "DRAFT"}
    body |= {name: configuration[name] for name in ALIKE if configuration.get(name) is not None}
    if configuration.get("maxValueMinor") is not None:
        body["maxValue"] = decimal_text(configuration["maxValueMinor"], configuration["currency"])
    required = (configuration.get("tagPolicy") or {}).get("required")
    if required is not None:
        body["tagPolicy"] = {"required": required}
    if link:
        body["primaryLink"] = {"slug": link["slug"], "destinationUrl": link["destinationUrl"]}
    body["variants"] = [
        {
            "variantId": variant_id,
            "weight": 50 if own["hasWeight"] else 0,
            "control": own["control"],
            "destinationUrl": own["destinationUrl"],
        }
        for variant_id, own in sorted(configuration["variants"].items(), key=lambda item: item[1]["number"])
    ]
    return body


def link_of(campaign_id: str, configuration: Configuration) -> dict[str, Any]:
    """The primary link whole, as `PUT …/links/{slug}` takes it. A password is not known, and not asked for in runs."""
    link = configuration["primaryLink"]
    policy = {"mode": link["mode"], "appendContextParam": link["appendContextParam"]}
    same = ("destinationUrl", "redirectType", "enabled", "scheduledStartAt", "scheduledEndAt", "expiresAt", "maxClicks")
    body = {name: link[name] for name in same} | {"campaignId": campaign_id, "trackingPolicy": policy}
    tracking = {camel(name): value for name, value in link["tracking"].items()}
    rules = [
        {**rule, "when": {camel(name): own for name, own in rule["when"].items()}} for rule in link["routingRules"]
    ]
    return body | {"tracking": tracking, "routingRules": rules}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def asked_again(about: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the test conversion."""
    return {"seed": about["seed"], **{name: own for name, own in about["conversion"].items() if own is not None}}


def _rendered(name: str, about: Mapping[str, Any], campaign: Mapping[str, Any]) -> str:
    one = about["conversion"].get("variantId")
    variants = [one] if one else [own["variantId"] for own in campaign["variants"] if own["weight"]] or [None]
    return TEMPLATES.get_template(name + ".jinja").render(
        bundle=about,
        campaign=campaign,
        variants=variants,
        order=about["conversion"],
        asked=asked_again(about),
        is_plan=about["made"] == Made.PLAN,
        is_again=about["made"] in (Made.PLAN, Made.TEST_CONVERSION),
    )
