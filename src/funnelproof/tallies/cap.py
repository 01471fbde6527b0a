"""At most 1 000 values of a dimension for each campaign and day; what comes later is counted as `(other)`.

A value that has a row keeps it, and a full list stays full: so each value is always counted under the same name.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, func, select

from funnelproof.storage.database import Transaction
from funnelproof.storage.schema import day_tallies
from funnelproof.tallies.move import Counters, DayKey

MOST = 1000
OTHER = "(other)"
CAPPED = frozenset({"slug", "referrer", "source"})
LISTS_REMEMBERED = 5000
List = tuple[str, ...]
"""(handle, world, campaign, dimension, day)"""

_remembered: WeakKeyDictionary[Engine, OrderedDict[List, set[str]]] = WeakKeyDictionary()


def capped(tx: Transaction, days: Mapping[DayKey, Counters]) -> Mapping[DayKey, Counters]:
    """The same counters, with those of values that found no room under `(other)`."""
    wanted: dict[List, set[str]] = defaultdict(set)
    for key in days:
        if key[3] in CAPPED:
            wanted[key[:5]].add(key[5])
    beyond = {at: without for at, values in wanted.items() if (without := _without_room(tx, at, values))}
    return folded(days, beyond) if beyond else days


def folded(days: Mapping[DayKey, Counters], beyond: Mapping[List, Collection[str]]) -> dict[DayKey, Counters]:
    """Counters with the values in `beyond` counted as `(other)`."""
    made: dict[DayKey, Counters] = {}
    for key, counters in days.items():
        own = key[5] in beyond.get(key[:5], ())
        sums = made.setdefault((*key[:5], OTHER, key[6]) if own else key, defaultdict(int))
        for name, amount in counters.items():
            sums[name] += amount
    return made


def _without_room(tx: Transaction, at: List, values: set[str]) -> set[str]:
    """Values that have no row yet and come too late for one of their own."""
    known = _known(tx, at)
    unknown = values - known
    if not unknown or len(known) >= MOST:
        return unknown
    known |= _stored(tx, at, day_tallies.c.value.in_(sorted(unknown)))
    new = sorted(unknown - known)
    if not new:
        return set()
    listed = tx.execute(select(func.count(func.distinct(day_tallies.c.value))).where(*_of(at))).scalar_one()
    if listed >= MOST:
        known |= _stored(tx, at)
    return set(new[max(0, MOST - listed) :])


def _known(tx: Transaction, at: List) -> set[str]:
    """The values of a list that this process knows to have rows. They never go away."""
    lists = _remembered.setdefault(tx.connection.engine, OrderedDict())
    known = lists.setdefault(at, set())
    lists.move_to_end(at)
    if len(lists) > LISTS_REMEMBERED:
        lists.popitem(last=False)
    return known


def _stored(tx: Transaction, at: List, *narrower: ColumnElement[bool]) -> set[str]:
    rows = tx.all(select(day_tallies.c.value).where(*_of(at), *narrower).distinct())
    return {row["value"] for row in rows}


def _of(at: List) -> list[ColumnElement[bool]]:
    names = ("handle", "world", "campaign_id", "dimension", "day")
    return [day_tallies.c[name] == value for name, value in zip(names, at, strict=True)]
