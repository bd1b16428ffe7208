"""A tiny server that speaks the web audio protocol with tones for words, to test the simulator.

Responsible for: replies at moments that a test knows exactly (END_SILENCE_MS + THINK_MS after the
last loud sample), and for stopping when it is spoken to. It must never be used to judge the product.

By hand: `python -m tests.simulator.stub_server --port 9000`.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import itertools  # noqa: E402
import json  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import numpy as np  # noqa: E402
from flask import Flask, request  # noqa: E402
from flask_sock import Sock  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402
from simple_websocket import ConnectionClosed  # noqa: E402

from tests.simulator.stub_timing import END_SILENCE_MS, START_MS, THINK_MS  # noqa: E402

LOUD = 1000
GREETING_MS, REPLY_MS, AHEAD_MS = 1500, 2500, 120
LAST_TURN = 3

app = Flask(__name__)
sock = Sock(app)
sessions: dict[str, str] = {}
names = itertools.count(1)


class Session:
    """One conversation: loudness in, tones out."""

    def __init__(self, ws: Any, rate: int) -> None:
        self.ws, self.rate = ws, rate
        self.name = f"stub-{next(names)}"
        self.turn = self.loud_ms = self.quiet_ms = 0
        self.in_speech = False
        self.speaking: gevent.Greenlet | None = None

    def tell(self, kind: str, **fields: Any) -> None:
        """One text message."""
        self.ws.send(json.dumps({"type": kind, **fields}))

    def state(self, state: str) -> None:
        """Tell the state and remember it for /api/v1/sessions."""
        sessions[self.name] = state
        self.tell("state", state=state)

    def hear(self, pcm: bytes) -> None:
        """20 ms of the caller: speech starts after START_MS, ends after END_SILENCE_MS."""
        ms = len(pcm) * 500 // self.rate
        loud = np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).max(initial=0) > LOUD
        self.loud_ms = self.loud_ms + ms if loud else 0
        self.quiet_ms = 0 if loud else self.quiet_ms + ms
        if not self.in_speech and self.loud_ms >= START_MS:
            self.in_speech = True
            if self.speaking:
                self.speaking.kill()
                self.tell("clear", reply_id=f"r{self.turn}")
            self.state("listening")
        if self.in_speech and self.quiet_ms >= END_SILENCE_MS:
            self.in_speech = False
            self.turn += 1
            self.tell("final", turn=self.turn, text="loud words")
            self.state("thinking")
            self.speaking = gevent.spawn_later(THINK_MS / 1000, self.speak, REPLY_MS)

    def speak(self, ms: int) -> None:
        """A tone, paced at real time and AHEAD_MS ahead; the last reply ends the call."""
        text = "What is your name?" if self.turn < LAST_TURN else "Goodbye."
        self.state("speaking")
        self.tell("reply", turn=self.turn, reply_id=f"r{self.turn}", text=text, citations=[])
        count = self.rate * ms // 1000
        tone = (np.sin(np.arange(count) * 0.2) * 8000).astype("<i2").tobytes()
        size = self.rate // 50 * 2
        started = gevent.get_hub().loop.now()
        for index, start in enumerate(range(0, len(tone), size)):
            self.ws.send(tone[start : start + size])
            ahead_s = index * 0.02 - AHEAD_MS / 1000 - (gevent.get_hub().loop.now() - started)
            gevent.sleep(max(0.0, ahead_s))
        gevent.sleep(AHEAD_MS / 1000)
        self.speaking = None
        self.state("listening" if self.turn < LAST_TURN else "ending")
        if self.turn >= LAST_TURN:
            self.tell("end", reason="completed")
            self.ws.close(1000)


@sock.route("/ws/audio")  # type: ignore[untyped-decorator]
def audio(ws: Any) -> None:
    """One WebSocket, one session."""
    start = json.loads(ws.receive())
    session = Session(ws, start["sample_rate"])
    bot = start.get("bot", "stub")
    session.tell("ready", session_id=session.name, sample_rate=session.rate, bot=bot)
    session.speaking = gevent.spawn(session.speak, GREETING_MS)
    try:
        while True:
            message = ws.receive()
            if isinstance(message, bytes):
                session.hear(message)
            elif json.loads(message)["type"] == "hangup":
                session.tell("end", reason="caller_hangup")
                ws.close(1000)
    except ConnectionClosed:
        if session.speaking:
            session.speaking.kill()
    finally:
        sessions.pop(session.name, None)


@app.get("/readyz")
def ready() -> str:
    """Always."""
    return "ok"


@app.get("/metrics")
def metrics() -> str:
    """An idle hub."""
    name = "switchtalk_hub_delay_seconds"
    total = request.args.get("total", "1000")
    buckets = "".join(f'{name}_bucket{{le="{le}"}} {total}\n' for le in ("0.005", "0.02", "+Inf"))
    return f"# TYPE {name} histogram\n{buckets}{name}_sum 0.1\n{name}_count {total}\n"


@app.get("/api/v1/sessions")
def live() -> dict[str, Any]:
    """As the real server tells them."""
    return {"sessions": [{"session_id": name, "state": state} for name, state in sessions.items()]}


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    server = WSGIServer(("127.0.0.1", options.parse_args().port), app, log=None)
    gevent.signal_handler(15, server.stop)
    server.serve_forever()
