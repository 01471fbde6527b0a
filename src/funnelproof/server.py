"""The server: granian's workers around the application, and logs as JSON lines on stderr."""

import contextlib
import ctypes
import gc
import http.client
import logging
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from funnelproof import app, opening, settings
from funnelproof.settings import Settings
from funnelproof.storage.slots import hold_slot
from funnelproof.web.edge import Asgi

SECONDS_TO_STOP = 9
CONNECTIONS = 8192
PATIENCE_SECONDS = 30.0
SECONDS_UNTIL_ALL_THREADS_ARE_THERE = 1.0
FIRST_ASKED = "/_fp/plain.css"
GRANIAN_LEVELS = {"debug": LogLevels.info, "error": LogLevels.error}


STOPPING = multiprocessing.RawValue(ctypes.c_bool, False)  # noqa: FBT003
"""Shared with the workers, which are forked."""


class Server(MPServer):
    """Tells `on_ready` once the first worker answers."""

    on_ready: Callable[[], None] | None = None

    def signal_handler_interrupt(self, *given: Any, **more: Any) -> None:
        """A worker hears of its end once all requests are answered; what takes long has to hear of it before."""
        STOPPING.value = True
        super().signal_handler_interrupt(*given, **more)  # type: ignore[no-untyped-call]

    def startup(self, *given: Any) -> None:
        super().startup(*given)  # type: ignore[no-untyped-call]
        threading.Thread(target=self._wait_until_ready, name="ready", daemon=True).start()

    def _wait_until_ready(self) -> None:
        if answers(self.bind_addr, self.bind_port) and self.on_ready is not None:
            self.on_ready()


def serve(given: Settings, *, host: str, port: int, workers: int, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT. Workers read their settings from the environment."""
    allow_files(2 * CONNECTIONS)
    # Forked workers share what is imported here already: they start, and start again, within a fraction of a second.
    multiprocessing.set_start_method("fork", force=True)
    server = Server(
        "funnelproof.server:application",
        factory=True,
        interface=Interfaces.ASGI,
        # Telling HTTP/1.1 from 2 by the first bytes would wait for them without a limit of time.
        http=HTTPModes.http1,
        address=host,
        port=port,
        workers=workers,
        websockets=False,
        # Beyond it connections wait unanswered, idle ones counted: claims must meet the lane's bound long before.
        backpressure=max(CONNECTIONS, 2 * given.ingest_waiting),
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_STOP,
        log_level=GRANIAN_LEVELS.get(given.log_level.lower(), LogLevels.warning),
        log_dictconfig=log_configuration(given.log_level),
    )
    server.on_ready = on_ready
    server.serve()


def application() -> Asgi:
    """What each worker calls: the application, its counters under a slot that no other worker holds."""
    home = opening.open_installation(settings.read_settings())
    hold_slot(home.database, home.settings.data)
    made = app.Application(home)
    made.aside.is_stopping = lambda: bool(STOPPING.value)
    settle_in()
    return made


def settle_in() -> None:
    """How a worker shares its core and its interpreter, once all is imported that stays."""
    look_for_cycles_less_often()
    timer = threading.Timer(SECONDS_UNTIL_ALL_THREADS_ARE_THERE, let_sockets_wait)
    timer.daemon = True
    timer.start()


def look_for_cycles_less_often() -> None:
    """What is here already stays, and a request leaves no cycles behind: looking after every 700 objects takes 9 %."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def let_sockets_wait() -> None:
    """On the core of the loop, the server's threads take their turn when the loop is done, not at every answer.

    Woken for one answer, a thread would push the loop aside, send, sleep and give way again, for each of them: as
    batch work (sched(7)) it waits for its turn and finds many. Where there is a free core it runs there at once.
    """
    if not hasattr(os, "SCHED_BATCH"):
        return
    ours = {thread.native_id for thread in threading.enumerate()}
    for thread in Path("/proc/self/task").iterdir():
        if int(thread.name) not in ours:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(int(thread.name), os.SCHED_BATCH, os.sched_param(0))


def allow_files(wanted: int) -> None:
    """Many systems allow a process 1,024 open files, connections among them, until it asks for more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        goal = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        with contextlib.suppress(ValueError, OSError):  # a system may have a ceiling that it does not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (goal, most))


def answers(host: str, port: int) -> bool:
    """Whether a worker answers within half a minute. Connecting proves nothing: the socket listens before they do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", FIRST_ASKED)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
        finally:
            connection.close()
    return False


def log_configuration(level: str) -> dict[str, Any]:
    """For `logging.config`: one JSON object a line, on stderr, in the parent and in each worker."""
    handler = {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": json_lines}},
        "handlers": {"stderr": handler},
        "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}, "alembic": {"level": "WARNING"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }


def json_lines() -> logging.Formatter:
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.EventRenamer("message"),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
