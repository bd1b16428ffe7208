"""Does again what was done with a real mod_verto, and tells what the simulator does differently.

Responsible for one client connection that sends as recorded. Pushes have no fixed order among calls and
clientReady, so they are compared call by call. It must never know how the simulator works inside.
"""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

import gevent
import websocket

from tests.simulator.verto.server import FakeVerto, SimCall
from tests.simulator.verto.transcripts import Step, load

LIMIT_S = 3.0


class Replay:
    """One transcript against one server."""

    def __init__(self, name: str, server: FakeVerto) -> None:
        # the end of a recording: a login that was left unused for 20 s, or its next test's doing
        self.steps = [
            s for s in load(name) if not (isinstance(s.get("recv"), dict) and _idle(s["recv"]))
        ]
        self.server = server
        self._got: list[Any] = []

    def run(self) -> list[str]:
        """The differences; none when all is as recorded."""
        client = websocket.create_connection(self.server.url, timeout=LIMIT_S)
        reader = gevent.spawn(self._read, client)
        try:
            expected: list[Any] = []
            for step in self.steps:
                if "send" in step:
                    self._wait(len(expected))
                    text = step["send"] if isinstance(step["send"], str) else json.dumps(step["send"])
                    client.send(text)
                else:
                    expected.append(step["recv"])
                    self._cause(step, len(expected))
            self._wait(len(expected))
        finally:
            client.close()
            reader.kill()
        return _differences(expected, self._got)

    def _read(self, client: websocket.WebSocket) -> None:
        while True:
            text = client.recv()
            if not text:
                return
            self._got.append(json.loads(text))

    def _wait(self, count: int) -> None:
        until = monotonic() + LIMIT_S
        while len(self._got) < count and monotonic() < until:
            gevent.sleep(0.005)

    def _cause(self, step: Step, so_far: int) -> None:
        """What happened outside of this connection then: calls to it, hang-ups, answers."""
        message = step["recv"]
        if "method" in message:
            self._wait(so_far - 1)
        params = message.get("params", {})
        call = self.server.calls.get(params.get("callID", ""))
        match message.get("method"):
            case "verto.invite":
                self.server.ring(
                    params["callee_id_number"],
                    number=params["caller_id_number"],
                    name=params["caller_id_name"],
                    call_id=params["callID"],
                    callee_name=params["callee_id_name"],
                )
            case "verto.bye" if call is not None and not call.inbound:
                self.server.hang_up(call, params["causeCode"])
            case "verto.answer" if call is not None and call.has_media:
                self.server.answer(call)


def before(transcript: str, server: FakeVerto) -> None:
    """What has been there when a recording begins: a call that waits to be taken up again."""
    for step in load(transcript):
        pushed = step.get("recv", {})
        if isinstance(pushed, dict) and pushed.get("method") == "verto.attach":
            params = pushed["params"]
            sessid = next(s["send"] for s in load(transcript) if "send" in s)["params"]["sessid"]
            call = SimCall(
                params["callID"], params["caller_id_number"], params["callee_id_number"], inbound=True,
                sessid=sessid, dialog={"callID": params["callID"]},
            )  # fmt: skip
            server.calls[call.call_id] = call


def _idle(message: dict[str, Any]) -> bool:
    return message.get("id", 0) is None and message.get("error", {}).get("message") == "Invalid Request"


def _differences(expected: list[Any], got: list[Any]) -> list[str]:
    wanted, found = _sorted(expected), _sorted(got)
    return [
        f"{place}: expected {wanted.get(place)}, got {found.get(place)}"
        for place in {**wanted, **found}
        if wanted.get(place) != found.get(place)
    ]


def _sorted(messages: list[Any]) -> dict[str, list[str]]:
    """By request id, or by the call that a push is about; without what is random."""
    places: dict[str, list[str]] = {}
    for message in messages:
        if _idle(message):
            continue
        params = message.get("params", {})
        pushed = "method" in message
        place = f"push {params.get('callID', '')}" if pushed else f"answer {message.get('id')}"
        shown = json.loads(json.dumps(message))
        if pushed:
            shown.pop("id")
            if "sdp" in params:
                shown["params"]["sdp"] = "sdp"
        elif "sessid" in shown.get("result", {}):
            shown["result"]["sessid"] = "sessid"
        places.setdefault(place, []).append(json.dumps(shown, sort_keys=True))
    return places
