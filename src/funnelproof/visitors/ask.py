"""What door and routes share: asking for a link and sending the mail, throttled by network."""

from collections.abc import Mapping

from funnelproof.installation import Installation
from funnelproof.mail.mailer import Mailer
from funnelproof.pages.page import VERIFY
from funnelproof.visitors import login
from funnelproof.visitors.visitor import ASKED_AN_HOUR, SPAN, TooManyLogins
from funnelproof.web.peer import TrustedProxies
from funnelproof.web.throttle import Throttle, neighbourhood


class Asking:
    def __init__(self, home: Installation, mailer: Mailer) -> None:
        self._home, self._mailer = home, mailer
        self._proxies = TrustedProxies(home.settings.trusted_proxies)
        self._throttle = Throttle(home.clock, most=ASKED_AN_HOUR, span=SPAN)

    async def ask(self, handle: str, email: str, return_to: str, *, peer: str, headers: Mapping[str, str]) -> str:
        """The nonce for the browser that asks. Says the same whether an address is known, new or had enough mails."""
        if not self._throttle.takes(neighbourhood(self._proxies.client_address(peer, headers))):
            raise TooManyLogins
        address, now = self._address(handle, return_to), self._home.clock.now()
        asked = await self._home.database.write(
            lambda tx: login.ask(tx, handle, email, return_to, address=address, now=now)
        )
        if asked.mail is not None:
            await self._mailer.send(asked.mail)
        return asked.nonce

    def _address(self, handle: str, return_to: str) -> str:
        """Where links lead: to the host on which the page was seen, as the settings name it."""
        settings = self._home.settings
        if settings.public_domain and return_to.startswith("/p/"):
            scheme = settings.public_url.partition(":")[0]
            return f"{scheme}://{handle}.{settings.public_domain}/p/{VERIFY}"
        return f"{settings.public_url}/{handle}/p/{VERIFY}"
