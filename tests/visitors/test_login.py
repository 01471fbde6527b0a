"""A page that opens after a login: a link by mail, used once, in the browser that asked, by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from cast import HANDLE, OTHER_HANDLE, Client, refused
from funnel import CAMPAIGN, Funnel
from funnelproof.clock import DAY, HOUR, MINUTE, SetClock
from funnelproof.visitors.visitor import ASKED_AN_HOUR
from pages.conftest import PUBLIC_SITE, Site, draft
from visitors.conftest import LOGIN, MAIL, PAGE, VERIFY, Browser

Mails = Callable[[], list[Any]]
Token = Callable[[], str]
MAGIC, CONFIRM, OUT, ME = (f"/v2/visitor/{path}" for path in ("auth/magic-link", "auth/verify", "auth/logout", "me"))
WANTED = {"handle": HANDLE, "email": MAIL, "returnTo": PAGE}


def logged_in(browser: Browser, token: Token) -> Browser:
    assert browser.post(LOGIN, email=MAIL, returnTo=PAGE).status_code == 200
    assert browser.post(VERIFY, token=token()).status_code == 303
    return browser


def test_a_visitor_logs_in_by_mail_sees_the_page_and_fetches_its_schema(
    browser: Browser, site: Site, mails: Mails, token: Token
) -> None:
    teaser = browser.get(f"{PAGE}?utm_source=mail")
    assert "Mail me the link" in teaser.text
    assert "It <strong>folds</strong>" not in teaser.text
    schema = f"{PUBLIC_SITE}/{CAMPAIGN}"
    assert refused(browser.get(schema), 401, "login_required")["loginUrl"].endswith(PAGE)
    asked = browser.post(LOGIN, email=MAIL, returnTo=f"{PAGE}?utm_source=mail")
    assert "Look into your mailbox" in asked.text
    (mail,) = mails()
    assert (mail["to"], mail["subject"]) == (MAIL, "Your login to Gharart")
    assert mail["auto-submitted"] == "auto-generated"
    for _ in range(2):
        shown = browser.get(f"{VERIFY}?token={token()}")
        assert (shown.status_code, MAIL in shown.text) == (200, True)
    entered = browser.post(VERIFY, token=token())
    assert (entered.status_code, entered.headers["location"]) == (303, f"{PAGE}?utm_source=mail")
    assert "It <strong>folds</strong>" in browser.get(PAGE).text
    fetched = browser.get(schema)
    assert (fetched.status_code, fetched.json()["accessMode"]) == (200, "FREE_WITH_LOGIN")


def test_a_login_opens_its_handles_pages_for_thirty_days_and_no_other_handles(
    browser: Browser, token: Token, clock: SetClock
) -> None:
    logged_in(browser, token)
    assert {where for name, where in browser.cookies if name.startswith("fp_login")} == {
        f"/{HANDLE}",
        f"/v2/public/handles/{HANDLE}",
        "/v2/visitor",
    }
    assert browser.get(f"{ME}?handle={HANDLE}").json()["email"] == MAIL
    refused(browser.get(f"{ME}?handle={OTHER_HANDLE}"), 401, "login_required")
    forged = browser.client.get(
        f"{ME}?handle={OTHER_HANDLE}",
        headers={"cookie": f"fp_login_{OTHER_HANDLE}={browser.cookies[f'fp_login_{HANDLE}', '/v2/visitor']}"},
    )
    refused(forged, 401, "login_required")
    clock.advance(30 * DAY - HOUR)
    assert "folds" in browser.get(PAGE).text
    clock.advance(2 * HOUR)
    assert "Mail me the link" in browser.get(PAGE).text


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(browser: Browser, token: Token) -> None:
    browser.post(LOGIN, email=MAIL, returnTo=PAGE)
    told = browser.post(VERIFY, token=token()).headers.get_list("set-cookie")
    assert len(told) == 3
    assert all("HttpOnly; SameSite=Lax" in cookie for cookie in told)


def test_a_link_is_good_for_one_login_and_for_fifteen_minutes(browser: Browser, token: Token, clock: SetClock) -> None:
    logged_in(browser, token)
    again = browser.post(VERIFY, token=token())
    assert (again.status_code, "was used before" in again.text) == (401, True)
    browser.post(LOGIN, email=MAIL, returnTo=PAGE)
    clock.advance(15 * MINUTE)
    late = browser.post(VERIFY, token=token())
    assert (late.status_code, "has expired" in late.text) == (401, True)
    assert browser.get(f"{VERIFY}?token=nonsense").status_code == 401
    refused(browser.send(CONFIRM, {"handle": HANDLE, "token": token()}), 401, "expired_magic_link")


def test_another_browser_is_asked_once_more(browser: Browser, client: Client, token: Token) -> None:
    browser.post(LOGIN, email=MAIL, returnTo=PAGE)
    phone = Browser(client)
    first = phone.post(VERIFY, token=token())
    assert (first.status_code, "This is another browser" in first.text) == (200, True)
    assert not phone.cookies
    refused(phone.send(CONFIRM, {"handle": HANDLE, "token": token()}), 409, "other_browser")
    assert phone.post(VERIFY, token=token(), confirm="1").status_code == 303
    assert "folds" in phone.get(PAGE).text


def test_a_form_of_another_site_is_not_looked_at(browser: Browser, mails: Mails, token: Token) -> None:
    refused_page = browser.post(LOGIN, site="cross-site", email=MAIL, returnTo=PAGE)
    assert (refused_page.status_code, mails()) == (403, [])
    browser.post(LOGIN, email=MAIL, returnTo=PAGE)
    assert browser.post(VERIFY, site="same-site", token=token(), confirm="1").status_code == 403
    headers = {"origin": "https://evil.example", "content-type": "application/x-www-form-urlencoded"}
    old = browser.client.call("POST", VERIFY, content=f"token={token()}&confirm=1".encode(), headers=headers)
    assert old.status_code == 403


def test_nobody_learns_which_addresses_are_known_and_nobody_is_flooded(
    browser: Browser, client: Client, mails: Mails, token: Token
) -> None:
    logged_in(browser, token)
    known, unknown = (browser.send(MAGIC, {**WANTED, "email": email}) for email in (MAIL, "new@elsewhere.example"))
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (202, {"status": "TAKEN"})
    for _ in range(5):
        assert browser.send(MAGIC, WANTED).status_code == 202
    assert sum(mail["to"] == MAIL for mail in mails()) == 3
    others = [browser.send(MAGIC, {**WANTED, "email": f"b{n}@elsewhere.example"}) for n in range(ASKED_AN_HOUR)]
    assert others[0].status_code == 202
    refused(others[-1], 429, "rate_limited")


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example/p/x",
        f"/{OTHER_HANDLE}/p/lamp",
        f"/{HANDLE}/buy-now",
        f"/{HANDLE}/p/../x",
        f"/{HANDLE}/p/lamp\r\nX: y",
        "",
    ],
)
def test_a_login_never_leads_elsewhere(browser: Browser, mails: Mails, path: str) -> None:
    refused(browser.send(MAGIC, {**WANTED, "returnTo": path}), 400, "invalid_return_to")
    assert browser.post(LOGIN, email=MAIL, returnTo=path).status_code == 400
    assert mails() == []


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@c.example", "x@y.example\nBcc: z@z.example", "x" * 300])
def test_what_is_no_address_is_told_so(browser: Browser, mails: Mails, email: str) -> None:
    assert browser.send(MAGIC, {**WANTED, "email": email}).status_code == 400
    assert browser.post(LOGIN, email=email, returnTo=PAGE).status_code == 400
    assert mails() == []


def test_logging_out_ends_the_session_everywhere(browser: Browser, token: Token) -> None:
    logged_in(browser, token)
    kept = dict(browser.cookies)
    assert browser.send(OUT, {"handle": HANDLE}).status_code == 204
    browser.cookies = kept
    assert "Mail me the link" in browser.get(PAGE).text
    assert browser.send(OUT, {"handle": HANDLE}).status_code == 204


def test_a_handle_that_is_not_there_and_methods_that_are_not_taken(browser: Browser, mails: Mails) -> None:
    refused(browser.send(MAGIC, {**WANTED, "handle": "nobody", "returnTo": "/nobody/p/lamp"}), 404, "not_found")
    refused(browser.get(LOGIN), 405, "method_not_allowed")
    refused(browser.post(PAGE, email=MAIL), 405, "method_not_allowed")
    assert browser.post("/nobody/p/login", email=MAIL, returnTo="/nobody/p/lamp").status_code == 404
    assert mails() == []


def test_the_mail_holds_the_handles_name_and_our_words_only(
    browser: Browser, client: Client, funnel: Funnel, mails: Mails
) -> None:
    renamed = client.patch(funnel.base, {"name": "Gharart & Co"}, by=funnel.cast.owner)
    assert renamed.status_code == 200
    browser.post(LOGIN, email=MAIL, returnTo=f"{PAGE}?utm_source=buy+now+at+evil.example")
    (mail,) = mails()
    assert "evil" not in mail.as_string()
    assert "Gharart & Co" in mail.get_content()


def test_secrets_are_stored_hashed_and_mails_for_the_owner_of_the_folder_alone(
    browser: Browser, token: Token, funnel: Funnel, installation: Any
) -> None:
    logged_in(browser, token)
    rows = str([funnel.rows(table) for table in ("magic_links", "visitor_sessions")])
    secret = browser.cookies[f"fp_login_{HANDLE}", "/v2/visitor"]
    assert token() not in rows
    assert secret not in rows
    folder = installation.settings.data / "mails"
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_a_page_that_is_open_to_all_asks_nobody(browser: Browser, site: Site) -> None:
    site.write(draft(accessMode="PUBLIC"))
    assert "folds" in browser.get(PAGE).text
    assert browser.get(f"{PUBLIC_SITE}/{CAMPAIGN}").status_code == 200
