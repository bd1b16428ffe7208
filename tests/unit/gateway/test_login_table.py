"""The one table: every route and WebSocket, for everybody who may come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule as Route

from controller.access.access import AccessOptions
from controller.access.model import Role
from controller.access.roles import Right, Scope
from controller.access.routes import ROUTES, rule_for
from controller.access.softphone import PublicSoftphone
from controller.access.tokens import csrf_token
from tests.login import KEY
from tests.unit.gateway.login_office import Browser, Gateway, open_gateway

WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket"}
EVERYBODY = {"stranger", "viewer", "agent", "operator", "admin"}
MAY = {
    Right.PUBLIC: EVERYBODY,
    Right.TOKEN: EVERYBODY,
    Right.SOFTPHONE: {"viewer", "agent", "operator", "admin"},
    Right.VIEWER: {"viewer", "agent", "operator", "admin"},
    Right.AGENT: {"agent", "operator", "admin"},
    Right.OPERATOR: {"operator", "admin"},
    Right.ADMIN: {"admin"},
}
"""Spelled out, not computed as the product does."""


class Anything:
    """What the gateway is given for FreeSWITCH and the dialer: the routes exist, nothing is done."""

    def __getattr__(self, name: str) -> Any:
        return Anything()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return Anything()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Everything switched on; the handlers do nothing but say that they were reached."""
    rest: Any = Anything()
    options = AccessOptions(public_softphone=PublicSoftphone.NO)
    given = dict.fromkeys(("media_sockets", "phone", "flows", "verto", "campaigns"), rest)
    with open_gateway(tmp_path_factory.mktemp("table"), options, **given) as gateway:
        for name in gateway.app.view_functions:
            gateway.app.view_functions[name] = lambda **_: "reached"
        gateway.access.sessions.find = cache(gateway.access.sessions.find)  # type: ignore[method-assign]
        gateway.access.keys.find = cache(gateway.access.keys.find)  # type: ignore[method-assign]
        yield gateway


def routes(app: Flask) -> list[tuple[str, Route]]:
    """Each route by each of its methods; WS for a WebSocket."""
    found = []
    for route in app.url_map.iter_rules():
        methods = {"WS"} if route.websocket else (route.methods or set()) - {"HEAD", "OPTIONS"}
        found += [(method, route) for method in sorted(methods)]
    return found


def ask(client: FlaskClient, method: str, route: Route, **headers: str) -> Any:
    path = re.sub(r"<[^>]+>", "x", route.rule)
    more = WEBSOCKET if method == "WS" else {}
    method = "GET" if method == "WS" else method
    return client.open(path, method=method, headers={**more, **headers})


def come(gateway: Gateway, browser: Browser | None, method: str, route: Route) -> Any:
    if browser is None:
        return ask(gateway.stranger(), method, route)
    token = {"X-CSRF-Token": csrf_token(browser.token)}
    return ask(browser.client, method, route, **token)


def test_every_route_is_in_the_table_and_every_line_is_a_route(gateway: Gateway) -> None:
    found = {f"{method} {route.rule}" for method, route in routes(gateway.app)}
    assert found - ROUTES.keys() == set(), "add these to controller.access.routes"
    assert ROUTES.keys() - found == set(), "these routes are no more"


def test_route_by_role(gateway: Gateway) -> None:
    browsers = {str(role): gateway.browser(f"table-{role}", role) for role in Role}
    for method, route in routes(gateway.app):
        rule = rule_for(method, route.rule, route.websocket)
        assert rule is not None
        for person in EVERYBODY:
            answer = come(gateway, browsers.get(person), method, route)
            passed = answer.status_code == 200 and answer.text == "reached"
            assert passed is (person in MAY[rule.right]), (method, route.rule, person)
            if not passed:
                assert answer.status_code in ((401, 303) if person == "stranger" else (403,))


def test_route_by_scope_of_an_admins_key(gateway: Gateway) -> None:
    user = gateway.office.hire("table-keys", Role.ADMIN)
    keys = {s: gateway.access.keys.make(user.id, s, [s], None)[1] for s in Scope}
    for method, route in routes(gateway.app):
        rule = rule_for(method, route.rule, route.websocket)
        assert rule is not None
        for scope, key in keys.items():
            answer = ask(gateway.stranger(), method, route, Authorization=f"Bearer {key}")
            expected = rule.right in (Right.PUBLIC, Right.TOKEN) or rule.scope is scope
            assert (answer.status_code == 200) is expected, (method, route.rule, scope)


def test_a_key_does_no_more_than_its_owner_may(gateway: Gateway) -> None:
    user = gateway.office.hire("table-small", Role.VIEWER)
    _, key = gateway.access.keys.make(user.id, "all", list(Scope), None)
    for method, route in routes(gateway.app):
        rule = rule_for(method, route.rule, route.websocket)
        assert rule is not None
        answer = ask(gateway.stranger(), method, route, Authorization=f"Bearer {key}")
        keyed = rule.scope is not None and "viewer" in MAY[rule.right]
        assert (answer.status_code == 200) is (keyed or "stranger" in MAY[rule.right])


def test_a_route_without_a_line_is_closed(tmp_path: Path) -> None:
    with open_gateway(tmp_path) as gateway:
        gateway.app.add_url_rule("/forgotten", "forgotten", lambda: "reached")
        assert gateway.browser("root", Role.ADMIN).get("/forgotten").status_code == 403
        assert gateway.stranger().get("/forgotten", headers=KEY).status_code == 403
        assert gateway.stranger().get("/forgotten").status_code == 403


@pytest.mark.parametrize(
    ("line", "role", "scope"),
    [
        ("POST /api/v1/calls", "operator", "call"),
        ("POST /api/v1/sessions/<session_id>/transfer", "agent", "call"),
        ("GET /sessions/<session_id>", "viewer", "read"),
        ("GET /metrics", "viewer", "metrics"),
        ("POST /api/v1/keys", "viewer", None),
        ("POST /api/v1/users", "admin", "admin"),
        ("WS /ws/audio", "softphone", "talk"),
    ],
)
def test_lines_that_must_stay(line: str, role: str, scope: str | None) -> None:
    assert (ROUTES[line].right, ROUTES[line].scope) == (role, scope)
