"""What is secret lies sealed."""

import stat
from pathlib import Path

import pytest

from funnelproof.keys.seal import Seal, WrongSecret, read_or_make_secret


def test_what_is_sealed_opens_with_the_same_secret_only() -> None:
    sealed = Seal("one").close(b"key")
    assert Seal("one").open(sealed) == b"key"
    assert "key" not in sealed
    with pytest.raises(WrongSecret, match="another FUNNELPROOF_SECRET"):
        Seal("two").open(sealed)


def test_the_secret_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    secret = read_or_make_secret(tmp_path / "data")
    file = tmp_path / "data" / "secret.key"
    assert read_or_make_secret(tmp_path / "data") == secret == file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(secret) >= 43
