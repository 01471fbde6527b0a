"""`funnelproof tags lint`, over every kind of file."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from funnelproof.cli.main import app
from funnelproof.cli.refusal import Refused
from funnelproof.lint.places import places_in

GOOD = "https://shop.example/a?utm_source=mail&utm_medium=email&utm_campaign=diwali"
BARE = "https://shop.example/b?utm_source=mail"
MAIL = b"""\
Subject: =?utf-8?q?Diw=C3=A4li?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=half

--half
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

See https://shop.example/b?utm_source=3Dmail.
--half
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p><a href=3D"https://shop.example/a?utm_source=3Dmail&amp;utm_medium=3Demail&amp;utm_=
campaign=3Ddiwali">Lamps</a>
--half--
"""
ADS = "Campaign\tFinal URL\tFinal URL suffix\nDiwali\thttps://shop.example/a\tutm_source=g&utm_medium=cpc\n"
POLICY = """\
required: [utm_source]
tags:
  utm_medium: {values: [email, cpc]}
  utm_campaign: {case: LOWER}
"""


def lint(*words: str | Path) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["tags", "lint", "--json", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("a.txt", f"Look ({GOOD}), and\n{BARE}.".encode(), [("line 1", GOOD), ("line 2", BARE)]),
        ("a.html", f'<a href="{GOOD}">x</a>\n<area HREF=\'{BARE}\'><a href="/c">'.replace("&", "&amp;").encode(),
         [("line 1", GOOD), ("line 2", BARE)]),
        ("a.eml", MAIL, [("text/plain line 1", BARE), ("text/html line 1", GOOD)]),
        ("ads.csv", ADS.encode("utf-16"), [("line 2, Final URL", "https://shop.example/a?utm_source=g&utm_medium=cpc")]),
        ("ads.csv", b"Ad;Link\n\"Diwali; big\";https://shop.example/b\n", [("line 2, Link", "https://shop.example/b")]),
        ("old.txt", b"caf\xe9 https://shop.example/", [("line 1", "https://shop.example/")]),
        ("empty.csv", b"", []),
    ],
)  # fmt: skip
def test_links_are_found_where_they_stand(name: str, content: bytes, places: list[tuple[str, str]]) -> None:
    assert [tuple(place) for place in places_in(name, content)] == places


def test_a_mail_is_linted_and_the_exit_status_tells(tmp_path: Path) -> None:
    file = tmp_path / "diwali.eml"
    file.write_bytes(MAIL)
    status, told = lint(file)
    assert (status, told["ok"], told["links"]) == (1, False, 2)
    (wrong,) = told["wrong"]
    assert [(own["tag"], own["code"]) for own in wrong["findings"]] == [
        ("utm_medium", "missing"),
        ("utm_campaign", "missing"),
    ]
    assert lint(GOOD) == (0, {"ok": True, "links": 1, "wrong": []})


def test_mends_that_need_no_person_are_made(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    _, told = lint(
        "https://shop.example/a?id=1&utm_medium=Email&utm_campaign=DIWALI&utm_source=m#top", "--policy", policy
    )
    assert told["wrong"][0]["becomes"] == (
        "https://shop.example/a?id=1&utm_medium=email&utm_campaign=diwali&utm_source=m#top"
    )


def test_only_links_to_named_hosts_are_looked_at() -> None:
    assert lint(GOOD, "https://elsewhere.example/", "--host", "Shop.Example")[1]["links"] == 1


def test_people_see_a_table_no_wider_than_their_terminal() -> None:
    done = CliRunner().invoke(app, ["tags", "lint", BARE + "&utm_content=" + "x" * 300])
    assert done.exit_code == 1
    assert "add utm_medium=…" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nothing.example"], None),
        ([GOOD, "--host", "elsewhere.example"], "no_links"),
        ([GOOD, "--handle", "gharart", "--policy", "p.yaml"], "usage"),
        ([GOOD, "--handle", "gharart"], "usage"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(words: list[str], code: str | None) -> None:
    with pytest.raises(OSError if code is None else Refused) as refusal:
        lint(*words)
    assert getattr(refusal.value, "code", None) == code


@pytest.mark.parametrize("text", ["required: utm_source", "tags: {utm_term: {pattern: '('}}", "a: [", ""])
def test_a_policy_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(Refused) as refusal:
        lint(GOOD, "--policy", file)
    assert refusal.value.code == "unusable_policy"
