"""What a user agent tells: a bot or a person, on which kind of device. Each text is parsed once and remembered."""

import re
from dataclasses import dataclass
from functools import lru_cache

import crawleruseragents
from ua_parser import parse

from funnelproof.word import Word

REMEMBERED = 8192
LONGEST = 512
PHONE_SYSTEMS = {"iOS", "Android", "Windows Phone", "BlackBerry OS", "KaiOS", "Tizen", "HarmonyOS"}
DESKTOP_SYSTEMS = {"Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Debian", "Chrome OS", "FreeBSD", "OpenBSD"}
TABLET = re.compile(r"iPad|Tablet|Kindle|Silk|PlayBook", re.IGNORECASE)


class Device(Word):
    MOBILE = "MOBILE"
    TABLET = "TABLET"
    DESKTOP = "DESKTOP"
    BOT = "BOT"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Agent:
    device: str
    is_bot: bool


def agent_of(user_agent: str) -> Agent:
    return _agent_of(user_agent[:LONGEST])


@lru_cache(maxsize=REMEMBERED)
def _agent_of(user_agent: str) -> Agent:
    if not user_agent or crawleruseragents.is_crawler(user_agent):
        return Agent(Device.BOT.value, is_bot=True)
    return Agent(_device_of(user_agent).value, is_bot=False)


def _device_of(user_agent: str) -> Device:
    parsed = parse(user_agent)
    system = parsed.os.family if parsed.os else ""
    if TABLET.search(user_agent) or (system == "Android" and "Mobile" not in user_agent):
        return Device.TABLET
    if system in PHONE_SYSTEMS:
        return Device.MOBILE
    if system in DESKTOP_SYSTEMS or system.startswith("Windows"):
        return Device.DESKTOP
    return Device.UNKNOWN
