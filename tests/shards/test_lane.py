"""A commit of the ingest lane touches one handle, so that it stays on one shard: a rule of PostgreSQL alone."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from unittest.mock import patch

from sqlalchemy import Engine, event

from cast import HANDLE, OTHER_HANDLE, Cast, Client, make_cast
from conftest import MakeInstallation
from funnel import BROWSER, NEW_CAMPAIGN
from funnelproof.app import Application
from funnelproof.storage.database import Transaction

TIMES = 40


class HeardCursor:
    """The driver's cursor, of which SQLAlchemy's events hear nothing."""

    def __init__(self, cursor: Any, heard: Callable[[Any], None]) -> None:
        self._cursor, self._heard = cursor, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, values: Any) -> Any:
        self._heard(values)
        return self._cursor.execute(sql, values)


@contextmanager
def commits(engine: Engine) -> Iterator[list[set[str]]]:
    """The handles that each committed transaction named."""
    open_now: dict[int, set[str]] = {}
    done: list[set[str]] = []

    def begun(connection: Any) -> None:
        open_now[id(connection)] = set()

    def sent(connection: Any, _cursor: Any, _sql: str, parameters: Any, *_rest: Any) -> None:
        if id(connection) not in open_now:
            return
        text = repr(parameters)
        open_now[id(connection)] |= {handle for handle in (HANDLE, OTHER_HANDLE) if f"'{handle}'" in text}

    def committed(connection: Any) -> None:
        done.append(open_now.pop(id(connection), set()))

    def cursor(tx: Transaction) -> Any:
        return HeardCursor(own_cursor(tx), lambda values: sent(tx.connection, None, "", values))

    own_cursor = cast("property", Transaction.cursor).fget
    assert own_cursor is not None
    for name, listener in (("begin", begun), ("before_cursor_execute", sent), ("commit", committed)):
        event.listen(engine, name, listener)
    with patch.object(Transaction, "cursor", property(cursor)):
        yield done
    for name, listener in (("begin", begun), ("before_cursor_execute", sent), ("commit", committed)):
        event.remove(engine, name, listener)


async def crowd(client: Client) -> list[int]:
    """Clicks on links of two handles, all at once."""
    paths = [f"/{handle}/buy-now" for handle in (HANDLE, OTHER_HANDLE)] * TIMES
    answers = await asyncio.gather(*(client._http.get(path, headers={"user-agent": BROWSER}) for path in paths))
    return [answer.status_code for answer in answers]


def test_a_commit_of_the_lane_touches_one_handle(make_installation: MakeInstallation) -> None:
    home = make_installation("postgresql")
    people: Cast = make_cast(home)
    with Client(Application(home)) as client:
        for handle, owner in ((HANDLE, people.owner), (OTHER_HANDLE, people.stranger)):
            assert client.post(f"/v2/handles/{handle}/campaigns", NEW_CAMPAIGN, by=owner).status_code == 201
        with commits(home.database.engines.writing) as done:
            assert client.run(crowd(client)) == [302] * 2 * TIMES
    assert sum(len(handles) for handles in done) >= 2
    assert [handles for handles in done if len(handles) > 1] == []
