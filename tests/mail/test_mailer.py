"""Mail by SMTP to a real server, and what happens when it does not take it."""

import asyncio
import logging
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from funnelproof.clock import SetClock
from funnelproof.mail.mailer import Mail, Mailer, MailNotSent
from funnelproof.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
MAIL = Mail("buyer@elsewhere.example", "Your login to Gharart", "A secret link: https://x.example/?token=abc")


@dataclass
class Box:
    """Takes what comes in; `answer` is what it says to the data."""

    answer: str = "250 OK"
    received: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.received.append(envelope.content)
        return self.answer

    def server(self) -> SMTP:
        def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
            return AuthResult(success=(data.login, data.password) == (b"mara", b"sesame"))

        return SMTP(self, authenticator=authenticate, auth_require_tls=False, auth_required=True)


async def send(box: Box, folder: Path, clock: SetClock, *, is_up: bool = True, **given: Any) -> None:
    server = await asyncio.get_running_loop().create_server(box.server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if not is_up:
        server.close()
        await server.wait_closed()
    settings = {"data": folder, "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
    settings |= {"smtp_user": "mara", "smtp_password": "sesame", "mail_from": "hello@gharart.example"}
    try:
        await Mailer(Settings(**{**settings, **given}), clock).send(MAIL)
    finally:
        server.close()


def test_a_mail_reaches_the_server_whole(tmp_path: Path, clock: SetClock) -> None:
    box = Box()
    asyncio.run(send(box, tmp_path, clock))
    (received,) = box.received
    mail = message_from_bytes(received)
    assert (mail["from"], mail["to"], mail["subject"]) == ("hello@gharart.example", MAIL.to, MAIL.subject)
    assert mail["date"] == "Mon, 23 Nov 2026 09:00:00 +0000"
    assert MAIL.text in str(mail.get_payload())
    assert not (tmp_path / "mails").exists()


@pytest.mark.parametrize(
    ("answer", "given"),
    [("250 OK", {"smtp_password": "open"}), ("550 no such mailbox", {}), ("250 OK", {"is_up": False})],
)
def test_what_the_server_does_not_take_is_told_and_no_address_is_logged(
    tmp_path: Path, clock: SetClock, answer: str, given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "funnelproof"), pytest.raises(MailNotSent):
        asyncio.run(send(Box(answer), tmp_path, clock, **given))
    told = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("funnelproof"))
    assert "could not be handed over to 127.0.0.1" in told
    assert "elsewhere" not in told
    assert "token" not in told
