"""The reader of statements sees what stays on one shard, and is not taken in by what only looks so."""

import pytest

from shards.shape import crossing

TENANTS = {"clicks", "ledger", "links", "campaigns"}

STAYS = [
    "SELECT clicks.slug FROM clicks WHERE clicks.handle = ? AND clicks.world = ?",
    "SELECT slug FROM clicks WHERE handle = :handle LIMIT 3",
    "SELECT clicks.slug FROM clicks INDEXED BY ix_clicks WHERE clicks.handle = ?",
    "SELECT clicks.slug FROM clicks WHERE clicks.world = ? AND clicks.handle IN (?)",
    "SELECT c.slug FROM clicks AS c WHERE c.handle = %(handle_1)s FOR UPDATE",
    "SELECT clicks.slug FROM clicks WHERE (clicks.handle = ? AND clicks.world = ?) AND (clicks.slug = ? OR 1 = 2)",
    "SELECT 1 FROM clicks LEFT OUTER JOIN ledger ON clicks.handle = ledger.handle AND clicks.visitor = ledger.visitor"
    " WHERE clicks.handle = ? ORDER BY clicks.click_id",
    "SELECT 1 FROM clicks, ledger WHERE ledger.handle = clicks.handle AND clicks.handle = ?",
    "SELECT campaigns.name, (SELECT max(clicks.click_id) FROM clicks WHERE clicks.handle = campaigns.handle) AS newest"
    " FROM campaigns WHERE campaigns.handle = ?",
    "SELECT count(*) FROM (SELECT clicks.slug FROM clicks WHERE clicks.handle = ? LIMIT 5) AS anon_1",
    "SELECT slug FROM links WHERE handle = ? UNION ALL SELECT slug FROM clicks WHERE handle = ?",
    "INSERT INTO clicks (handle, world, slug) VALUES (?, ?, ?) ON CONFLICT (handle, world) DO UPDATE SET slug = ?",
    "UPDATE links SET used_clicks=(links.used_clicks + ?) WHERE links.handle = ? AND links.slug = ?",
    "DELETE FROM links WHERE links.handle = ? AND links.slug = ?",
    "SELECT 1 FROM links WHERE links.handle IN (%(handle_1_1)s::VARCHAR) AND links.slug = %(slug_1)s::VARCHAR",
    "INSERT INTO clicks (handle, slug) SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING",
    "UPDATE links SET mode = given.mode FROM unnest(%s::text[], %s::text[]) AS given (mode, slug)"
    " WHERE links.slug = given.slug AND links.handle = %s",
    "SELECT 1 FROM users WHERE users.email = ?",
    "SELECT 1 FROM clicks WHERE clicks.variant IS NOT NULL AND clicks.slug NOT IN (?, ?) AND clicks.handle = ?",
    "SELECT 1 FROM clicks WHERE clicks.variant IS DISTINCT FROM ? AND clicks.handle = ?",
]
CROSSES = [
    ("SELECT clicks.slug FROM clicks INDEXED BY ix_clicks WHERE clicks.world = ?", {"clicks"}),
    ("SELECT clicks.slug FROM clicks WHERE clicks.world = ?", {"clicks"}),
    ("SELECT clicks.slug FROM clicks WHERE clicks.handle = ? OR clicks.world = ?", {"clicks"}),
    ("SELECT clicks.slug FROM clicks WHERE NOT (clicks.handle = ?)", {"clicks"}),
    ("SELECT clicks.slug FROM clicks WHERE clicks.handle > ?", {"clicks"}),
    ("SELECT clicks.slug FROM clicks WHERE clicks.handle IN (?, ?)", {"clicks"}),
    ("SELECT 1 FROM links WHERE links.handle IN (%(a_1)s::VARCHAR, %(a_2)s::VARCHAR)", {"links"}),
    ("SELECT 1 FROM links WHERE handle = ANY(%s)", {"links"}),
    ("UPDATE links SET mode = given.mode FROM unnest(%s::text[]) AS given (slug) WHERE links.slug = given.slug",
     {"links"}),
    ("SELECT clicks.slug FROM clicks WHERE (clicks.handle, clicks.world) = (?, ?)", {"clicks"}),
    ("SELECT 1 FROM clicks JOIN ledger ON clicks.visitor = ledger.visitor WHERE clicks.handle = ?", {"ledger"}),
    ("SELECT 1 FROM clicks JOIN ledger ON clicks.handle = ledger.handle", {"clicks", "ledger"}),
    ("SELECT campaigns.name, (SELECT max(clicks.click_id) FROM clicks) FROM campaigns WHERE campaigns.handle = ?",
     {"clicks"}),
    ("SELECT 1 FROM (SELECT clicks.slug FROM clicks LIMIT 5) AS anon_1", {"clicks"}),
    ("SELECT slug FROM links WHERE handle = ? UNION SELECT slug FROM clicks", {"clicks"}),
    ("INSERT INTO clicks (world, slug) VALUES (?, ?)", {"clicks"}),
    ("UPDATE links SET handle = ? WHERE links.slug = ?", {"links"}),
    ("DELETE FROM links WHERE links.slug = ?", {"links"}),
    ("WITH few AS (SELECT slug FROM clicks) SELECT few.slug FROM few", {"clicks"}),
    ("SELECT handle FROM links", {"links"}),
]  # fmt: skip


@pytest.mark.parametrize("sql", STAYS)
def test_a_statement_that_names_the_handle_stays_on_its_shard(sql: str) -> None:
    assert crossing(sql, TENANTS) == set()


@pytest.mark.parametrize(("sql", "tables"), CROSSES)
def test_a_statement_that_does_not_is_found_with_its_tables(sql: str, tables: set[str]) -> None:
    assert crossing(sql, TENANTS) == tables
