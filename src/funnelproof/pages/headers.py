"""What every answer with a page says beside it: the policy that keeps anybody else's script and pictures out."""

from funnelproof.web.headers import RawHeader

HTML = "text/html; charset=utf-8"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE: list[RawHeader] = [(b"content-security-policy", CSP.encode()), (b"referrer-policy", b"strict-origin")]


def safe_within(origin: str) -> list[RawHeader]:
    """The same, but that one origin may show the page in a frame: the dashboard, a preview beside its editor."""
    policy = CSP.replace("frame-ancestors 'none'", f"frame-ancestors {origin}")
    return [(b"content-security-policy", policy.encode()), *SAFE[1:]]
