"""Whether a caller may make a call: the rows of the table, applied. Also how each row reads in the OpenAPI document."""

from typing import Any

from funnelproof.access.audience import TABLE, Rule, Who
from funnelproof.access.caller import (
    Caller,
    HandleNotFound,
    InsufficientRole,
    InsufficientScope,
    InvalidToken,
    Kind,
    MissingBearerToken,
    OperatorOnly,
    TokenExpired,
)
from funnelproof.access.roles import grants
from funnelproof.errors import Problem
from funnelproof.settings import Signup
from funnelproof.web.openapi import add_refusal
from funnelproof.web.problems import STATUSES

FOR_TOKENS = frozenset({Who.TOKEN, Who.TOKEN_OR_NOBODY})
FOR_NOBODY = frozenset({Who.ANYONE, Who.TOKEN_OR_NOBODY})


FOR_OTHERS = "This is for platform operators. Incidents are reported at POST /v2/support/report."


def check_may(rule: Rule, caller: Caller, *, signup: Signup) -> None:
    """Raises what the caller is told: 401 before 404 before 403, so that no stranger learns what there is."""
    if caller.kind is Kind.NOBODY:
        if rule.who not in FOR_NOBODY:
            raise MissingBearerToken
        return
    if rule.who in FOR_TOKENS and caller.kind is Kind.PERSON:
        raise InvalidToken(
            "This address takes a token of the handle (patv1_…), not a person's JWT; that opens /v2/handles/… instead."
        )
    if caller.handle is not None and caller.role is None:
        raise HandleNotFound
    _check_platform(rule, caller, signup)
    _check_token_kind(rule, caller)
    _check_role(rule, caller)
    _check_scope(rule, caller)


def _check_platform(rule: Rule, caller: Caller, signup: Signup) -> None:
    if rule.who is Who.PLATFORM_OPERATOR and not caller.platform_operator:
        raise OperatorOnly(FOR_OTHERS)
    is_shut = rule.who is Who.PERSON_IF_OPEN and caller.kind is Kind.PERSON and signup is not Signup.OPEN
    if is_shut and not caller.platform_operator:
        raise OperatorOnly("While sign-up is not open, only platform operators make handles. Ask one of yours.")


def _check_token_kind(rule: Rule, caller: Caller) -> None:
    if rule.jwt_only and caller.kind is Kind.TOKEN:
        raise InsufficientScope("No scope opens this to tokens: a person must do it, signed in with a JWT.")


def _check_role(rule: Rule, caller: Caller) -> None:
    if rule.role is None or caller.is_at_least(rule.role):
        return
    whose = "The token's maker has" if caller.kind is Kind.TOKEN else "You have"
    raise InsufficientRole(
        f"This needs the role {rule.role}. {whose} {caller.role} in {caller.handle}; ask its owner for {rule.role}.",
        neededRole=rule.role,
        role=caller.role,
    )


def _check_scope(rule: Rule, caller: Caller) -> None:
    if caller.kind is Kind.TOKEN and rule.scope is not None and not grants(caller.scopes, rule.scope):
        raise InsufficientScope(
            f"This needs the scope {rule.scope}, which the token does not have. Make a token with it.",
            neededScope=rule.scope,
            scopes=sorted(caller.scopes),
        )


def describe(method: str, path: str, operation: dict[str, Any]) -> None:
    """Tell the OpenAPI document who may call, and how the others are refused."""
    match = TABLE.find(path)
    rule = match.rules.get(method) if match else None
    if rule is None:
        return
    operation["security"] = _security(rule)
    operation["x-audience"] = {"who": rule.who, "role": rule.role, "scope": rule.scope}
    operation["description"] = f"{operation.get('description', '')}\n\n{_sentence(rule)}".strip()
    for problem in _refusals(rule):
        add_refusal(operation["responses"], STATUSES[problem.kind], problem.code, problem.__doc__ or "")


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    ways: list[dict[str, list[str]]] = [{}] if rule.who in FOR_NOBODY else []
    if rule.who is Who.ANYONE:
        return ways
    if rule.who not in FOR_TOKENS:
        ways.append({"person": []})
    if not rule.jwt_only and rule.who is not Who.PLATFORM_OPERATOR:
        ways += [{"token": []}, {"apiKey": []}]
    return ways


def _sentence(rule: Rule) -> str:
    role = f" with the role {rule.role} or above" if rule.role else ""
    scope = f"; a token needs the scope `{rule.scope}`" if rule.scope else ""
    return f"May be called by: {rule.who}{role}{scope}{'; by JWT only' if rule.jwt_only else ''}."


def _refusals(rule: Rule) -> list[type[Problem]]:
    found: list[type[Problem]] = [InvalidToken, TokenExpired]
    if rule.who not in FOR_NOBODY:
        found.append(MissingBearerToken)
    if "{handle}" in rule.path:
        found.append(HandleNotFound)
    if rule.role is not None:
        found.append(InsufficientRole)
    if rule.scope is not None or rule.jwt_only:
        found.append(InsufficientScope)
    if rule.who in {Who.PLATFORM_OPERATOR, Who.PERSON_IF_OPEN}:
        found.append(OperatorOnly)
    return found
