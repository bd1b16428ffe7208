"""A stand-in for the gateway: speaks the web audio protocol, understands nothing.

It serves the real page and answers with tones, so that the page can be tested without engines. The
bot's name chooses the behaviour: `demo` talks, `full` and `refused` close at once, `lost` drops the
line after a second, `mute` never answers. Must never be used by the product.
"""

from __future__ import annotations

import argparse
import json
import math
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request, send_file
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from werkzeug.serving import make_server

GATEWAY = Path(__file__).parents[2] / "controller" / "gateway"
HERE = Path(__file__).parent
CSP = (
    "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; "
    "img-src 'self' data:; style-src 'self'; script-src 'self'"
)
BOTS = [
    {"name": "demo", "title": "Appointments", "language": "en"},
    {"name": "zh", "title": "预约助手", "language": "zh"},
    *(
        {"name": name, "title": f"Stub: {name}", "language": "en"}
        for name in ("full", "refused", "lost", "mute", "hostile")
    ),
]
FRAME_SECONDS = 0.02
AHEAD_SECONDS = 0.16
VOICE_RMS = 400.0
STOP_FRAMES = 25
START_FRAMES = 8
WORDS = {
    "en": (
        ["Good morning, Riverside Clinic.", "How can I help you today?"],
        "I'd like to change my appointment please",
        [
            "Of course.",
            "You are booked for Tuesday the 24th at ten.",
            "Which day suits you better?",
        ],
    ),
    "zh": (
        ["您好，这里是河畔诊所。", "请问有什么可以帮您？"],
        "我想改一下预约时间",
        ["好的。", "您目前的预约是二十四号星期二上午十点。", "您想改到哪一天？"],
    ),
}


class Conversation:
    """One session: one thread that receives with a short time limit and sends what is due."""

    def __init__(self, ws: Server, bot: str) -> None:
        self.ws = ws
        self.bot = bot
        self.language = "zh" if bot == "zh" else "en"
        self.rate = 16000
        self.turn = 0
        self.reply_id = ""
        self.chunks: list[tuple[str, bytes]] = []
        self.audio = b""
        self.sent_until = 0.0
        self.received_ms = 0.0
        self.loud = self.quiet = 0
        self.talking = False
        self.playback_ms = 0

    def run(self) -> None:
        """Serve until either side ends."""
        start = json.loads(self.ws.receive(timeout=5))
        self.rate = start["sample_rate"]
        self.send("ready", session_id="0198c0de-57ab", sample_rate=self.rate, bot=self.bot)
        if self.bot == "hostile":
            self.misbehave()
        self.say(WORDS[self.language][0])
        while True:
            message = self.ws.receive(timeout=0.01)
            if isinstance(message, bytes):
                self.heard(message)
            elif message is not None and not self.told(json.loads(message)):
                return
            self.play_what_is_due()
            if self.bot == "lost" and self.received_ms > 1000:
                self.ws.sock.shutdown(socket.SHUT_RDWR)
                return

    def send(self, kind: str, **fields: Any) -> None:
        """Send one text frame."""
        self.ws.send(json.dumps({"type": kind, **fields}))

    def misbehave(self) -> None:
        """What a page must survive."""
        for text in (
            "not json",
            "null",
            "[]",
            '{"type":"__proto__"}',
            '{"type":"state","state":"x"}',
        ):
            self.ws.send(text)
        self.send("partial", text="<img src=x onerror=alert(1)>")
        self.send("final", turn=1, text="<script>document.title='hacked'</script>")
        self.send("tool", turn=1, name="<b>t</b>", ok=False, result={"x": "<i>"})
        self.send("error", code="odd", message="<u>odd</u> length")
        self.send("metrics", turn=1, response_ms=None, asr_final_ms="x")

    def say(self, texts: list[str]) -> None:
        """Begin a reply: each text is a tone as long as the text."""
        self.turn += 1
        self.reply_id = f"r{self.turn}"
        tones = (tone(self.rate, 0.25 + 0.05 * len(text), i) for i, text in enumerate(texts))
        self.chunks = list(zip(texts, tones, strict=True))
        self.audio = b""
        self.sent_until = time.monotonic()
        self.send("state", state="speaking")

    def play_what_is_due(self) -> None:
        """Send frames, never more than AHEAD_SECONDS before their time."""
        size = int(self.rate * FRAME_SECONDS) * 2
        while self.sent_until < time.monotonic() + AHEAD_SECONDS and (self.audio or self.chunks):
            if not self.audio:
                text, self.audio = self.chunks.pop(0)
                self.send("reply", turn=self.turn, reply_id=self.reply_id, text=text, citations=[])
            frame, self.audio = self.audio[:size], self.audio[size:]
            self.ws.send(frame)
            self.sent_until += FRAME_SECONDS
            if not self.audio and not self.chunks:
                self.send("state", state="listening")

    def told(self, message: dict[str, Any]) -> bool:
        """Handle a text frame; False when the caller hangs up."""
        kind = message["type"]
        if kind == "hangup":
            self.send("end", reason="hangup")
            return False
        if kind == "playback":
            self.playback_ms = message["played_ms"]
        elif kind == "dtmf" and message["digit"] == "*":
            self.send("clear", reply_id=self.reply_id)  # an interruption that turns out to be none
            self.sent_until = time.monotonic() + 0.5
        elif kind == "dtmf":
            self.answer(message["digit"], "dtmf", [f"You pressed {message['digit']}."])
        elif message.get("text") == "bye":
            self.send("end", reason="goodbye")
            return False
        elif kind == "text":
            self.answer(message["text"], "text", WORDS[self.language][2])
        return True

    def heard(self, pcm: bytes) -> None:
        """Energy stands for speech here."""
        samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
        self.received_ms += len(samples) * 1000 / self.rate
        loud = math.sqrt(sum(s * s for s in samples) / len(samples)) > VOICE_RMS
        self.loud = self.loud + 1 if loud else 0
        self.quiet = 0 if loud else self.quiet + 1
        if self.loud == START_FRAMES and not self.talking:
            self.talking = True
            self.send("vad", event="speech_start", at_ms=int(self.received_ms))
            self.interrupt()
            self.send("state", state="listening")
            self.send("partial", text=WORDS[self.language][1][:12])
        if self.talking and self.quiet == STOP_FRAMES:
            self.talking = False
            self.send("vad", event="speech_end", at_ms=int(self.received_ms))
            self.answer(WORDS[self.language][1], "speech", WORDS[self.language][2])

    def interrupt(self) -> None:
        """Barge-in."""
        if self.audio or self.chunks or self.sent_until > time.monotonic():
            self.chunks, self.audio = [], b""
            self.send("clear", reply_id=self.reply_id)

    def answer(self, text: str, by: str, reply: list[str]) -> None:
        """Echo what was said as a final, then reply."""
        self.interrupt()
        self.send("final", turn=self.turn, text=text, by=by)
        self.send("state", state="thinking")
        if by == "text":
            result = {"found": 1, "contact": {"name": "Ada", "day": "Tuesday"}}
            self.send("tool", turn=self.turn, name="lookup_record", ok=True, result=result)
        self.say(reply)
        wobble = 40 * (self.turn % 3)
        stages = {
            "endpoint_ms": 310,
            "asr_final_ms": 330 + wobble,
            "llm_first_token_ms": 120 + wobble,
        }
        self.send(
            "metrics", turn=self.turn, tts_first_frame_ms=52, response_ms=540 + 2 * wobble, **stages
        )


def tone(rate: int, seconds: float, step: int) -> bytes:
    """A soft chord of PCM16 mono that fades in and out."""
    count = int(rate * seconds / 160) * 160
    pitch = 196 * (1 + step / 4)
    values = (
        6000 * math.sin(math.pi * i / count) * math.sin(2 * math.pi * pitch * i / rate)
        for i in range(count)
    )
    return struct.pack(f"<{count}h", *(int(v) for v in values))


REFUSALS: dict[str, tuple[int, str]] = {
    "full": (1013, "10 of 10 sessions are in use"),
    "refused": (1008, "login needed"),
}


def create_app() -> Flask:
    """The page, its files, the checks and the socket."""
    templates = str(GATEWAY / "templates")
    app = Flask(__name__, static_folder=str(GATEWAY / "static"), template_folder=templates)
    app.after_request(with_csp)
    app.add_url_rule("/", "page", page)
    app.add_url_rule("/checks.js", "checks", lambda: send_file(HERE / "checks.js"))
    app.add_url_rule("/readyz", "readyz", lambda: "ready")
    Sock(app).route("/ws/audio")(lambda ws: serve(ws, request.args.get("bot", "demo")))
    return app


def page() -> str:
    """The softphone page with the stub's bots."""
    return render_template("softphone.html", bots=BOTS, default_bot="demo")


def serve(ws: Server, bot: str) -> None:
    """Refuse, stay mute or converse, as the bot's name says."""
    try:
        if bot in REFUSALS:
            code, message = REFUSALS[bot]
            ws.send(json.dumps({"type": "error", "code": bot, "message": message}))
            finish(ws, code, message)
            return
        elif bot == "mute":
            ws.receive(timeout=60)
            ws.receive(timeout=60)
        else:
            Conversation(ws, bot).run()
    except ConnectionClosed:
        return
    finish(ws)


def finish(ws: Server, code: int = 1000, reason: str = "") -> None:
    """Close in peace: read until the page has closed too, and let no HTTP answer follow the frames,
    which Werkzeug would write and Chromium take for a broken one."""
    try:
        ws.close(code, reason)
        ws.thread.join(timeout=2)
        ws.sock.shutdown(socket.SHUT_RDWR)
    except (ConnectionClosed, OSError):
        return


def with_csp(response: Response) -> Response:
    """The policy that the gateway will send."""
    response.headers["Content-Security-Policy"] = CSP
    return response


def main(announce: Callable[[str], None] = print) -> None:
    """Serve on loopback; says the port when it listens."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    server = make_server("127.0.0.1", parser.parse_args().port, create_app(), threaded=True)
    announce(f"listening on {server.server_port}")
    server.serve_forever()


if __name__ == "__main__":
    main()
