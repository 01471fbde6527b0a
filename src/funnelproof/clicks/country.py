"""The visitor's country: from a trusted proxy's header or an MMDB file; else ZZ, which means unknown."""

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from funnelproof.settings import Settings
from funnelproof.web.peer import TrustedProxies

UNKNOWN = "ZZ"
CODE = re.compile(r"[A-Z]{2}")


class Countries:
    def __init__(self, settings: Settings, proxies: TrustedProxies) -> None:
        self._header = (settings.country_header or "").lower()
        self._proxies = proxies
        self._reader = _open(settings) if settings.geoip_db else None

    def of(self, peer: str, headers: Mapping[str, str]) -> str:
        if self._header and self._proxies.trusts(peer):
            told = headers.get(self._header, "").upper()
            if CODE.fullmatch(told):
                return told
        if self._reader is None:
            return UNKNOWN
        try:
            found = self._reader.get(self._proxies.client_address(peer, headers)) or {}
        except ValueError:  # not an address
            return UNKNOWN
        return str(found.get("country", {}).get("iso_code") or UNKNOWN)


def _open(settings: Settings) -> Any:
    try:
        maxminddb = import_module("maxminddb")
    except ImportError as error:
        raise RuntimeError(
            "FUNNELPROOF_GEOIP_DB needs the package maxminddb: pip install 'funnelproof[geoip]'."
        ) from error
    return maxminddb.open_database(str(settings.geoip_db))
