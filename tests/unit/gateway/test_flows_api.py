"""`/api/v1/flows` and the console's `flow`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
from flask.testing import FlaskClient

from controller.gateway.console.commands import Commands
from controller.gateway.openapi import DOCUMENT
from controller.gateway.server import create_app
from tests.login import key_client
from tests.unit.gateway.fakes import make_deps
from tests.unit.gateway_console.fakes import House


@dataclass(frozen=True)
class State:
    bot: str = "demo"
    flow: str = "tiny"
    file: str = "/flows/tiny.yaml"
    version: str = "aaaa00001111"
    since: datetime = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)
    problems: tuple[str, ...] = ()


class Desk:
    """A file that is broken once it is reloaded."""

    def __init__(self) -> None:
        self.states = [State()]

    def status(self) -> list[State]:
        return self.states

    def reload(self) -> list[State]:
        self.states = [replace(State(), problems=("tiny.yaml:3:1: \x1b[2Jno",))]
        return self.states


def checked(answer: Any, path: str, method: str) -> list[dict[str, Any]]:
    described = DOCUMENT["paths"][path][method]["responses"]["200"]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": DOCUMENT["components"]})
    flows: list[dict[str, Any]] = answer.json["flows"]
    return flows


def client(desk: Desk | None) -> FlaskClient:
    return key_client(create_app(replace(make_deps(), flows=desk)))


def test_the_version_each_bot_plays() -> None:
    (flow,) = checked(client(Desk()).get("/api/v1/flows"), "/api/v1/flows", "get")
    assert (flow["bot"], flow["version"], flow["problems"]) == ("demo", "aaaa00001111", [])
    assert flow["since"] == "2026-03-18T10:00:00+00:00"


def test_reloading_tells_what_is_wrong() -> None:
    (flow,) = checked(client(Desk()).post("/api/v1/flows/reload"), "/api/v1/flows/reload", "post")
    assert flow["problems"]


def test_another_site_can_not_reload() -> None:
    answer = client(Desk()).post("/api/v1/flows/reload", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_without_flows() -> None:
    assert checked(client(None).get("/api/v1/flows"), "/api/v1/flows", "get") == []


def typed(line: str, desk: Desk | None) -> str:
    watching: Any = None
    return Commands(replace(House().deps, flows=desk), watching, "test").run(line)


def test_the_console_lists_and_reloads() -> None:
    desk = Desk()
    assert "aaaa00001111" in typed("flow", desk)
    shown = typed("flow reload", desk)
    assert "-ERR tiny.yaml:3:1:" in shown
    assert "\x1b" not in shown
    assert typed("flow burn", desk).startswith("-ERR usage: flow [reload]")
    assert typed("flow", None) == "-ERR there are no flows here"
