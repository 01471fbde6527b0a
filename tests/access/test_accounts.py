"""Accounts are one for each e-mail address, whatever its spelling."""

import pytest

from funnelproof.access import accounts, store
from funnelproof.access.accounts import EmailTaken
from funnelproof.errors import Invalid
from funnelproof.storage.database import Database, Transaction


def sign_up(tx: Transaction, email: str, hashed: str = "h") -> store.User | None:
    return accounts.sign_up(tx, email=email, password_hash=hashed, name="", now=1)


def test_two_spellings_are_one_person(database: Database) -> None:
    first = database.write_now(lambda tx: sign_up(tx, "Mara@Gharart.Example"))
    assert database.write_now(lambda tx: sign_up(tx, "mara@gharart.example")) is None
    found = database.read_now(lambda tx: store.user_by_email(tx, "mara@gharart.example"))
    assert found == first


def test_a_second_sign_up_changes_nothing(database: Database) -> None:
    database.write_now(lambda tx: sign_up(tx, "mara@gharart.example", "first"))
    database.write_now(lambda tx: sign_up(tx, "mara@gharart.example", "second"))
    found = database.read_now(lambda tx: store.user_by_email(tx, "mara@gharart.example"))
    assert found is not None
    assert found.password_hash == "first"


def test_an_operator_is_told_of_a_taken_address(database: Database) -> None:
    def make(tx: Transaction) -> store.User:
        return accounts.make_account(
            tx, email="mara@gharart.example", password_hash="h", name="", platform_operator=True, now=1
        )

    assert not database.read_now(store.any_user)
    assert database.write_now(make).platform_operator
    assert database.read_now(store.any_user)
    with pytest.raises(EmailTaken):
        database.write_now(make)


@pytest.mark.parametrize("email", ["", "mara", "mara@", "@gharart.com", "a b@gharart.com", "mara@localhost", "x" * 300])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid, match="is not an e-mail address"):
        accounts.check_email(email)


def test_no_password_hash_shows_in_a_users_repr(database: Database) -> None:
    user = database.write_now(lambda tx: sign_up(tx, "mara@gharart.example", "hush"))
    assert "hush" not in repr(user)
