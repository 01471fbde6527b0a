"""Who makes a request, as the guard found out, and the ways to be refused for it."""

from dataclasses import dataclass
from enum import StrEnum

from funnelproof.access.roles import Role
from funnelproof.errors import Problem


class Kind(StrEnum):
    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Caller:
    """`role` is the present one in `handle`, None without a part in it. A token's is that of its maker, `user_id`."""

    kind: Kind
    user_id: str | None = None
    token_id: str | None = None
    handle: str | None = None
    role: Role | None = None
    scopes: frozenset[str] = frozenset()
    platform_operator: bool = False

    @property
    def actor(self) -> str:
        """For audit lines and histories: `user:usr_…`, `token:tok_…` or `nobody`."""
        if self.kind is Kind.TOKEN:
            return f"token:{self.token_id}"
        return f"user:{self.user_id}" if self.kind is Kind.PERSON else "nobody"

    def is_at_least(self, role: Role) -> bool:
        return self.role is not None and self.role.reaches(role)


NOBODY = Caller(Kind.NOBODY)


class Unauthenticated(Problem):
    """Nobody can be recognised by this request."""

    kind, title = "unauthenticated", "Not signed in"


class MissingBearerToken(Unauthenticated):
    """Send a credential: `Authorization: Bearer …` with a person's JWT or a handle's token (patv1_…)."""

    code = "missing_bearer_token"


class InvalidToken(Unauthenticated):
    """The credential cannot be used. Sign in again, or make a new token."""

    code = "invalid_token"


class TokenExpired(Unauthenticated):
    """The credential has expired. Refresh the session, sign in again, or make a new token."""

    code = "token_expired"


class InsufficientRole(Problem):
    """Your role in this handle does not reach this. Ask its owner for a higher one."""

    kind, code, title = "forbidden", "insufficient_role", "Your role does not reach this"


class InsufficientScope(Problem):
    """The token lacks the scope that this needs. Make a token that has it."""

    kind, code, title = "forbidden", "insufficient_scope", "The token's scopes do not reach this"


class OperatorOnly(Problem):
    """Only platform operators may do this. Ask those who run this installation."""

    kind, code, title = "forbidden", "operator_only", "For platform operators only"


class HandleNotFound(Problem):
    """You have no part in a handle of that name. `GET /v2/handles` lists yours; its owner can add you."""

    kind, code, title = "absent", "handle_not_found", "Handle not found"
