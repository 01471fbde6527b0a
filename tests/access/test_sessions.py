"""Sessions: a JWT that expires soon, a refresh token that serves once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from funnelproof.access import accounts, sessions, store
from funnelproof.access.caller import InvalidToken, TokenExpired
from funnelproof.access.sessions import Refreshed
from funnelproof.clock import DAY, MINUTE, SECOND, SetClock
from funnelproof.installation import Installation
from funnelproof.keys.key import Purpose
from funnelproof.keys.ring import rotate
from funnelproof.storage.database import Database, Transaction

NOW = 1_000_000 * SECOND


@pytest.fixture
def begun(database: Database) -> tuple[store.Session, str]:
    def begin(tx: Transaction) -> tuple[store.Session, str]:
        user = accounts.sign_up(tx, email="a@gharart.example", password_hash="h", name="", now=NOW)
        assert user is not None
        return sessions.begin(tx, user.user_id, now=NOW)

    return database.write_now(begin)


@pytest.fixture
def refresh(database: Database) -> Callable[..., Refreshed]:
    def refresh(token: str, now: int = NOW + MINUTE) -> Refreshed:
        return database.write_now(lambda tx: sessions.refresh(tx, token, now=now))

    return refresh


def is_alive(database: Database, family: str) -> bool:
    return database.read_now(lambda tx: store.is_family_alive(tx, family))


def test_a_refresh_token_gives_the_next_one(
    begun: tuple[store.Session, str], refresh: Callable[..., Refreshed]
) -> None:
    session, token = begun
    first = refresh(token)
    second = refresh(first.refresh_token)
    assert first.session is not None
    assert second.session is not None
    assert first.session.family == second.session.family == session.family
    assert len({token, first.refresh_token, second.refresh_token}) == 3


def test_a_token_used_twice_ends_the_whole_family(
    database: Database, begun: tuple[store.Session, str], refresh: Callable[..., Refreshed]
) -> None:
    session, token = begun
    newest = refresh(token).refresh_token
    assert isinstance(refresh(token).problem, InvalidToken)
    assert not is_alive(database, session.family)
    assert isinstance(refresh(newest).problem, InvalidToken)


def test_of_eight_uses_at_once_one_is_the_first_and_the_family_ends(
    database: Database, begun: tuple[store.Session, str], refresh: Callable[..., Refreshed]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(refresh, [begun[1]] * 8))
    assert sum(answer.session is not None for answer in answers) == 1
    assert not is_alive(database, begun[0].family)


def test_a_refresh_token_lives_thirty_days(
    database: Database, begun: tuple[store.Session, str], refresh: Callable[..., Refreshed]
) -> None:
    assert isinstance(refresh(begun[1], NOW + 30 * DAY).problem, TokenExpired)
    assert refresh(begun[1], NOW + 30 * DAY - 1).session is not None


def test_tokens_of_a_family_that_expired_are_forgotten(
    database: Database, begun: tuple[store.Session, str], refresh: Callable[..., Refreshed]
) -> None:
    second = refresh(begun[1], NOW + 29 * DAY).refresh_token
    assert refresh(second, NOW + 31 * DAY).session is not None
    assert isinstance(refresh(begun[1], NOW + 31 * DAY).problem, InvalidToken)
    assert is_alive(database, begun[0].family)


def test_an_ended_session_refreshes_no_more(
    database: Database, begun: tuple[store.Session, str], refresh: Callable[..., Refreshed]
) -> None:
    database.write_now(lambda tx: sessions.end(tx, begun[1], now=NOW))
    database.write_now(lambda tx: sessions.end(tx, "unknown", now=NOW))
    assert isinstance(refresh(begun[1]).problem, InvalidToken)


def test_no_refresh_token_lies_in_the_database(database: Database, begun: tuple[store.Session, str]) -> None:
    assert begun[1] not in str(begun[0])


def a_session(home: Installation) -> store.Session:
    now = home.clock.now()
    return store.Session("ses_1", "usr_1", "ses_1", "hash", now, now + DAY)


def test_a_jwt_tells_who_it_speaks_for_until_it_expires(installation: Installation, clock: SetClock) -> None:
    text = sessions.sign(installation.keyring, a_session(installation), now=clock.now())
    clock.advance(15 * MINUTE - SECOND)
    assert sessions.open_jwt(installation.keyring, text, now=clock.now()).user_id == "usr_1"
    clock.advance(2 * MINUTE + SECOND)
    with pytest.raises(TokenExpired, match="expired 2 min ago"):
        sessions.open_jwt(installation.keyring, text, now=clock.now())


def test_a_jwt_outlives_the_rotation_of_its_key(installation: Installation, clock: SetClock) -> None:
    text = sessions.sign(installation.keyring, a_session(installation), now=clock.now())
    installation.database.write_now(lambda tx: rotate(tx, installation.seal, clock.now(), Purpose.SESSION))
    clock.advance(MINUTE)
    installation.keyring.load()
    assert sessions.open_jwt(installation.keyring, text, now=clock.now())
    newer = sessions.sign(installation.keyring, a_session(installation), now=clock.now())
    assert jwt.get_unverified_header(newer)["kid"] != jwt.get_unverified_header(text)["kid"]


def forged(home: Installation, **changed: object) -> str:
    key = home.keyring.signing(Purpose.SESSION)
    now = home.clock.now() // SECOND
    claims = {"sub": "usr_1", "fam": "ses_1", "aud": sessions.AUDIENCE, "iat": now, "exp": now + 60}
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    return jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.key_id})


@pytest.mark.parametrize(
    "changed", [{"aud": "other"}, {"aud": None}, {"sub": None}, {"exp": None}, {"exp": "soon"}, {"fam": None}]
)
def test_a_jwt_without_its_claims_is_none(installation: Installation, changed: dict[str, object]) -> None:
    with pytest.raises(InvalidToken):
        sessions.open_jwt(installation.keyring, forged(installation, **changed), now=installation.clock.now())


def test_a_jwt_signed_otherwise_is_none(installation: Installation) -> None:
    key = installation.keyring.signing(Purpose.SESSION)
    claims = jwt.decode(forged(installation), options={"verify_signature": False})
    head = {"kid": key.key_id}
    texts = [
        jwt.encode(claims, "another key of thirty-two bytes!", algorithm="HS256", headers=head),
        jwt.encode(claims, key.secret + b"x" * 32, algorithm="HS512", headers=head),
        jwt.encode(claims, None, algorithm="none", headers=head),
        "a.b.c",
        "",
        "é.é.é",
    ]
    for text in texts:
        with pytest.raises(InvalidToken):
            sessions.open_jwt(installation.keyring, text, now=installation.clock.now())
