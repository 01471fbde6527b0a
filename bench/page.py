"""docs/performance.md holds the last tables between two headings that name themselves."""

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN = "## The last run\n"
END = "## What costs what\n"


def write_into_docs(text: str, page: Path = PAGE) -> None:
    """Replace what stands between the two headings."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page.name} lacks the heading {(BEGIN if not begin else END).strip()!r}.")
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}")
