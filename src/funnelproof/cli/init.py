"""`funnelproof init`: schema, keys, the first user and the first handle."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funnelproof.cli.home import DataOption, JsonOption, has_database, opened

if TYPE_CHECKING:
    from funnelproof.errors import Fault
    from funnelproof.installation import Installation
    from funnelproof.storage.database import Transaction


def init(
    handle: Annotated[str, typer.Option(help="Public name under which campaigns and links live.")],
    email: Annotated[str, typer.Option(help="Of the first user: platform operator, OWNER of the handle.")],
    data: DataOption = None,
    password: Annotated[
        str | None,
        typer.Option(help="10 characters or more. Left out: asked on a terminal, else read from standard input."),
    ] = None,
    name: Annotated[str, typer.Option(help="The user's own name.")] = "",
    time_zone: Annotated[str, typer.Option(help="IANA zone in which the handle's days begin and end.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "USD",
    as_json: JsonOption = False,
) -> None:
    """Set up a data folder: database, keys, the first user and its handle. A second time changes nothing."""
    wanted = {"handle": handle, "email": email, "name": name, "time_zone": time_zone, "currency": currency}
    password = _checked(wanted, password, needed=not _somebody_is_there(data))
    with opened(data) as home:
        owner = _present_owner(home, handle, email)
        answer = {"created": owner is None, **(owner or make(home, password, wanted))}
        _say(answer, str(home.settings.data), as_json=as_json)


def _somebody_is_there(data: Path | None) -> bool:
    """Looks only: no folder, no file and no table is made."""
    from funnelproof.access import store
    from funnelproof.settings import read_settings
    from funnelproof.storage.database import Transaction
    from funnelproof.storage.engines import engines_of
    from funnelproof.storage.migrate import revision

    settings = read_settings(data=data)
    if not has_database(settings):
        return False
    engines = engines_of(settings)
    try:
        with engines.reading.connect() as connection, connection.begin():
            return revision(connection) is not None and store.any_user(Transaction(connection))
    finally:
        engines.close()


def _checked(wanted: dict[str, str], password: str | None, *, needed: bool) -> str:
    """The password, which is asked for where it is needed. All that is wrong is told at once, before anything is made.

    Nobody at a terminal is asked for a password when the rest is refused anyway.
    """
    from funnelproof.access.passwords import check_password
    from funnelproof.errors import invalid_payload

    faults = _faults_of(wanted)
    if password is None and needed and not (faults and sys.stdin.isatty()):
        password = _asked()
        origin = "" if sys.stdin.isatty() else " It was read from standard input, as --password was not given."
        faults += [replace(fault, detail=fault.detail + origin) for fault in _faults(check_password, password)]
    elif password is not None:
        faults += _faults(check_password, password)
    if faults:
        raise invalid_payload(faults)
    return password or ""


def _faults_of(wanted: dict[str, str]) -> "list[Fault]":
    from funnelproof.access.accounts import check_email
    from funnelproof.handles.handle import check_handle, check_time_zone
    from funnelproof.money import check_currency

    checks = {"handle": check_handle, "email": check_email, "time_zone": check_time_zone, "currency": check_currency}
    return [fault for name, check in checks.items() for fault in _faults(check, wanted[name])]


def _faults(check: Callable[[str], object], value: str) -> "list[Fault]":
    from funnelproof.errors import Problem

    try:
        check(value)
    except Problem as problem:
        return list(problem.faults)
    return []


def _present_owner(home: "Installation", handle: str, email: str) -> dict[str, Any] | None:
    """The first user if this was done before; other people's installations are refused."""
    from funnelproof.access import store
    from funnelproof.access.accounts import check_email
    from funnelproof.cli.refusal import Refused

    address = check_email(email)
    user = home.database.read_now(lambda tx: store.user_by_email(tx, address))
    if user is None:
        if home.database.read_now(store.any_user):
            raise Refused("initialised", f"{home.settings.data} has its first user already, and it is not {address}.")
        return None
    role = home.database.read_now(lambda tx: store.role_in(tx, handle, user.user_id))
    if role is None:
        raise Refused("initialised", f"{address} has an account here, but no part in the handle {handle!r}.")
    return {"handle": handle, "email": user.email, "userId": user.user_id}


def make(home: "Installation", password: str, wanted: dict[str, str]) -> dict[str, Any]:
    """Keys, user and handle in one transaction. `wanted`: handle, email, name, time_zone, currency."""
    from funnelproof.access.passwords import check_password, hash_now

    password_hash = hash_now(check_password(password))
    return home.database.write_now(lambda tx: _first_rows(tx, home, password_hash, wanted))


def _first_rows(tx: "Transaction", home: "Installation", password_hash: str, wanted: dict[str, str]) -> dict[str, Any]:
    from funnelproof.access import accounts
    from funnelproof.handles import settle
    from funnelproof.keys.ring import make_first_keys

    now = home.clock.now()
    make_first_keys(tx, home.seal, now)
    user = accounts.make_account(
        tx, email=wanted["email"], password_hash=password_hash, name=wanted["name"], platform_operator=True, now=now
    )
    settle.create(
        tx,
        handle=wanted["handle"],
        owner_id=user.user_id,
        now=now,
        time_zone=wanted["time_zone"],
        currency=wanted["currency"],
    )
    return {"handle": wanted["handle"], "email": user.email, "userId": user.user_id}


def _asked() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password (10 characters or more)", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _say(answer: dict[str, Any], data: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**answer, "data": data}))
    elif answer["created"]:
        typer.echo(f"Made {answer['email']} platform operator and OWNER of {answer['handle']}, in {data}.")
        typer.echo(f"Next: funnelproof serve --data {data}")
    else:
        typer.echo(
            f"{data} is set up already: {answer['email']} has the handle {answer['handle']}. Nothing was changed."
        )
