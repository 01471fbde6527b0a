"""Where links stand: in plain text, in HTML, in a mail, in what an ad platform exports."""

import csv
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from html.parser import HTMLParser
from io import StringIO
from typing import NamedTuple

ADDRESS = re.compile(r"https?://[^\s<>\"'`\\^|]{1,8192}", re.IGNORECASE)
TRAILING = ".,;:!?)]"
LONGEST_CELL = 1_000_000
SUFFIX, FINAL = "final url suffix", "final url"
BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


class Place(NamedTuple):
    """A link and where in its source it stands."""

    where: str
    url: str


def places_in(name: str, content: bytes) -> list[Place]:
    """By the kind that the file's name tells; each link once, at its first place."""
    kind = name.lower().rpartition(".")[2]
    reader = {"html": _html, "htm": _html, "csv": _table, "tsv": _table}.get(kind, _plain)
    found = _mail(content) if kind == "eml" else reader(text_of(content))
    first: dict[str, Place] = {}
    for place in found:
        first.setdefault(place.url, place)
    return list(first.values())


def text_of(content: bytes) -> str:
    """Editors of ads export UTF-16; what is no UTF-8 is read as Latin-1, in which addresses look the same."""
    coding = next((coding for mark, coding in BOMS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(coding)
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _plain(text: str) -> Iterator[Place]:
    for number, line in enumerate(text.splitlines(), start=1):
        for found in ADDRESS.findall(line):
            yield Place(f"line {number}", found.rstrip(TRAILING))


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Place] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = (dict(attrs).get("href") or "").strip()
        if tag in ("a", "area") and href.lower().startswith(("http://", "https://")):
            self.found.append(Place(f"line {self.getpos()[0]}", href))


def _html(text: str) -> Iterator[Place]:
    anchors = _Anchors()
    anchors.feed(text)
    anchors.close()
    yield from anchors.found


def _mail(content: bytes) -> Iterator[Place]:
    """Both texts of a mail: people whose program shows no HTML click as well."""
    for part in message_from_bytes(content, policy=policy.default).walk():
        kind = part.get_content_type()
        if part.is_multipart() or kind not in ("text/html", "text/plain"):
            continue
        raw = part.get_payload(decode=True)
        text = _decoded(raw if isinstance(raw, bytes) else b"", part.get_content_charset())
        for place in (_html if kind == "text/html" else _plain)(text):
            yield Place(f"{kind} {place.where}", place.url)


def _decoded(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return text_of(raw)


def _table(text: str) -> Iterator[Place]:
    """Cells that are links, by line and column. A suffix that the platform puts behind an address is put there."""
    first, _, _ = text.partition("\n")
    delimiter = max("\t;,", key=first.count)
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(rows, [])]
    yield from _cells(names, names, 1)
    for row in rows:
        yield from _cells(names, row, rows.line_num)


def _cells(names: list[str], row: list[str], line: int) -> Iterator[Place]:
    by_name = {name.lower(): cell.strip() for name, cell in zip(names, row, strict=False)}
    for at, cell in enumerate(row):
        name = names[at] if at < len(names) else f"column {at + 1}"
        url = cell.strip()
        if not ADDRESS.fullmatch(url):
            continue
        suffix = by_name.get(SUFFIX, "").lstrip("?&") if name.lower() == FINAL else ""
        where = f"line {line}" if row is names else f"line {line}, {name}"
        yield Place(where, with_suffix(url, suffix) if suffix else url)


def with_suffix(url: str, suffix: str) -> str:
    address, mark, fragment = url.partition("#")
    return address + ("&" if "?" in address else "?") + suffix + mark + fragment
