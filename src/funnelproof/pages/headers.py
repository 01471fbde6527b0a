"""What every answer with a page says beside it: the policy that keeps anybody else's script and pictures out."""

from funnelproof.web.headers import RawHeader

HTML = "text/html; charset=utf-8"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE: list[RawHeader] = [(b"content-security-policy", CSP.encode()), (b"referrer-policy", b"strict-origin")]
