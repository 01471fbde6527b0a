"""Settings: a slip is told, secrets do not show."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from funnelproof.settings import Settings, UnknownSetting, read_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "shout"),
        ("TRUSTED_PROXIES", "127.0.0.1, somewhere"),
        ("GEOIP_DB", "/nope.mmdb"),
        ("CONTROL_URL", "foo"),
        ("PUBLIC_URL", "https://go.example.com/path"),
        ("SIGNUP", "maybe"),
        ("INGEST_GROUP", "0"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FUNNELPROOF_{name}", value)
    with pytest.raises(ValidationError):
        read_settings()


def test_an_unknown_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNNELPROOF_PROT", "8080")
    with pytest.raises(UnknownSetting, match="FUNNELPROOF_PROT"):
        read_settings()


def test_proxies_are_read_from_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNNELPROOF_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
    assert read_settings().trusted_proxies == ["10.0.0.0/8", "::1"]


def test_secrets_never_show(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, secret="hush-hush", database_url="postgresql://u:hush-hush@127.0.0.1/x")  # type: ignore[arg-type]
    shown = f"{settings!r} {settings.table()}"
    assert "hush-hush" not in shown
    assert "***" in shown
