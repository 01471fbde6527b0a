"""The real browser of the tests: Debian's Chromium. Where it is missing they are skipped, and the end tells so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
HOW = "no Chromium on this machine; as root: apt-get install chromium (./dev test does it where it may)"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=HOW)


@contextmanager
def chromium() -> Iterator[Any]:
    """With a new empty profile; closed when the block ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        try:
            yield opened
        finally:
            opened.close()
