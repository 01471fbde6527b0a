"""Sends plain-text mail, one at a time, within a limit of time. Addresses and texts never reach the log."""

import asyncio
import logging
import os
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import NamedTuple

from funnelproof.clock import Clock, to_datetime
from funnelproof.errors import Unavailable
from funnelproof.ids import uuid7_hex
from funnelproof.settings import Settings, SmtpSecurity

log = logging.getLogger(__name__)
SECONDS = 10.0
FOLDER = "mails"


class MailNotSent(Unavailable):
    """The mail could not be handed over to the mail server. Nothing was sent; try again in a minute."""


class Mail(NamedTuple):
    to: str
    subject: str
    text: str


class Mailer:
    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def send(self, mail: Mail) -> None:
        """Handed over to the server, or whole in a file, once this returns."""
        message = self._message(mail)
        if self._settings.smtp_host is None:
            await asyncio.to_thread(self._write, message)
        else:
            await self._hand_over(message)

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._settings.mail_from, mail.to, mail.subject
        message["Date"] = format_datetime(to_datetime(self._clock.now()))
        message["Message-ID"] = make_msgid(domain=self._settings.mail_from.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message

    def _write(self, message: EmailMessage) -> None:
        """One file each, which only the owner of the folder reads."""
        folder = self._settings.data / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{uuid7_hex()}.eml"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.as_bytes())
        log.info("no FUNNELPROOF_SMTP_HOST is set: the mail is in %s", path)

    async def _hand_over(self, message: EmailMessage) -> None:
        import aiosmtplib

        given, security = self._settings, self._settings.smtp_security
        try:
            await aiosmtplib.send(
                message,
                hostname=given.smtp_host,
                port=given.smtp_port,
                username=given.smtp_user,
                password=given.smtp_password.get_secret_value() if given.smtp_password else None,
                use_tls=security is SmtpSecurity.TLS,
                start_tls=security is SmtpSecurity.STARTTLS,
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("a mail could not be handed over to %s: %s", given.smtp_host, type(error).__name__)
            raise MailNotSent from error
