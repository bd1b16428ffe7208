"""Who may ask: hosts, origins, and the headers that keep a browser from being used against its user.

Responsible for the checks before any handler runs. Must never know what is asked for.

| attack | check |
|---|---|
| DNS rebinding: a page's own name is made to point at this machine | the Host header is a known name |
| cross-site WebSocket: any page may open one, with no same-origin rule | Origin is ours, or absent |
| cross-site POST | Origin is ours; without one Sec-Fetch-Site says same-origin or none |

FreeSWITCH's media sockets are let pass: it names us by any address and sends an Origin made of it, and
what lets it in is a token for one use in the path.

Clients that are not browsers send neither header and are let through: what protects from them is the
loopback address and the login.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from werkzeug.exceptions import BadRequest, Forbidden

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
PROBES = frozenset({"/healthz", "/readyz"})
"""Probes come by address, and tell nothing that would be worth an attack."""
MEDIA_PATH = "/ws/freeswitch/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "connect-src 'self' ws: wss:",
            "media-src 'self' blob:",
            "img-src 'self' data:",
            "style-src 'self'",
            "script-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def add_guard(app: Flask, allowed_hosts: frozenset[str], allowed_origins: frozenset[str]) -> None:
    """Check every request of `app`, and add the headers to every answer."""
    hosts = LOOPBACK_HOSTS | {host.lower() for host in allowed_hosts}
    origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)

    def check() -> None:
        # A client that compresses costs us time and memory for 20 ms pieces of noise-like audio.
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        if request.path.startswith(MEDIA_PATH):
            return
        if request.path not in PROBES and host_name(request.headers.get("Host", "")) not in hosts:
            raise BadRequest("this host name is not served here; add it to the allowed hosts")
        if not same_site(request, origins):
            raise Forbidden("requests from pages of other origins are refused")

    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.before_request(check)
    app.after_request(protect)


def host_name(host: str) -> str | None:
    """The name in a Host header (`[::1]:8080` gives `::1`), in lower case; None for nonsense."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - raises for one that is no number
    except ValueError:
        return None
    clean = parts.netloc == host and "@" not in host
    return parts.hostname.rstrip(".") if clean and parts.hostname else None


def same_site(asked: Request, origins: frozenset[str]) -> bool:
    """Whether a request that a browser would make for another site's page can be ruled out."""
    opens_socket = asked.headers.get("Upgrade", "").lower() == "websocket"
    if asked.method in SAFE_METHODS and not opens_socket:
        return True
    origin = asked.headers.get("Origin")
    if origin is None:
        return asked.headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")
    if origin.lower() in origins:
        return True
    # Scheme apart: behind a proxy that ends TLS ours is http and the page's https.
    scheme, _, authority = origin.lower().partition("://")
    return scheme in ("http", "https") and authority == asked.headers.get("Host", "").lower()
