"""The archive itself: which files, the same bytes for the same run, and how much of a foreign one is read."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = "funnelproof.bundle/1"
NAMES = ("README.md", "bundle.json", "configuration.json", "page.json", "plan.yaml", "receipt.json", "requests.sh")
TEST = "test_repro.py"
MOST_BYTES = 4 * 1024 * 1024
"""Of the archive, and of what it unpacks to."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)


class UnusableBundle(Exception):  # noqa: N818 - its text is shown as it is
    """Why this file cannot be replayed."""


def pack(files: Mapping[str, str]) -> bytes:
    """Sorted, without a time of its own: one run, one archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def unpack(path: Path) -> dict[str, Any]:
    """The JSON files of a bundle, by their names without an ending, and its plan. Nothing is written anywhere."""
    if not path.is_file():
        raise UnusableBundle(f"There is no file {path}.")
    if path.stat().st_size > MOST_BYTES:
        raise UnusableBundle(f"{path} has more than {MOST_BYTES // 1024 // 1024} MiB: no bundle is so large.")
    try:
        with zipfile.ZipFile(path) as archive:
            found = {name: _read(archive, name) for name in NAMES if name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
        raise UnusableBundle(f"{path} cannot be read as a bundle: {error}") from None
    return _checked(path, found)


def _read(archive: zipfile.ZipFile, name: str) -> str:
    """What it says of its own size is not believed: a small archive may unpack to anything."""
    with archive.open(name) as file:
        told = file.read(MOST_BYTES + 1)
    if len(told) > MOST_BYTES:
        raise ValueError(f"{name} unpacks to more than {MOST_BYTES // 1024 // 1024} MiB")
    return told.decode("utf-8")


def _checked(path: Path, found: Mapping[str, str]) -> dict[str, Any]:
    try:
        told: dict[str, Any] = {
            name.removesuffix(".json"): json.loads(text) for name, text in found.items() if name.endswith(".json")
        }
    except (ValueError, RecursionError) as error:
        raise UnusableBundle(f"{path} holds JSON that cannot be read: {error}") from None
    about = told.get("bundle")
    if not isinstance(about, dict) or "format" not in about:
        raise UnusableBundle(f"{path} is no bundle of a test run: it has no bundle.json that says so.")
    if about["format"] != FORMAT:
        raise UnusableBundle(f"{path} has the format {about['format']!r:.60}; this release reads {FORMAT}.")
    for name in ("configuration", "receipt"):
        if not isinstance(told.get(name), dict):
            raise UnusableBundle(f"{path} lacks {name}.json.")
    return told | {name: text for name, text in found.items() if name == "plan.yaml"}
