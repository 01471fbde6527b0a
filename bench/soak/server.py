"""A server that is started, watched, killed and started again on the same port."""

import os
import random
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import psutil

from bench.stand import Stand, free_port

PATIENCE_SECONDS = 60.0
SECONDS_TO_STOP = 15.0
LOG = "server.log"


@dataclass
class Life:
    """From one start to the end: `samples` are (seconds since it answered, bytes that the workers hold)."""

    started_in_seconds: float
    began: float
    ended_by: str = ""
    samples: list[tuple[float, int]] = field(default_factory=list)


class Server:
    def __init__(self, stand: Stand, workers: int = 1) -> None:
        self._stand, self._workers, self._port = stand, workers, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.lives: list[Life] = []

    def start(self) -> None:
        """Returns when it answers."""
        began = time.monotonic()
        words = ["serve", "--data", str(self._stand.data), "--port", str(self._port), "--workers", str(self._workers)]
        with (self._stand.data / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "funnelproof", *words, "--json"],
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._stand.variables(),
                start_new_session=True,
            )
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE_SECONDS)
        if not ready or self._process.poll() is not None:
            raise RuntimeError(f"the server did not start: {(self._stand.data / LOG).read_text()[-500:]}")
        self.lives.append(Life(time.monotonic() - began, time.monotonic()))

    def sample(self) -> None:
        life = self.lives[-1]
        life.samples.append((time.monotonic() - life.began, memory_of(self.workers)))

    @property
    def workers(self) -> list[psutil.Process]:
        return list(psutil.Process(self._running.pid).children())

    def kill(self, chance: random.Random) -> None:
        """All of it, as a power cut would, and start it again; or one worker alone, which it replaces itself."""
        if chance.random() < 1 / 4 and self.workers:
            chance.choice(self.workers).kill()
            self.lives[-1].ended_by = "worker killed"
            self.lives.append(Life(0.0, time.monotonic()))
            return
        self.kill_all()
        self.start()

    def kill_all(self) -> None:
        os.killpg(self._running.pid, signal.SIGKILL)
        self._end("killed")

    def stop(self) -> None:
        """As an operator would; does nothing if it is not running."""
        if self._process is not None:
            self._process.terminate()
            self._end("stopped")

    def _end(self, how: str) -> None:
        process = self._running
        try:
            process.wait(SECONDS_TO_STOP)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
            self._process = None
            if self.lives:
                self.lives[-1].ended_by = how

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None  # noqa: S101 - callers started it
        return self._process


def memory_of(workers: list[psutil.Process]) -> int:
    """Bytes of their own: what all share is not what grows."""
    total = 0
    for worker in workers:
        try:
            told = worker.memory_info()
        except psutil.NoSuchProcess:
            continue
        total += told.rss - told.shared
    return total
