"""Who is at the other end, proxies in between only if they are trusted."""

import pytest

from funnelproof.web.peer import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.1.1.1", "10.3.3.3", "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("::ffff:10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "2606:4700::1", "2606:4700::1"),
        ("192.0.2.7", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy(peer: str, forwarded: str, address: str) -> None:
    assert PROXIES.client_address(peer, {"x-forwarded-for": forwarded}) == address


def test_without_trusted_proxies_only_the_peer_counts() -> None:
    assert TrustedProxies([]).client_address("10.0.0.1", {"x-forwarded-for": "1.1.1.1"}) == "10.0.0.1"
