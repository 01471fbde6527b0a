"""What can be told to whom: a report to support, an escalation among operators, a report of abuse by anybody."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from funnelproof.clock import Micros
from funnelproof.errors import NotFound, Problem

SUPPORT, ESCALATIONS, ABUSE = "/v2/support/report", "/v2/operator/escalations", "/v2/public/content-report"


class WrongRoute(Problem):
    """This is told elsewhere; `route` says where."""

    kind, code, title = "unprocessable", "wrong_route", "This is told elsewhere"


class NoSuchReport(NotFound):
    """There is no report of this id among those that you may read: your own, and those of handles you operate."""


class AlreadySettled(Problem):
    """Somebody has settled this before. Read it again; a new report opens the matter again."""

    kind, code, title = "conflict", "already_settled", "This is settled already"


class Status(StrEnum):
    OPEN = "OPEN"
    SETTLED = "SETTLED"


class About(StrEnum):
    """What a report is about; the last two belong to other routes."""

    INCIDENT = "INCIDENT"
    QUESTION = "QUESTION"
    ABUSE = "ABUSE"
    ESCALATION = "ESCALATION"


class Urgency(StrEnum):
    LOW = "LOW"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Category(StrEnum):
    """Why a public page or link should not be there; the last belongs to support."""

    FRAUD = "FRAUD"
    MALWARE = "MALWARE"
    ILLEGAL = "ILLEGAL"
    SPAM = "SPAM"
    PRIVACY = "PRIVACY"
    OTHER = "OTHER"
    PRODUCT_INCIDENT = "PRODUCT_INCIDENT"


class Verdict(StrEnum):
    """What becomes of a reported page or link. RESTORE undoes a takedown."""

    KEEP = "KEEP"
    TAKE_DOWN = "TAKE_DOWN"
    RESTORE = "RESTORE"


class Subject(StrEnum):
    LINK = "LINK"
    PAGE = "PAGE"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How something ended, by whom and when."""

    status: str = Status.OPEN.value
    note: str | None = None
    settled_by: str | None = None
    settled_at: Micros | None = None


@dataclass(frozen=True, slots=True)
class SupportReport:
    """`artifacts`: `{kind, id, found}` and, of what was found, where (`handle`)."""

    report_id: str
    sender: str
    handle: str | None
    summary: str
    details: str
    artifacts: tuple[dict[str, Any], ...]
    sent_at: Micros
    request_id: str
    settlement: Settlement = field(default_factory=Settlement)


@dataclass(frozen=True, slots=True)
class Escalation:
    escalation_id: str
    sender: str
    report_id: str | None
    urgency: Urgency
    summary: str
    details: str
    sent_at: Micros
    request_id: str
    settlement: Settlement = field(default_factory=Settlement)


@dataclass(frozen=True, slots=True)
class ContentReport:
    """`subject` and `name` (slug of a link, campaign of a page) are None where the address leads to nothing of ours."""

    report_id: str
    url: str
    category: Category
    details: str
    contact: str | None
    handle: str | None
    subject: Subject | None
    name: str | None
    sent_at: Micros
    request_id: str
    settlement: Settlement = field(default_factory=Settlement)


def check_belongs_here(about: About) -> None:
    """A support report takes incidents and questions."""
    if about is About.ABUSE:
        raise WrongRoute(f"Abuse of a public page or link is reported by anybody at POST {ABUSE}.", route=ABUSE)
    if about is About.ESCALATION:
        raise WrongRoute(
            f"Escalations are made by platform operators at POST {ESCALATIONS}; report the incident here as INCIDENT.",
            route=ESCALATIONS,
        )


def check_is_abuse(category: Category) -> None:
    if category is Category.PRODUCT_INCIDENT:
        raise WrongRoute(f"Something that does not work is reported, signed in, at POST {SUPPORT}.", route=SUPPORT)
