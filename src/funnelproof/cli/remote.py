"""A server that a command asks over HTTP, as whoever the token belongs to."""

from typing import Any, Self

import httpx2

from funnelproof.cli.refusal import Refused
from funnelproof.cli.server import address_of, token_of

PATIENCE_SECONDS = 30.0


class Server:
    """Refuses with the server's own code and sentence, or says that it cannot be reached."""

    def __init__(self, url: str, token: str) -> None:
        found = token_of(token, "campaigns.read")
        self.token = found
        headers = {"Authorization": f"Bearer {found}"}
        self._http = httpx2.Client(base_url=address_of(url), headers=headers, timeout=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> dict[str, Any]:
        try:
            answer = self._http.get(path)
            body = answer.json()
        except httpx2.HTTPError as error:
            raise Refused("server_gone", f"{self._http.base_url} does not answer: {error}.") from None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("not_funnelproof", f"{self._http.base_url} is no Funnelproof: it answered no JSON object.")
        if not answer.is_success:
            raise Refused(str(body.get("error", "refused")), str(body.get("detail", "The server refused.")))
        return body
