"""What is secret lies encrypted in the database; its key does not: FUNNELPROOF_SECRET, or the file secret.key."""

import base64
import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

FILE = "secret.key"


class WrongSecret(Exception):  # noqa: N818 - shown to the operator as it is
    """The keys in this database were sealed with another FUNNELPROOF_SECRET (or another secret.key)."""


class MissingSecret(Exception):  # noqa: N818 - shown to the operator as it is
    """The keys in this database were sealed with a secret that is not there."""


class Seal:
    def __init__(self, secret: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))

    def close(self, secret: bytes) -> str:
        return self._fernet.encrypt(secret).decode()

    def open(self, sealed: str) -> bytes:
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            raise WrongSecret(WrongSecret.__doc__) from None


def read_or_make_secret(folder: Path) -> str:
    """The text of secret.key, made with mode 0600 on first use."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        keep_secret(folder, secrets.token_urlsafe(32))
    return (folder / FILE).read_text().strip()


def read_secret(folder: Path) -> str | None:
    """The text of secret.key; None if there is none."""
    path = folder / FILE
    return path.read_text().strip() if path.exists() else None


def keep_secret(folder: Path, secret: str) -> None:
    """Make secret.key; FileExistsError if there is one."""
    file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as out:
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
