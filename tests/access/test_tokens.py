"""Tokens act with the lesser of their scopes and their maker's present role."""

import pytest

from funnelproof.access import accounts, store, tokens
from funnelproof.access.caller import Caller, InvalidToken, Kind, TokenExpired
from funnelproof.access.roles import Role
from funnelproof.clock import MINUTE
from funnelproof.errors import Invalid, NotFound
from funnelproof.storage.database import Database, Transaction

MAKER_EMAIL = "mara@gharart.example"


@pytest.fixture
def maker(database: Database) -> str:
    def make(tx: Transaction) -> str:
        user = accounts.sign_up(tx, email=MAKER_EMAIL, password_hash="h", name="", now=1)
        assert user is not None
        store.add_member(tx, "gharart", user.user_id, Role.OPERATOR, now=1)
        return user.user_id

    return database.write_now(make)


def make(
    database: Database, maker: str, *scopes: str, expires_at: int | None = None, now: int = 10
) -> tuple[store.AccessToken, str]:
    return database.write_now(
        lambda tx: tokens.make(
            tx, "gharart", name="CI", scopes=scopes or ["links.read"], made_by=maker, now=now, expires_at=expires_at
        )
    )


def recognise(database: Database, text: str, handle: str | None = "gharart", now: int = 20) -> Caller:
    return database.read_now(lambda tx: tokens.recognise(tx, text, handle, now=now)[0])


def test_a_token_speaks_for_its_handle(database: Database, maker: str) -> None:
    token, text = make(database, maker, "links.read", "campaigns.*", "links.read")
    caller = recognise(database, text)
    assert text == f"patv1_{token.token_id}.{text.split('.')[1]}"
    assert (caller.kind, caller.role, caller.handle) == (Kind.TOKEN, Role.OPERATOR, "gharart")
    assert caller.scopes == {"campaigns.*", "links.read"}
    assert caller.actor == f"token:{token.token_id}"


def test_a_token_has_no_part_in_another_handle(database: Database, maker: str) -> None:
    database.write_now(lambda tx: store.add_member(tx, "elsewhere", maker, Role.OWNER, now=1))
    caller = recognise(database, make(database, maker)[1], "elsewhere")
    assert (caller.handle, caller.role, caller.scopes) == ("elsewhere", None, frozenset())


def test_a_token_follows_its_makers_role_and_dies_with_it(database: Database, maker: str) -> None:
    _, text = make(database, maker)
    database.write_now(lambda tx: store.set_role(tx, "gharart", maker, Role.CREATOR))
    assert recognise(database, text).role is Role.CREATOR
    database.write_now(lambda tx: store.remove_member(tx, "gharart", maker))
    with pytest.raises(InvalidToken, match="maker of this token"):
        recognise(database, text)


def test_a_token_expires_to_the_microsecond(database: Database, maker: str) -> None:
    _, text = make(database, maker, expires_at=50)
    assert recognise(database, text, now=49)
    with pytest.raises(TokenExpired):
        recognise(database, text, now=50)


def test_a_token_that_would_be_born_dead_is_refused(database: Database, maker: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make(database, maker, expires_at=10)
    assert refusal.value.code == "invalid_expires_at"


def test_a_revoked_token_says_so_to_who_holds_it_and_to_nobody_else(database: Database, maker: str) -> None:
    token, text = make(database, maker)
    for at in (30, 40):
        database.write_now(lambda tx, at=at: tokens.revoke(tx, "gharart", token.token_id, by="user:x", now=at))
    with pytest.raises(InvalidToken, match="revoked") as refusal:
        recognise(database, text)
    assert refusal.value.extra == {"revokedAt": "1970-01-01T00:00:00.000030Z"}
    with pytest.raises(InvalidToken, match="not known"):
        recognise(database, text[:-1] + ("A" if text[-1] != "A" else "B"))


def test_a_token_is_revoked_only_by_its_own_handle(database: Database, maker: str) -> None:
    token, _ = make(database, maker)
    for handle, token_id in (("elsewhere", token.token_id), ("gharart", "tok_none")):
        with pytest.raises(NotFound):
            database.write_now(lambda tx, h=handle, t=token_id: tokens.revoke(tx, h, t, by="x", now=1))


@pytest.mark.parametrize(
    "text", ["patv1_", "patv1_tok_1.x", "patv1_é", "patv1_" + "a" * 5000, "patv1_tok_" + "0" * 32 + "."]
)
def test_what_does_not_look_like_a_token_is_none(database: Database, text: str) -> None:
    with pytest.raises(InvalidToken):
        recognise(database, text)


def test_neither_secret_nor_hash_shows_in_a_repr(database: Database, maker: str) -> None:
    token, text = make(database, maker)
    assert token.secret_hash not in repr(token)
    assert text.split(".")[1] not in token.secret_hash


def test_its_use_is_due_once_a_minute(database: Database, maker: str) -> None:
    token, text = make(database, maker)
    assert tokens.is_due(token, 20)
    database.write_now(lambda tx: store.touch_token(tx, "gharart", token.token_id, 20))
    used = database.read_now(lambda tx: tokens.recognise(tx, text, None, now=21)[1])
    assert not tokens.is_due(used, 20 + MINUTE - 1)
    assert tokens.is_due(used, 20 + MINUTE)


def test_tokens_are_listed_newest_first_page_by_page(database: Database, maker: str) -> None:
    made = [make(database, maker, now=now)[0].token_id for now in range(3)]
    first = database.read_now(lambda tx: store.tokens_of(tx, "gharart", after=None, rows=2))
    last = first[-1]
    rest = database.read_now(lambda tx: store.tokens_of(tx, "gharart", after=(last.created_at, last.token_id), rows=2))
    assert [token.token_id for token in [*first, *rest]] == made[::-1]


def test_only_the_first_use_without_a_handle_asks_among_all_handles(
    database: Database, maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, named), (_, unnamed) = make(database, maker), make(database, maker)
    assert recognise(database, unnamed, None).handle == "gharart"
    monkeypatch.setattr(store, "token_by_id", lambda _tx, _token_id: None)
    assert recognise(database, named, "gharart").handle == "gharart"
    assert [recognise(database, text, None).handle for text in (named, unnamed)] == ["gharart"] * 2
    assert recognise(database, named, "elsewhere").role is None
