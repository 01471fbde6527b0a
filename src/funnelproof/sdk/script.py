"""The script as it is served, and the digest by which a page pins it.

`sdk.js` is its source, `sdk.v1.js` what `./dev sdk` makes of that. Pages out there hold the digest of a released
version: its bytes never change again. What comes after it is served as the next version, beside it.
"""

import base64
import hashlib
from pathlib import Path

SOURCE = Path(__file__).with_name("sdk.js")
SERVED = Path(__file__).with_name("sdk.v1.js")
PATH, PINNED_PATH = "/_fp/sdk.js", "/_fp/sdk.v1.js"
MOST_BYTES = 4096


def integrity(script: bytes) -> str:
    """As the attribute `integrity` wants it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


def snippet(public_url: str) -> str:
    """The line for the head of a page. Deferred: scripts deferred after it find it ready."""
    pinned = integrity(SERVED.read_bytes())
    return f'<script src="{public_url}{PINNED_PATH}" integrity="{pinned}" crossorigin="anonymous" defer></script>'
