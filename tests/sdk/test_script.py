"""The script of the SDK as it is served: small, the one of its source, cacheable, open to every origin."""

import json

import pytest

from cast import Client
from cli.conftest import funnelproof
from funnelproof.sdk.script import MOST_BYTES, PATH, PINNED_PATH, SERVED, integrity, snippet
from sdk.minified import minified

BOTH = pytest.mark.parametrize("path", [PATH, PINNED_PATH])


def test_what_is_served_is_made_of_the_source() -> None:
    assert SERVED.read_text() == minified(), "sdk.js was changed: run ./dev sdk"


@BOTH
def test_it_is_small_and_open_to_every_origin(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content == SERVED.read_bytes()
    assert len(answer.content) <= MOST_BYTES
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_pinned_one_is_cached_for_good_and_the_other_for_minutes(client: Client) -> None:
    assert client.get(PINNED_PATH).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get(PATH).headers["cache-control"] == "public, max-age=300"


@BOTH
@pytest.mark.parametrize(
    ("condition", "status"),
    [("{}", 304), ("W/{}", 304), ('"other", {}', 304), ("*", 304), ('"other"', 200), ("", 200), ("garbage", 200)],
)
def test_whoever_has_it_is_told_so(client: Client, path: str, condition: str, status: int) -> None:
    etag = client.get(path).headers["etag"]
    answer = client.get(path, headers={"if-none-match": condition.format(etag)})
    assert (answer.status_code, answer.headers["etag"]) == (status, etag)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len(answer.content) == (0 if status == 304 else SERVED.stat().st_size)


@BOTH
def test_it_is_read_and_nothing_else(client: Client, path: str) -> None:
    head = client.call("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(SERVED.stat().st_size)
    assert client.post(path, {}).status_code == 405


def test_a_policy_without_eval_and_inline_is_enough() -> None:
    script = SERVED.read_text()
    assert [word for word in ("eval(", "Function(", "innerHTML", "document.write", "import(") if word in script] == []


def test_the_snippet_names_the_public_url_and_the_digest_of_what_is_served() -> None:
    told = funnelproof("snippet", FUNNELPROOF_PUBLIC_URL="https://go.gharart.example")
    assert told.stdout.strip() == snippet("https://go.gharart.example")
    assert 'src="https://go.gharart.example/_fp/sdk.v1.js"' in told.stdout
    assert integrity(SERVED.read_bytes()) in told.stdout
    as_object = json.loads(funnelproof("snippet", "--json", FUNNELPROOF_PUBLIC_URL="https://x.example").stdout)
    assert as_object == {
        "html": snippet("https://x.example"),
        "src": "https://x.example/_fp/sdk.v1.js",
        "integrity": integrity(SERVED.read_bytes()),
    }


def test_the_digest_is_the_one_that_other_tools_make() -> None:
    assert integrity(b"alert('Hello, world.');") == (
        "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
    )
