"""The plans that come with the product: one for each way in which a funnel is known to break."""

from collections.abc import Iterator
from importlib.resources import files

from funnelproof.plans.faults import UnusableServer, did_you_mean
from funnelproof.plans.read import Script, read_plan

FOLDER = files("funnelproof.plans") / "ready"
SUFFIX = ".yaml"


def names() -> list[str]:
    return sorted(own.name.removesuffix(SUFFIX) for own in FOLDER.iterdir() if own.name.endswith(SUFFIX))


def text_of(name: str) -> bytes:
    """The YAML, as a beginning for a plan of one's own."""
    if name not in names():
        raise UnusableServer("no_ready_plan", f"No ready-made plan is called {name}; {did_you_mean(name, names())}")
    return (FOLDER / f"{name}{SUFFIX}").read_bytes()


def script_of(name: str) -> Script:
    return read_plan(text_of(name), f"{name}{SUFFIX}")


def all_ready() -> Iterator[tuple[str, Script]]:
    for name in names():
        yield name, script_of(name)
