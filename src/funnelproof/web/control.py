"""The control plane: a FastAPI app made of the features' routers, answering every refusal as a problem document."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from funnelproof import __version__
from funnelproof.errors import Fault, Invalid, NotFound, Problem, invalid_payload
from funnelproof.installation import Installation
from funnelproof.web.faults import faults_of
from funnelproof.web.openapi import Describe, complete
from funnelproof.web.problems import MEDIA_TYPE, InternalError, NoSuchMethod, body_of, headers_of, status_of

DESCRIPTION = (
    "Campaigns, A/B tests, exactly-once conversions and test receipts. Times are ISO 8601 UTC, names are camelCase."
)

TOLD_AT_ONCE = 20


class Control(FastAPI):
    """`extra_paths` are OpenAPI path items of routes that others answer; `describers` add what features know."""

    def __init__(self, **options: Any) -> None:
        self.extra_paths: dict[str, Any] = {}
        self.describers: list[Describe] = []
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi(), self.extra_paths, self.describers)
        return self.openapi_schema


def control_plane(
    home: Installation, routers: Sequence[APIRouter], *, extra_paths: Mapping[str, Any] | None = None
) -> Control:
    """Not yet guarded: hand it to `access.guard.guarded`."""
    control = Control(
        title="Funnelproof",
        version=__version__,
        description=DESCRIPTION,
        servers=[{"url": home.settings.control_url}],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(_refuse_unknown_query)],
        exception_handlers={
            Problem: _refuse,
            RequestValidationError: _refuse_shape,
            HTTPException: _refuse_route,
            Exception: _break,
        },
    )
    for router in routers:
        control.include_router(router)
    control.extra_paths.update(extra_paths or {})
    return control


def query_names(route: Any) -> frozenset[str] | None:
    """The query parameters that a route takes; None for one that is not in the document, such as a page.

    Read from the route itself: making the whole document for it held the first request up for most of a second.
    """
    if not (isinstance(route, APIRoute) and route.include_in_schema):
        return None
    return frozenset(one.alias for one in get_flat_params(route.dependant) if isinstance(one.field_info, Query))


async def _refuse_unknown_query(request: Request) -> None:
    """A parameter that no route reads would be a typing slip that nobody is told of."""
    told = request.query_params.keys()
    if not told:
        return
    known = query_names(request.scope["route"])
    unknown = sorted(set(told) - known) if known is not None else []
    if unknown:
        takes = ", ".join(sorted(known or ())) or "none"
        raise invalid_payload(
            [
                Fault(f"/query/{name[:64]}", "unknown_field", f"is not a parameter of this route; it takes: {takes}.")
                for name in unknown[:TOLD_AT_ONCE]
            ]
        )


def _document(request: Request, problem: Problem) -> Response:
    body = body_of(problem, request_id=request.state.request_id, instance=request.url.path)
    request.state.error = problem.code
    return Response(body, status_of(problem), dict(headers_of(problem)), media_type=MEDIA_TYPE)


async def _refuse(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - it is registered for these
    return _document(request, problem)


async def _refuse_shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - it is registered for these
    return _document(request, invalid_payload(faults_of(error.errors(), error.body)))


async def _refuse_route(request: Request, error: Exception) -> Response:
    """FastAPI's own refusals: no such address, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    if error.status_code == 405:
        allowed = sorted(((error.headers or {}).get("Allow") or "").split(", "))
        return _document(request, NoSuchMethod(allow=allowed))
    return _document(request, NotFound() if error.status_code == 404 else Invalid("invalid_payload", str(error.detail)))


async def _break(request: Request, _error: Exception) -> Response:
    """The answer only; the outermost gate writes the log line."""
    return _document(request, InternalError())
