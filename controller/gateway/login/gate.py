"""The gate: before any handler runs, who is asking, and may they?

Responsible for recognising (key, ticket, cookie), for the one table (`controller.access.routes`), for
the token that forms must bring, and for the audit log of what was changed. Must never know a handler.
"""

from __future__ import annotations

import structlog
from flask import Flask, Response, g, redirect, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from controller.access.access import Access
from controller.access.model import Actor, Identity, Means, Outcome
from controller.access.ports import Unavailable
from controller.access.roles import Right, Rule, Verdict, needs_nobody, verdict
from controller.access.routes import rule_for
from controller.access.tokens import csrf_token, same
from controller.gateway.guard import SAFE_METHODS
from controller.gateway.login.cookie import COOKIE
from controller.gateway.login.origin import Origins
from controller.gateway.login.paths import to_login

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
IDENTITY = "switchtalk.identity"
"""In the WSGI environment of a request that passed: its Identity, or None for a stranger."""
OWN_BLUEPRINTS = frozenset({"login", "login_api"})
"""Their actions write more telling audit entries than the gate could."""

log = structlog.get_logger(__name__)


def add_gate(app: Flask, access: Access) -> None:
    """Close `app` but for those who may. Call it after `guard.add_guard`."""
    gate = Gate(access)
    app.before_request(gate.check)
    app.after_request(gate.note)
    app.context_processor(
        lambda: {"me": who(), "csrf": g.get("csrf", ""), "login_again": to_login(request)}
    )


def who() -> Identity | None:
    """Who asks, where the gate had to know; None for a stranger, and on routes for everybody."""
    known: Identity | None = g.get("who")
    return known


class Gate:
    """The checks of one app."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._origins = Origins(access.options.behind_proxy)

    def check(self) -> Response | None:
        """Let pass (None), or answer instead of the handler."""
        route = request.url_rule
        asks_methods = request.method == "OPTIONS" and getattr(route, "provide_automatic_options", False)
        if route is None or asks_methods:
            return None  # answered with 404, 405 or a list of methods
        rule = rule_for(request.method, route.rule, route.websocket)
        if rule is None:
            log.error("route without a rule in controller.access.routes", route=route.rule)
        is_open = self._access.softphone.open_for(self._origins.asked(request))
        if rule is None or not needs_nobody(rule, is_open):
            g.who = self.recognise()
        elif rule.right is Right.SOFTPHONE:
            g.who = self._perhaps()
        answer = self._answer(rule, verdict(rule, who(), is_open))
        request.environ[IDENTITY] = who()
        return answer

    def _perhaps(self) -> Identity | None:
        """Who asks, where strangers may too: nobody, while the accounts can't be read."""
        try:
            return self.recognise()
        except Unavailable as error:
            log.warning("a login was not recognised", why=str(error))
            return None

    def recognise(self) -> Identity | None:
        """Who asks. Whoever shows a key is that key, whatever else they bring."""
        given = request.authorization
        if given is not None and given.type == "bearer":
            return self._access.keys.find(given.token or "")
        ticket = request.args.get("token", "")
        if ticket and request.url_rule is not None and request.url_rule.websocket:
            return self._access.tickets.redeem(ticket)
        cookie = request.cookies.get(COOKIE, "")
        g.csrf = csrf_token(cookie) if cookie else ""
        return self._access.sessions.find(cookie) if cookie else None

    def _answer(self, rule: Rule | None, decision: Verdict) -> Response | None:
        known = who()
        if decision is Verdict.PASS:
            if known is not None and known.by is Means.COOKIE and not self._meant():
                raise Forbidden("the form has expired, or was not ours; reload the page")
            return None
        if decision is Verdict.FORBIDDEN:
            needed = "" if rule is None or rule.scope is None else f", or key scope {rule.scope}"
            raise Forbidden(f"this needs role {rule.right}{needed}" if rule else "this is closed")
        if self._is_page():
            return _see_other(to_login(request))
        raise Unauthorized("log in, or send an API key", www_authenticate=WWWAuthenticate("bearer"))

    def _meant(self) -> bool:
        """Whether the user's own page sent this, not another site's form with the user's cookie."""
        if request.method in SAFE_METHODS:
            return True
        given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
        return same(given, g.csrf)

    def _is_page(self) -> bool:
        """Whether a person looks at the answer: a page, or a form of one that was sent."""
        route = request.url_rule
        return (
            "Authorization" not in request.headers
            and not request.path.startswith(("/api/", "/metrics"))
            and (route is None or not route.websocket)
        )

    def note(self, response: Response) -> Response:
        """Log what somebody changed, or tried to."""
        known = who()
        if known is None or request.method in SAFE_METHODS or request.blueprint in OWN_BLUEPRINTS:
            return response
        route = request.url_rule.rule if request.url_rule else request.path
        target = " ".join(str(value) for value in (request.view_args or {}).values())
        outcome = Outcome.DONE if response.status_code < 400 else Outcome.FAILED
        if response.status_code in (401, 403):
            outcome = Outcome.REFUSED
        actor = Actor(known.name, self._origins.address(request), known.user_id)
        self._access.audit.note(actor, f"{request.method} {route}", target, outcome)
        return response


def _see_other(where: str) -> Response:
    answer = redirect(where, 303)
    return Response(answer.get_data(), 303, answer.headers)
