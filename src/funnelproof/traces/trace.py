"""One request to the control plane, as it is remembered."""

from dataclasses import dataclass

from funnelproof.clock import DAY, Micros
from funnelproof.errors import NotFound

KEPT_FOR: Micros = 30 * DAY


class NoSuchRequest(NotFound):
    """No request of this id is known among those that you may see: your own, or as OPERATOR all of the handle.

    Requests are kept for 30 days; of visitors' clicks and conversions, the rows that they left tell.
    """


@dataclass(frozen=True, slots=True)
class Trace:
    """`route` is the template, `path` the address without its query. `error` is the code of a refusal."""

    handle: str
    request_id: str
    trace_id: str
    caller: str
    method: str
    route: str
    path: str
    status: int
    error: str | None
    milliseconds: int
    at: Micros
