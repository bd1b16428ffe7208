"""`/api/v1/calls` and transfers over a desk that does what the test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from controller.gateway.phone_ports import CallRequest, PhoneRefused
from controller.gateway.server import create_app
from tests.login import key_client
from tests.unit.gateway.fakes import make_deps

CALL = {
    "call_id": "c1", "number": "1001", "bot": None, "state": "dialling", "disposition": None,
    "cause": None, "session_id": None, "placed_at": "2026-01-01T00:00:00+00:00", "answered_at": None,
    "ended_at": None,
}  # fmt: skip


class FakeDesk:
    """PhoneDesk; `refusal` is raised if set."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: PhoneRefused | None = None

    def _do(self, *what: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append(what)

    def place(self, order: CallRequest) -> Mapping[str, Any]:
        self._do("place", order)
        return CALL

    def recent(self) -> Sequence[Mapping[str, Any]]:
        return [CALL]

    def find(self, call_id: str) -> Mapping[str, Any]:
        self._do("find", call_id)
        return CALL

    def hang_up(self, call_id: str) -> None:
        self._do("hang_up", call_id)

    def send_dtmf(self, call_id: str, digits: str) -> None:
        self._do("dtmf", call_id, digits)

    def transfer(self, session_id: str, destination: str, mode: str) -> None:
        self._do("transfer", session_id, destination, mode)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def client(desk: FakeDesk) -> FlaskClient:
    return key_client(create_app(replace(make_deps(), phone=desk)))


def test_a_call_is_placed(client: FlaskClient, desk: FakeDesk) -> None:
    body = {
        "number": " 1001 ", "bot": "demo", "variables": {"name": "李雷"}, "gateway": "trunk",
        "caller_id": "+4930", "ring_s": 20,
    }  # fmt: skip
    answer = client.post("/api/v1/calls", json=body)
    assert answer.status_code == 202
    assert answer.json == CALL
    assert desk.asked == [("place", CallRequest("1001", "demo", {"name": "李雷"}, "trunk", "+4930", 20))]


def test_only_the_number_is_needed(client: FlaskClient, desk: FakeDesk) -> None:
    assert client.post("/api/v1/calls", json={"number": "1001"}).status_code == 202
    assert desk.asked == [("place", CallRequest("1001"))]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "number"),
        ([], "JSON object"),
        ("1001", "JSON object"),
        ({"number": ""}, "number"),
        ({"number": "1" * 33}, "number"),
        ({"number": 1001}, "number"),
        ({"number": "1001", "ring_s": 4}, "ring_s"),
        ({"number": "1001", "ring_s": 121}, "ring_s"),
        ({"number": "1001", "bott": "demo"}, "bott"),
        ({"number": "1001", "variables": {"a": 1}}, "variables.a"),
        ({"number": "1001", "variables": {"a": "x" * 1025}}, "variables.a"),
        ({"number": "1001", "variables": {str(n): "" for n in range(65)}}, "variables"),
    ],
)
def test_a_bad_order_says_what_is_wrong(
    client: FlaskClient, desk: FakeDesk, body: Any, says: str
) -> None:
    answer = client.post("/api/v1/calls", json=body)
    assert answer.status_code == 400
    assert says in answer.json["error"]["message"]
    assert desk.asked == []


def test_no_json_at_all(client: FlaskClient) -> None:
    assert client.post("/api/v1/calls", data="number=1001").status_code == 400
    assert client.post("/api/v1/calls", data="{", content_type="application/json").status_code == 400


@pytest.mark.parametrize(("status", "code"), [(403, "destination_not_allowed"), (429, "too_many_calls")])
def test_a_refusal_keeps_its_code(client: FlaskClient, desk: FakeDesk, status: int, code: str) -> None:
    desk.refusal = PhoneRefused(status, code, "not that number")
    answer = client.post("/api/v1/calls", json={"number": "1001"})
    assert answer.status_code == status
    assert answer.json == {"error": {"code": code, "message": "not that number"}}


def test_what_is_done_to_a_call(client: FlaskClient, desk: FakeDesk) -> None:
    assert client.get("/api/v1/calls").json == {"calls": [CALL]}
    assert client.get("/api/v1/calls/c1").json == CALL
    assert client.post("/api/v1/calls/c1/hangup").status_code == 202
    assert client.post("/api/v1/calls/c1/dtmf", json={"digits": "12#"}).status_code == 202
    moved = client.post("/api/v1/sessions/s1/transfer", json={"destination": "1002", "mode": "blind"})
    assert moved.json == {"session_id": "s1", "transferred": True}
    client.post("/api/v1/sessions/s1/transfer", json={"destination": "1002"})
    assert desk.asked == [
        ("find", "c1"), ("hang_up", "c1"), ("dtmf", "c1", "12#"), ("transfer", "s1", "1002", "blind"),
        ("transfer", "s1", "1002", "attended"),
    ]  # fmt: skip


@pytest.mark.parametrize("digits", ["", "12x", "1 2", "1" * 33, "w1"])
def test_keys_that_are_none(client: FlaskClient, desk: FakeDesk, digits: str) -> None:
    assert client.post("/api/v1/calls/c1/dtmf", json={"digits": digits}).status_code == 400
    assert desk.asked == []


def test_a_mode_that_is_none(client: FlaskClient, desk: FakeDesk) -> None:
    body = {"destination": "1002", "mode": "psychic"}
    assert client.post("/api/v1/sessions/s1/transfer", json=body).status_code == 400
    assert desk.asked == []


def test_a_page_of_another_origin_calls_nobody(client: FlaskClient, desk: FakeDesk) -> None:
    evil = {"Origin": "http://evil.example"}
    assert client.post("/api/v1/calls", json={"number": "1001"}, headers=evil).status_code == 403
    assert desk.asked == []


def test_without_freeswitch_it_says_so() -> None:
    client = key_client(create_app(make_deps()))
    for answer in (
        client.post("/api/v1/calls", json={"number": "1001"}),
        client.get("/api/v1/calls"),
        client.post("/api/v1/calls/c1/hangup"),
    ):
        assert answer.status_code == 503
        assert answer.json["error"]["code"] == "no_freeswitch"
