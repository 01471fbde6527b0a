"""The shapes of the requests and answers about sessions and tokens."""

from typing import Annotated, Any

from pydantic import Field

from funnelproof.access.accounts import check_email
from funnelproof.access.passwords import LONGEST, check_password
from funnelproof.access.roles import SCOPES, WILDCARDS, Role, check_scope
from funnelproof.access.store import AccessToken, User
from funnelproof.web.shape import Moment, Shape, ShownMoment, View, example, rule

Email = Annotated[str, Field(max_length=254, examples=["mara@gharart.com"]), rule(check_email)]
NewPassword = Annotated[str, rule(check_password), Field(examples=["correct horse battery staple"])]
Name = Annotated[str, Field(max_length=100, examples=["Mara Lindqvist"])]
Scope = Annotated[str, rule(check_scope), Field(json_schema_extra={"enum": [*SCOPES, *WILDCARDS]})]


class NewAccount(Shape):
    model_config = example(
        {"email": "mara@gharart.com", "password": "correct horse battery staple", "name": "Mara Lindqvist"}
    )

    email: Email
    password: NewPassword
    name: Name = ""


class Accepted(View):
    """The same whether or not the address had an account already."""

    status: Annotated[str, Field(examples=["ACCEPTED"])] = "ACCEPTED"


class SignIn(Shape):
    model_config = example({"email": "mara@gharart.com", "password": "correct horse battery staple"})

    email: Annotated[str, Field(max_length=254, examples=["mara@gharart.com"])]
    password: Annotated[str, Field(max_length=LONGEST, examples=["correct horse battery staple"])]


class RefreshToken(Shape):
    model_config = example({"refreshToken": "the newest one of the session"})

    refresh_token: Annotated[str, Field(max_length=200, description="The newest one of the session.")]


class SessionView(View):
    access_token: Annotated[str, Field(description="A JWT, for `Authorization: Bearer`.")]
    token_type: str = "Bearer"  # noqa: S105 - a word, not a secret
    expires_in: Annotated[int, Field(description="Seconds until the JWT expires.", examples=[900])]
    refresh_token: Annotated[str, Field(description="Good for one use; the answer to it holds the next one.")]
    refresh_expires_at: ShownMoment


class PartView(View):
    handle: Annotated[str, Field(examples=["gharart"])]
    role: Role


class MeView(View):
    """Who is signed in, and where they have a part."""

    user_id: str
    email: str
    name: str
    platform_operator: bool
    handles: list[PartView]

    @classmethod
    def show(cls, user: User, parts: list[tuple[str, Role]]) -> "MeView":
        return cls(
            user_id=user.user_id,
            email=user.email,
            name=user.name,
            platform_operator=user.platform_operator,
            handles=[PartView(handle=handle, role=role) for handle, role in parts],
        )


class NewToken(Shape):
    model_config = example({"name": "CI of the shop", "scopes": ["campaigns.*", "conversions.write"]})

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["CI of the shop"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=40, examples=[["campaigns.*", "conversions.write"]])]
    expires_at: Moment | None = None


class TokenView(View):
    token_id: str
    name: str
    scopes: list[str]
    made_by: Annotated[str, Field(description="User id of the maker, whose present role limits the token.")]
    created_at: ShownMoment
    expires_at: ShownMoment | None
    last_used_at: Annotated[ShownMoment | None, Field(description="To the minute.")]
    revoked_at: ShownMoment | None
    revoked_by: str | None

    @classmethod
    def show(cls, token: AccessToken) -> "TokenView":
        return cls(**_shown(token))


class MadeToken(TokenView):
    token: Annotated[str, Field(description="Shown this once. Keep it where secrets are kept.")]

    @classmethod
    def show_once(cls, token: AccessToken, text: str) -> "MadeToken":
        return cls(**_shown(token), token=text)


def _shown(token: AccessToken) -> dict[str, Any]:
    return {name: getattr(token, name) for name in TokenView.model_fields}
