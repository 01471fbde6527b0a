"""`funnelproof serve`: the server, after a look at what it is to serve."""

import gc
import ipaddress
import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnelproof.cli.home import DataOption, JsonOption, check_exists, init_command
from funnelproof.cli.refusal import Refused

if TYPE_CHECKING:
    from funnelproof.settings import Settings

ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - what an operator may ask for


def serve(
    data: DataOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Processes; one is right for SQLite.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C. Says so once it answers; logs go to stderr as JSON lines."""
    port = port or free_port(host)
    check_port(host, port)
    settings = settings_for(data, host, port)
    check_served(settings)
    address = url(host, port)

    def on_ready() -> None:
        line = f"Funnelproof serves {address} (data: {settings.data}, workers: {workers}). Ctrl-C stops it."
        answer = {"url": address, "data": str(settings.data), "workers": workers, "pid": os.getpid()}
        print(json.dumps(answer) if as_json else line, flush=True)  # noqa: T201 - typer.echo does not flush a pipe

    # What is imported stays: looking for cycles among it again and again takes a sixth of the time.
    gc.disable()
    from funnelproof import server

    gc.enable()
    server.serve(settings, host=host, port=port, workers=workers, on_ready=on_ready)


def settings_for(data: Path | None, host: str, port: int) -> "Settings":
    """Put into the environment, where workers read, what the command line says and the environment does not."""
    from funnelproof.settings import read_settings, variable

    if data is not None:
        os.environ[variable("data")] = str(data)
    here = url("127.0.0.1" if host in ANYWHERE else host, port)
    for name in ("control_url", "public_url"):
        os.environ.setdefault(variable(name), here)
    settings = read_settings()
    check_origins(settings, host)
    return settings


def check_origins(settings: "Settings", host: str) -> None:
    if is_loopback(host) or settings.single_origin or settings.control_url != settings.public_url:
        return
    raise Refused(
        "origins_not_apart",
        f"{host} can be reached from elsewhere, so dashboard and public links need origins of their own: set "
        "FUNNELPROOF_CONTROL_URL and FUNNELPROOF_PUBLIC_URL to what browsers see, or FUNNELPROOF_SINGLE_ORIGIN=1.",
    )


def check_served(settings: "Settings") -> None:
    """Open once what the workers will open, so that a fault is told in one sentence, before anybody listens."""
    from funnelproof.access import store
    from funnelproof.opening import open_installation

    check_exists(settings)
    home = open_installation(settings)
    try:
        if not home.database.read_now(store.any_user):
            raise Refused("not_initialised", f"There is nobody here to serve yet. First: {init_command(settings)}")
    finally:
        home.lane.close()
        home.database.close()


def check_port(host: str, port: int) -> None:
    """Workers share the port, and would share it with another server, too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            sentence = (
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port (0: any free one)."
            )
            raise Refused("port_taken", sentence) from None


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
