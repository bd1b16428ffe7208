"""`switchtalk call`: asks a running server to make a call, and shows how it goes until its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import gevent
import requests
from rich.console import Console
from rich.markup import escape

LOOK_EVERY_S = 0.3
RECORDS_WITHIN_S = 3.0
"""The last turn is on record a moment after the call's end."""
STATES = {"dialling": "Dialling…", "ringing": "Ringing…", "talking": "They are talking…"}
WELL = ("completed", "transferred")


class ServerSaysNo(Exception):
    """The server can't, or can't be reached; the message says why and what to do."""


class Server:
    """The HTTP side of a running server at `url`. All methods raise ServerSaysNo.

    `headers` show who asks; they go to this server alone, never on to where it redirects.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers or {})

    def place(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a call."""
        return self._ask("POST", "/api/v1/calls", order)

    def call(self, call_id: str) -> dict[str, Any]:
        """A call as it is now."""
        return self._ask("GET", f"/api/v1/calls/{call_id}")

    def hang_up(self, call_id: str) -> None:
        """End a call."""
        self._ask("POST", f"/api/v1/calls/{call_id}/hangup")

    def turns(self, session_id: str) -> list[dict[str, Any]]:
        """What has been said so far."""
        try:
            return list(self._ask("GET", f"/api/v1/sessions/{session_id}")["turns"])
        except ServerSaysNo:
            return []  # not on record yet

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = requests.request(
                method,
                self._url + path,
                json=body,
                headers=self._headers,
                timeout=10,
                allow_redirects=False,
            )
            values = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise ServerSaysNo(
                f"no SwitchTalk server answers at {self._url} ({type(error).__name__}); start one with "
                "`switchtalk run`, or name it with --server"
            ) from error
        if answer.status_code == 401:
            raise ServerSaysNo(
                "the server wants to know who asks: run this as the user who runs the server, from the "
                "same directory (var/local.key), or name a file with an API key: --key-file"
            )
        if not answer.ok:
            raise ServerSaysNo(str(values.get("error", {}).get("message") or answer.status_code))
        return dict(values)


def make_call(console: Console, server: Server, order: Mapping[str, Any], *, wait: bool) -> int:
    """Make the call and show it; the exit code: 0 when there was a conversation, else 3."""
    call = server.place(order)
    call_id = call["call_id"]
    console.print(f"Call {call_id} to {escape(str(order['number']))}")
    if not wait:
        return 0
    try:
        call = _follow(console, server, call_id)
    except KeyboardInterrupt:
        server.hang_up(call_id)
        console.print("Hanging up…")
        call = _follow(console, server, call_id)
    good = call["disposition"] in WELL
    colour = "green" if good else "red"
    console.print(f"[{colour}]{call['disposition']}[/{colour}] ({call['cause']})")
    return 0 if good else 3


def _follow(console: Console, server: Server, call_id: str) -> dict[str, Any]:
    shown = 0
    with console.status("Dialling…") as status:
        while True:
            call = server.call(call_id)
            over = call["state"] == "ended"
            status.update(STATES.get(call["state"], "Ending…"))
            if call["session_id"]:
                shown = _show(console, server.turns(call["session_id"]), shown)
            if over:
                break
            gevent.sleep(LOOK_EVERY_S)
    until = monotonic() + RECORDS_WITHIN_S
    while call["session_id"] and shown == 0 and monotonic() < until:
        gevent.sleep(LOOK_EVERY_S)
        shown = _show(console, server.turns(call["session_id"]), shown)
    return call


def _show(console: Console, turns: list[dict[str, Any]], shown: int) -> int:
    for turn in turns[shown:]:
        for who, text in _lines(turn):
            console.print(f"[bold]{who}[/bold] {escape(text)}")
    return max(shown, len(turns))


def _lines(turn: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if turn["caller_text"]:
        yield "caller", turn["caller_text"]
    if turn["heard_text"]:
        yield "bot   ", turn["heard_text"] + (" —" if turn["interrupted"] else "")
