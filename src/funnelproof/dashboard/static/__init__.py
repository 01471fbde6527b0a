"""Style and scripts as they are served: a few files, no build step."""

from functools import cache
from importlib.resources import files

from starlette.responses import Response

KINDS = {
    "dashboard.css": "text/css",
    "dashboard.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "pictures.js": "text/javascript",
    "quick.js": "text/javascript",
}
HEADERS = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}


def answer(name: str) -> Response:
    if name not in KINDS:
        return Response("There is no such file.", 404, media_type="text/plain")
    return Response(_text(name), media_type=KINDS[name], headers=HEADERS)


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text("utf-8")
