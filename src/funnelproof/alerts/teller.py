"""Hands over what is due: to every address of a handle, again after a while where nobody took it."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from funnelproof.alerts.words import Message, message_of
from funnelproof.clock import MINUTE, SECOND, Clock, Micros
from funnelproof.handles import settle
from funnelproof.keys.seal import Seal
from funnelproof.mail.mailer import Mail, Mailer, MailNotSent
from funnelproof.notifications import people
from funnelproof.notifications.people import Alerts, Kind, Note
from funnelproof.outgoing.client import NotAnswered, Outgoing
from funnelproof.storage.database import Database, Transaction

log = logging.getLogger(__name__)
TRIES = 10
WHOLE_SECONDS = 20.0
CLAIMED: Micros = 2 * MINUTE
"""Longer than any sending takes: a process that ends meanwhile leaves its notes to the others."""
LONGEST_WAIT: Micros = 60 * MINUTE
CHAT = "chat"
MORNING = time(8)


@dataclass(slots=True)
class Teller:
    """One turn: the weeks that have ended, then what is due, all at once. A dead server holds a turn up for 20 s."""

    database: Database
    clock: Clock
    seal: Seal
    mailer: Mailer
    outgoing: Outgoing
    control_url: str
    _last: str = field(default="")

    async def __call__(self) -> int:
        await self.database.write(self._note_weeks)
        due = await self.database.read(lambda tx: people.due(tx, self.clock.now()))
        for ended in await asyncio.gather(*map(self._tell_claimed, due), return_exceptions=True):
            if isinstance(ended, Exception):
                log.warning("an alert could not be told and will be tried again: %s", ended)
        return 0

    async def _tell_claimed(self, note: Note) -> None:
        """Nobody else sends it meanwhile; whatever is wrong with it counts as a try."""
        until = self.clock.now() + CLAIMED
        if not await self.database.write(lambda tx: people.claim(tx, note, until)):
            return
        try:
            await self._tell(note)
        except Exception as error:
            log.warning("an alert of %s could not be told: %s", note.handle, type(error).__name__)
            await self._failed(
                note, done=note.told.get("done", ()), why=f"It could not be made: {type(error).__name__}."
            )

    async def send(self, wanted: Alerts, message: Message, *, but: frozenset[str] = frozenset()) -> dict[str, str]:
        """Why it could not be handed over, by address; empty for those who got it. `but`: who has it already."""
        those = [address for address in addresses_of(wanted) if address not in but]
        told = await asyncio.gather(*(self._hand_over(wanted, address, message) for address in those))
        return dict(zip(those, told, strict=True))

    async def _hand_over(self, wanted: Alerts, address: str, message: Message) -> str:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                if address == CHAT:
                    return await self._chat(wanted, message)
                await self.mailer.send(Mail(address, message.subject, message.text))
        except TimeoutError:
            return f"{address}: it was not taken within {WHOLE_SECONDS:g} s."
        except (MailNotSent, NotAnswered, OSError) as error:
            return f"{address}: {error}"
        return ""

    async def _chat(self, wanted: Alerts, message: Message) -> str:
        url = self.seal.open(wanted.sealed_chat or "").decode()
        body = json.dumps({"text": f"*{message.subject}*\n{message.text}"}).encode()
        answered = await self.outgoing.post(url, headers={"content-type": "application/json"}, body=body)
        return "" if 200 <= answered.status < 300 else f"{CHAT}: it answered {answered.status}."

    async def _tell(self, note: Note) -> None:
        def read(tx: Transaction) -> tuple[Alerts | None, Message | None]:
            wanted = people.find(tx, note.handle)
            if wanted is None or note.kind not in wanted.kinds:
                return None, None
            return wanted, message_of(tx, note, now=self.clock.now(), control_url=self.control_url)

        wanted, message = await self.database.read(read)
        if wanted is None or message is None:
            await self.database.write(lambda tx: people.settled(tx, note, None))
            return
        has_it = frozenset(note.told.get("done", ()))
        told = await self.send(wanted, message, but=has_it)
        now, why = self.clock.now(), " ".join(filter(None, told.values()))
        if not why:
            await self.database.write(lambda tx: people.settled(tx, note, now))
            return
        await self._failed(note, done=sorted(has_it | {own for own, fault in told.items() if not fault}), why=why)

    async def _failed(self, note: Note, *, done: Sequence[str], why: str) -> None:
        now = self.clock.now()
        due_at = now + min(MINUTE << note.attempts, LONGEST_WAIT) if note.attempts + 1 < TRIES else None
        await self.database.write(lambda tx: people.failed(tx, note, done=done, due_at=due_at, why=why, at=now))

    def _note_weeks(self, tx: Transaction) -> None:
        """A few handles a turn, in their order."""
        now, those = self.clock.now(), people.page(tx, self._last)
        self._last = those[-1].handle if len(those) == people.HANDLES_AT_ONCE else ""
        for own in those:
            monday = monday_of(now, settle.existing(tx, own.handle).zone_at(now))
            if Kind.WEEKLY in own.kinds and people.week_told(tx, own.handle, monday):
                people.note(tx, own.handle, Kind.WEEKLY, "", {"monday": monday}, at=now)


def addresses_of(wanted: Alerts) -> list[str]:
    return [*wanted.mails, *([CHAT] if wanted.sealed_chat else [])]


def monday_of(now: Micros, zone: str) -> str:
    """The newest Monday whose 8 o'clock has come there."""
    here = datetime.fromtimestamp(now / SECOND, ZoneInfo(zone))
    monday = here.date() - timedelta(days=here.weekday())
    if here < datetime.combine(monday, MORNING, here.tzinfo):
        monday -= timedelta(days=7)
    return monday.isoformat()
