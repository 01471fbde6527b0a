"""Work for processes aside. Light to import, for each of them does."""

import os
import time
from pathlib import Path
from typing import Any

from funnelproof.errors import Unavailable

SECONDS = 60.0


def who(_database: Any) -> tuple[int, int]:
    """(process id, niceness)."""
    return os.getpid(), os.nice(0)


def reads(database: Any) -> bool:
    return bool(database.read_now(lambda tx: tx.connection.exec_driver_sql("SELECT 1").scalar_one()))


def sleep(_database: Any, mark: Path) -> None:
    """Say who sleeps, in a file that is there whole or not at all; then sleep."""
    whole = mark.with_suffix(".whole")
    whole.write_text(str(os.getpid()))
    whole.rename(mark)
    time.sleep(SECONDS)


def refuse(_database: Any) -> None:
    raise Unavailable("a problem of its own")
