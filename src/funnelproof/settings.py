"""Every setting, once: its variable is FUNNELPROOF_ and its name in capitals. Read in `app.py` and the CLI."""

import ipaddress
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "FUNNELPROOF_"
MAX_LANE_WAITING = 4096


class Signup(StrEnum):
    CLOSED = "closed"
    INVITE = "invite"
    OPEN = "open"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SmtpSecurity(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class UnknownSetting(Exception):  # noqa: N818 - shown to the operator as it is
    """A FUNNELPROOF_ variable that no setting reads: most likely a typing slip."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Field(Path("data"), description="Folder of the SQLite database, secret.key, mails and locks.")
    database_url: SecretStr | None = Field(
        None, description="postgresql://… for PostgreSQL 15+; unset: SQLite in the data folder."
    )
    secret: SecretStr | None = Field(
        None, description="Encrypts keys at rest; unset: the file secret.key (0600) in the data folder."
    )
    signup: Signup = Field(Signup.CLOSED, description="Who may make an account: closed, open; invite is closed as yet.")
    control_url: str = Field("http://127.0.0.1:8080", description="Origin of dashboard, API and docs.")
    public_url: str = Field("http://127.0.0.1:8080", description="Origin of links, pages and SDK.")
    public_domain: str | None = Field(None, description="Links also answer at {handle}.{public_domain}/{slug}.")
    single_origin: bool = Field(
        default=False, description="Allow control and public URL to share an origin beyond loopback."
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        [], description="Comma-separated addresses whose forwarded headers count."
    )
    country_header: str | None = Field(
        None, description="Header with the visitor's ISO country, from trusted proxies only."
    )
    geoip_db: Path | None = Field(None, description="MMDB file with countries, used where no header tells.")
    allow_private_targets: bool = Field(
        default=False, description="Let webhooks, probes and destinations reach loopback (development)."
    )
    ingest_waiting: int = Field(
        MAX_LANE_WAITING, ge=16, description="Claims that may wait for the ingest lane; beyond: 503."
    )
    ingest_group: int = Field(256, ge=1, le=4096, description="Claims that share one commit at the most.")
    aside_processes: int = Field(
        1, ge=1, le=16, description="Processes of low priority for exports, per worker; up to eight more requests wait."
    )
    link_cache: int = Field(20_000, ge=100, description="Links kept in memory per worker.")
    log_level: LogLevel = Field(LogLevel.INFO, description="debug, info, warning or error.")
    leads_per_minute: int = Field(30, ge=1, description="Forms that one address may send to a handle in a minute.")
    smtp_host: str | None = Field(None, description="Server for mail; unset: mails are files in the data folder.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: SmtpSecurity = Field(SmtpSecurity.STARTTLS, description="starttls, tls or none.")
    smtp_user: str | None = Field(None, description="User at the mail server.")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    mail_from: str = Field("funnelproof@localhost", description="Sender of all mail.")
    quota_tiers: dict[str, int] = Field(
        {"STANDARD": 10_000}, min_length=1, description="Writes a day of a handle, by its tier, as JSON."
    )
    probing: bool = Field(
        default=False, description="Ask the destinations of campaigns whether they answer and keep the ctx."
    )
    live_simulations: bool = Field(default=False, description="Let `simulate --live` send people into live figures.")
    metrics_token: SecretStr | None = Field(None, description="Bearer token for /metrics; loopback peers need none.")

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith("postgresql://"):
            raise ValueError("only postgresql://… is taken; without this variable, SQLite is used")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for network in value:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise ValueError(f"{network!r} is neither an address nor a network such as 10.0.0.0/8") from None
        return value

    @field_validator("geoip_db")
    @classmethod
    def _file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value

    @field_validator("control_url", "public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ValueError("must be an origin, such as https://app.example.com: scheme, host, perhaps a port")
        return value.rstrip("/")

    @property
    def hosts_apart(self) -> tuple[str, str] | None:
        """The hosts (and ports) of control plane and links; None where one origin serves both."""
        control, links = (urlsplit(url).netloc.lower() for url in (self.control_url, self.public_url))
        return None if control == links else (control, links)

    def table(self) -> list[tuple[str, str, str]]:
        """(variable, present value, sentence); secrets print as ***."""
        return [
            (variable(name), _shown(getattr(self, name)), field.description or "")
            for name, field in type(self).model_fields.items()
        ]


def variable(name: str) -> str:
    return PREFIX + name.upper()


def read_settings(**given: object) -> Settings:
    """From the environment, options given by hand first. Unknown FUNNELPROOF_ variables are an error."""
    known = {variable(name) for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise UnknownSetting(f"Unknown setting {', '.join(unknown)}. `funnelproof settings` lists all of them.")
    return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "***"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
