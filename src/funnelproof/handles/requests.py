"""The shapes of the requests and answers about handles and their members."""

from typing import Annotated, ClassVar

from pydantic import Field

from funnelproof.access.requests import Email
from funnelproof.access.roles import Role
from funnelproof.access.store import Member
from funnelproof.handles.handle import (
    FORM,
    LONGEST_RETENTION_DAYS,
    RETENTION_DAYS,
    SHORTEST_RETENTION_DAYS,
    ConsentDefault,
    Handle,
    check_handle,
    check_time_zone,
)
from funnelproof.handles.members import Part
from funnelproof.money import check_currency
from funnelproof.web.shape import Edit, Shape, ShownMoment, View, example, left_out, rule

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Gharart"])]
NewName = Annotated[
    str, rule(check_handle), Field(json_schema_extra={"pattern": f"^{FORM.pattern}$"}, examples=["gharart"])
]
TimeZone = Annotated[str, rule(check_time_zone), Field(examples=["Europe/Berlin"])]
Currency = Annotated[str, rule(check_currency), Field(examples=["EUR"])]
RetentionDays = Annotated[int, Field(ge=SHORTEST_RETENTION_DAYS, le=LONGEST_RETENTION_DAYS, examples=[RETENTION_DAYS])]


class NewHandle(Shape):
    model_config = example({"handle": "gharart", "timeZone": "Europe/Berlin", "currency": "EUR"})

    handle: NewName
    name: Name = left_out()
    time_zone: TimeZone = "UTC"
    currency: Currency = "USD"
    consent_default: ConsentDefault = ConsentDefault.FULL
    retention_days: RetentionDays = RETENTION_DAYS


class HandleChange(Edit):
    model_config = example({"name": "Gharart", "retentionDays": 400})

    read_only: ClassVar[frozenset[str]] = frozenset({"handle", "quotaTier", "timeZoneFrom", "createdAt", "version"})

    name: Name = left_out()
    time_zone: TimeZone = left_out()
    currency: Currency = left_out()
    consent_default: ConsentDefault = left_out()
    retention_days: RetentionDays = left_out()


class HandleView(View):
    handle: Annotated[str, Field(examples=["gharart"])]
    name: Name
    time_zone: Annotated[str, Field(description="The one last set.", examples=["Europe/Berlin"])]
    time_zone_from: Annotated[
        ShownMoment, Field(description="Days are counted in it from here on: a change waits for midnight.")
    ]
    currency: Annotated[str, Field(examples=["EUR"])]
    quota_tier: Annotated[str, Field(examples=["STANDARD"])]
    consent_default: ConsentDefault
    retention_days: int
    created_at: ShownMoment
    version: int

    @classmethod
    def show(cls, handle: Handle) -> "HandleView":
        fields = {name: getattr(handle, name) for name in cls.model_fields if name != "time_zone_from"}
        return cls(**fields, time_zone_from=handle.newest_zone.from_at)


class MemberView(View):
    email: Annotated[str, Field(examples=["mara@gharart.com"])]
    role: Role
    user_id: str
    name: str
    added_at: ShownMoment

    @classmethod
    def show(cls, member: Member) -> "MemberView":
        return cls(**{name: getattr(member, name) for name in cls.model_fields})


class NewPart(Edit):
    """The members that only we set may be repeated; they are not read."""

    read_only: ClassVar[frozenset[str]] = frozenset({"userId", "name", "addedAt"})

    email: Email
    role: Role

    def part(self) -> Part:
        return Part(self.email, self.role)


class NewMembers(Edit):
    """The whole list: who is not in it has no part any more."""

    model_config = example(
        {"items": [{"email": "mara@gharart.com", "role": "OWNER"}, {"email": "jon@gharart.com", "role": "CREATOR"}]}
    )

    read_only: ClassVar[frozenset[str]] = frozenset({"nextCursor"})

    items: Annotated[list[NewPart], Field(min_length=1, max_length=1000)]
