"""Runs the shell of a Markdown page: `sh` blocks in order, in one shell, each beside the output the page shows for it.

A fence of `text` or `json` after an `sh` block is what the block prints. One marked `again` is what it prints when the
page is gone through once more on the same data folder. Ids, times and other things that must differ are made alike.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)( again)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 600
MARK = "=== block %d ===\n"
ALIKE = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b(clk|cnv|run|req|tok|usr|his|shr|dep)_[0-9a-f]{32}\b"), r"\1_ID"),
    (re.compile(r"patv1_tok_ID\.[\w-]{43}"), "TOKEN"),
    (re.compile(r"(?<![\w-])[\w-]{4}\.[\w-]{90,260}"), "CTX"),
    (re.compile(r"rt1\.[\w.-]{100,}"), "RUN_TOKEN"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DAY"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b\d{10}\b"), "SECONDS"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r'"ms": ?[\d.]+'), '"ms":0'),
)


@dataclass
class Block:
    """A piece of shell, and what it prints the first time and again; None: not shown."""

    code: str
    shown: str | None = None
    shown_again: str | None = None

    def expected(self, *, again: bool) -> str | None:
        return self.shown_again if again and self.shown_again is not None else self.shown


def blocks_of(page: str) -> list[Block]:
    blocks: list[Block] = []
    open_for_output = False
    for language, again, text in FENCE.findall(page):
        if language == "sh":
            blocks.append(Block(text))
            open_for_output = True
        elif language in ("text", "json") and open_for_output:
            if again:
                blocks[-1].shown_again = text
            else:
                blocks[-1].shown = text
        else:
            open_for_output = False
    return blocks


def script_of(blocks: list[Block], *, port: int, data: Path) -> str:
    """All blocks with a mark before each; the page's own PORT and DATA are replaced."""
    lines = ["trap 'kill $(jobs -p) $SERVER 2>/dev/null' EXIT", "SERVER="]
    for number, block in enumerate(blocks):
        lines += [f"printf '{(MARK % number).replace(chr(10), chr(92) + 'n')}'", block.code]
    text = "\n".join(lines) + "\n"
    text = re.sub(r"^PORT=.*$", f"PORT={port}", text, flags=re.MULTILINE)
    return re.sub(r"^DATA=.*$", f"DATA={data}", text, flags=re.MULTILINE)


def run(page: str, *, data: Path) -> list[tuple[Block, str]]:
    """Each block with what it printed."""
    blocks = blocks_of(page)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELPROOF_")}
    environment |= {"COLUMNS": "100", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    shell = subprocess.Popen(
        ["sh"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env=environment,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = shell.communicate(script_of(blocks, port=free_port(), data=data), timeout=SECONDS)
    finally:
        if shell.poll() is None:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
    named = re.search(r"^DATA=(.*)$", page, flags=re.MULTILINE)
    shown = printed.replace(str(data), str(Path(named[1])) if named else "")
    return list(zip(blocks, _cut(shown, len(blocks)), strict=True))


def _cut(printed: str, count: int) -> Iterator[str]:
    rest = printed
    for number in range(count):
        _, _, rest = rest.partition(MARK % number)
        yield rest.partition(MARK % (number + 1))[0]


def matches(expected: str, printed: str) -> bool:
    """`…` in what a page shows stands for anything."""
    parts = [re.escape(alike(part)) for part in re.split("…", expected.strip())]
    return re.fullmatch(".*?".join(parts), alike(printed.strip()), re.DOTALL) is not None


def alike(text: str) -> str:
    for pattern, word in ALIKE:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
