"""The checks, in the order in which one rests on another. Each answers what it found and what to do about it."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from funnelproof.cli.home import init_command
from funnelproof.settings import Settings, UnknownSetting, read_settings

OLDEST_PYTHON = (3, 11)
SPARE_BYTES = 512 * 1024 * 1024
EARLIEST = 1_767_225_600  # 2026-01-01: no release of Funnelproof is older
SECRET_FILE, DATABASE_FILE = "secret.key", "funnelproof.db"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    ok: bool
    found: str
    remedy: str = ""


def examine(data: Path | None) -> list[Finding]:
    """What cannot be looked at because something before it failed is left out."""
    from pydantic import ValidationError

    from funnelproof.cli.refusal import explain

    findings = [_python(), _clock()]
    try:
        settings = read_settings(data=data)
    except (UnknownSetting, ValidationError) as error:
        refusal = explain(error)
        told = refusal.sentence if refusal else str(error)
        return [*findings, Finding("settings", False, told, "Mend or unset this variable.")]
    findings.append(Finding("settings", True, "every FUNNELPROOF_ variable is known and well formed"))
    return [*findings, *_of_folder(settings), *_of_database(settings)]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Finding("python", sys.version_info >= OLDEST_PYTHON, version, f"Install Python {wanted} or later.")


def _clock() -> Finding:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    return Finding("clock", now > EARLIEST, shown, "Set the machine's clock; run an NTP client.")


def _of_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if not folder.is_dir():
        yield Finding("folder", False, f"{folder} is not there", f"{init_command(settings)}")
        return
    allowed = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    yield Finding("folder", allowed, str(folder.resolve()), "Give the user that serves read and write access to it.")
    if settings.secret is None:
        yield _secret_file(folder / SECRET_FILE)
    free = shutil.disk_usage(folder).free
    enough = free >= SPARE_BYTES
    yield Finding("disk", enough, f"{free / 2**30:.1f} GiB free", "Free at least 0.5 GiB, or move the data folder.")


def _secret_file(path: Path) -> Finding:
    if not path.exists():
        return Finding(
            "secret", False, f"{path} is not there", "Put back the file of your backup, or set FUNNELPROOF_SECRET."
        )
    mode = path.stat().st_mode & 0o777
    return Finding("secret", mode & 0o077 == 0, f"{path.name} has mode {mode:04o}", f"chmod 600 {path}")


def _of_database(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy.exc import SQLAlchemyError

    from funnelproof.storage.engines import engines_of

    if settings.database_url is None and not (settings.data / DATABASE_FILE).exists():
        yield Finding("database", False, f"no {DATABASE_FILE} in {settings.data}", init_command(settings))
        return
    remedy = (
        "Start PostgreSQL; check host, user and password in FUNNELPROOF_DATABASE_URL."
        if settings.database_url is not None
        else "Check who owns the files; if they are damaged, restore your backup."
    )
    try:
        engines = engines_of(settings)
        with engines.reading.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except (SQLAlchemyError, OSError) as error:
        yield Finding("database", False, _first_line(error), remedy)
        return
    yield Finding("database", True, f"{engines.reading.dialect.name} answers")
    try:
        from funnelproof.cli.doctor.storage import of_storage

        yield from of_storage(settings, engines)
    except (SQLAlchemyError, OSError) as error:
        yield Finding("database", False, _first_line(error), remedy)
    finally:
        engines.close()


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().partition("\n")[0]
