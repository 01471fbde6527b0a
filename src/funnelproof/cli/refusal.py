"""What a command says when it cannot do what was asked: one sentence with the fix, or one JSON object."""

import json
from dataclasses import dataclass, field
from typing import Any

import typer
from typer.exceptions import TyperException

from funnelproof.errors import Problem

OWN_WORDS = {
    "WrongSecret": "wrong_secret",
    "MissingSecret": "missing_secret",
    "NotDurable": "not_durable",
    "UnknownSetting": "unknown_setting",
    "BeingWritten": "being_written",
    "NoSpace": "no_space",
    "FileThere": "file_exists",
    "NoSchema": "not_initialised",
    "NotABackup": "not_a_backup",
    "DamagedBackup": "damaged_backup",
    "NewerSchema": "newer_schema",
    "NotEmpty": "not_empty",
    "ServerRunning": "server_running",
}
"""Exceptions whose text is meant for the operator, and the code under which scripts know them."""
SEVERAL = 2


class Refused(Exception):  # noqa: N818 - shown as it is
    """A command that cannot be done as things stand. The text is the sentence shown."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    sentence: str
    more: dict[str, Any] = field(default_factory=dict)


def say(refusal: Refusal, *, as_json: bool) -> None:
    """The sentence goes to stderr. With --json the object goes to stdout, where scripts read."""
    if as_json:
        typer.echo(json.dumps({"error": refusal.code, "message": refusal.sentence, **refusal.more}))
        return
    faults = refusal.more.get("errors", [])
    if len(faults) < SEVERAL:
        typer.echo(f"Error: {refusal.sentence}", err=True)
        return
    typer.echo(f"Error: {len(faults)} things are wrong:", err=True)
    for fault in faults:
        typer.echo(f"  {fault['pointer'].lstrip('/')}: {fault['detail']}", err=True)


def explain(error: Exception) -> Refusal | None:
    """None for what nobody foresaw: that is a fault of ours, and its traceback helps."""
    if isinstance(error, Refused):
        return Refusal(error.code, str(error))
    if isinstance(error, Problem):
        faults = [{"pointer": fault.pointer, "code": fault.code, "detail": fault.detail} for fault in error.faults]
        return Refusal(error.code, error.detail, error.extra | ({"errors": faults} if faults else {}))
    if isinstance(error, OSError):
        return Refusal("not_accessible", _about_file(error))
    if isinstance(error, typer.Abort):
        return Refusal("aborted", "Nothing was entered, and nothing was done.")
    if isinstance(error, TyperException) and hasattr(error, "format_message"):
        return Refusal("usage", f"{error.format_message().rstrip('.')}. Add --help to see how it is used.")
    return _explain_other(error)


def _explain_other(error: Exception) -> Refusal | None:
    """Told by name, so that an error does not load what its command did without."""
    name = type(error).__name__
    if name in OWN_WORDS:
        return Refusal(OWN_WORDS[name], str(error))
    if name == "ValidationError" and hasattr(error, "errors"):
        return Refusal("invalid_setting", _about_settings(error))
    if type(error).__module__.startswith(("sqlalchemy", "psycopg")):
        first_line = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        return Refusal("storage_not_reachable", f"The database cannot be used: {first_line}. Ask `funnelproof doctor`.")
    return None


def _about_file(error: OSError) -> str:
    about = f"{error.filename}: " if error.filename else ""
    return f"{about}{error.strerror or error}. Check the path, and who may read and write it."


def _about_settings(error: Any) -> str:
    from funnelproof.settings import variable

    faults = [
        f"{variable(str(fault['loc'][0]))}: {fault['msg'].removeprefix('Value error, ').rstrip('.')}"
        for fault in error.errors()
        if fault["loc"]
    ]
    return "; ".join(faults) + ". `funnelproof settings` describes each."
