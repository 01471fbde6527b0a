"""Headers as they come: bytes, by lower-case name."""

from collections.abc import Iterator, Mapping, Sequence

RawHeader = tuple[bytes, bytes]
"""Its name in lower case."""


class Headers(Mapping[str, str]):
    """By lower-case name, decoded when asked for: most are never asked for."""

    __slots__ = ("raw",)

    def __init__(self, pairs: Sequence[RawHeader]) -> None:
        raw = dict(pairs)
        self.raw = raw if len(raw) == len(pairs) else _as_lists(pairs)

    def __getitem__(self, name: str) -> str:
        return self.raw[name.encode("latin-1")].decode("latin-1")

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        value = self.raw.get(name.encode("latin-1"))
        return default if value is None else value.decode("latin-1")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.encode("latin-1") in self.raw

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)


def _as_lists(pairs: Sequence[RawHeader]) -> dict[bytes, bytes]:
    """What stands several times is one list (RFC 9110, 5.3; cookies: RFC 9113, 8.2.3)."""
    raw: dict[bytes, bytes] = {}
    for name, value in pairs:
        between = b"; " if name == b"cookie" else b", "
        raw[name] = raw[name] + between + value if name in raw else value
    return raw
