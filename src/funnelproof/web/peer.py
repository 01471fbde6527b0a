"""Who is at the other end of the connection, proxies in between only if they are trusted."""

import ipaddress
from collections.abc import Mapping, Sequence


class TrustedProxies:
    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def trusts(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks)

    def client_address(self, peer: str, headers: Mapping[str, str]) -> str:
        """The nearest address that is not a trusted proxy; `X-Forwarded-For` counts only if the peer is one."""
        if not self._networks or not self.trusts(peer):
            return peer
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
            if hop.strip() and not self.trusts(hop.strip()):
                return hop.strip()
        return peer
