"""People's accounts: made by sign-up or by an operator's command, entered with e-mail address and password."""

from email_validator import EmailNotValidError, validate_email

from funnelproof.access import store
from funnelproof.access.caller import Unauthenticated
from funnelproof.access.store import User
from funnelproof.clock import Micros
from funnelproof.errors import Problem, invalid
from funnelproof.ids import new_id
from funnelproof.storage.database import Transaction


class SignupClosed(Problem):
    """Nobody can sign up here by themselves. Ask its operator for an account, or to set FUNNELPROOF_SIGNUP=open."""

    kind, code, title = "forbidden", "signup_closed", "Sign-up is closed"


class WrongPassword(Unauthenticated):
    """The e-mail address or the password is not right. Check both; neither is told apart from the other."""

    code, title = "invalid_credentials", "The sign-in failed"


class EmailTaken(Problem):
    """This e-mail address has an account already. Use another address, or that account."""

    kind, code, title = "conflict", "email_taken", "The e-mail address has an account"


def check_email(email: str) -> str:
    """The address in the one form under which it is stored: two spellings are one person."""
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise invalid("email", f"is not an e-mail address: {error}") from None


def sign_up(tx: Transaction, *, email: str, password_hash: str, name: str, now: Micros) -> User | None:
    """None if the address has an account already, which then stays untouched."""
    user = User(new_id("usr"), check_email(email), password_hash, name, platform_operator=False, created_at=now)
    return user if store.add_user(tx, user) else None


def make_account(
    tx: Transaction, *, email: str, password_hash: str, name: str, platform_operator: bool, now: Micros
) -> User:
    """By an operator's command. Raises `EmailTaken`."""
    user = User(new_id("usr"), check_email(email), password_hash, name, platform_operator, created_at=now)
    if not store.add_user(tx, user):
        raise EmailTaken
    return user
