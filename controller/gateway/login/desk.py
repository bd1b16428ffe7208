"""What the login's pages and its JSON have in common: who acts, from where, and the cookie.

Responsible for that only. Must never know a form.
"""

from __future__ import annotations

from flask import Response, redirect, request

from controller.access.access import Access
from controller.access.model import Actor, Identity
from controller.access.tokens import digest
from controller.gateway.login.cookie import COOKIE, clear_cookie, set_cookie
from controller.gateway.login.gate import who
from controller.gateway.login.origin import Origins
from controller.gateway.login.paths import HOME


class LoginDesk:
    """The request at hand, as accounts see it."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.origins = Origins(access.options.behind_proxy)

    @property
    def me(self) -> Identity:
        """Who asks, on routes that the gate closes."""
        known = who()
        assert known is not None, "the gate lets no stranger here"
        return known

    @property
    def my_id(self) -> str:
        """The user's id, on routes that no key opens."""
        assert self.me.user_id is not None, "the gate lets no key here"
        return self.me.user_id

    @property
    def actor(self) -> Actor:
        """The same for the audit log."""
        return Actor(self.me.name, self.address, self.me.user_id)

    @property
    def address(self) -> str:
        """Of the client."""
        return self.origins.address(request)

    @property
    def browser(self) -> str:
        """What the browser calls itself."""
        return request.headers.get("User-Agent", "")

    @property
    def old_session(self) -> str:
        """The digest of the login that the browser has, if any."""
        cookie = request.cookies.get(COOKIE, "")
        return digest(cookie) if cookie else ""

    def logged_in(self, token: str, where: str = HOME) -> Response:
        """Give the browser its login and send it on."""
        response = go(where)
        secure = not self.origins.asked(request).loopback_name or self.origins.encrypted(request)
        set_cookie(response, token, self.access.sessions.max_age_s, secure)
        return response

    def logged_out(self) -> Response:
        """Take it away."""
        response = go("/login")
        clear_cookie(response, self.origins.encrypted(request))
        return response

    def setup_url(self, token: str) -> str:
        """The address of a one-time link."""
        scheme = "https" if self.origins.encrypted(request) else "http"
        return f"{scheme}://{request.host}/setup/{token}"


def go(where: str) -> Response:
    """To another page of ours, with GET."""
    answer = redirect(where, 303)
    return Response(answer.get_data(), 303, answer.headers)
