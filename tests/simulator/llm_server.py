"""A local OpenAI-compatible server with scripted answers: real HTTP/1.1, real server-sent events.

    with LlmServer([Answer([says("Hello"), 0.1, says(" there."), done()])]) as server: ...

Answers are given in the order of requests; a function of a request's body may be given instead. Steps of
an answer are chunks (dicts), raw lines (str, bytes), pauses in seconds (float) and CUT, which breaks the
connection.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gevent
from gevent.event import Event
from gevent.server import StreamServer

CUT = object()
Step = dict[str, Any] | str | bytes | float | object


@dataclass
class Answer:
    """What one request gets. `status` other than 200: an error with a JSON body."""

    steps: Iterable[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    message: str = "no"
    body: Mapping[str, Any] | None = None
    """Instead of steps: the whole answer, as JSON."""


def says(text: str) -> dict[str, Any]:
    """A piece of words."""
    return _delta({"content": text})


def calls(index: int, call_id: str = "", name: str = "", arguments: str = "") -> dict[str, Any]:
    """A piece of a tool call."""
    function = {"name": name or None, "arguments": arguments}
    call = {"index": index, "id": call_id or None, "type": "function", "function": function}
    return _delta({"tool_calls": [call]})


def done(reason: str = "stop") -> dict[str, Any]:
    """The last chunk."""
    return _delta({}, reason)


def speaks(text: str) -> Answer:
    """A whole answer, word by word."""
    words = text.split(" ")
    pieces = [words[0], *(f" {w}" for w in words[1:])]
    return Answer([*map(says, pieces), done()])


def embeds(body: Mapping[str, Any], vector_of: Callable[[str], Iterable[float]]) -> Answer:
    """The answer to a request for embeddings: a vector for each of its texts, in any order."""
    data = [
        {"object": "embedding", "index": index, "embedding": list(vector_of(text))}
        for index, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer(body={"object": "list", "data": data[::-1], "model": body["model"], "usage": usage})


def for_ever(step: Step) -> Iterator[Step]:
    """An answer without end, as fast as it is read."""
    return itertools.repeat(step)


def _delta(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


Script = Callable[[dict[str, Any]], Answer]


class LlmServer:
    """The server. `requests`: bodies as they came. `open`: connections now, `answering` of them."""

    def __init__(self, script: Script | Iterable[Answer]) -> None:
        answers = iter(()) if callable(script) else iter(script)
        self._script: Script = script if callable(script) else lambda _body: next(answers)
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []
        self.open = 0
        self.connections = 0
        self.answering = 0
        self.streaming = Event()
        """Set when the first step of an answer has gone out."""
        self._server = StreamServer(("127.0.0.1", 0), self._serve)

    def __enter__(self) -> LlmServer:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(timeout=1)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def idle(self, timeout_s: float = 3.0, *, kept: int = 0) -> bool:
        """Wait until nothing is being answered and at most `kept` connections are open, for later."""
        with gevent.Timeout(timeout_s, False):
            while self.answering or self.open > kept:
                gevent.sleep(0.01)
        return not self.answering and self.open <= kept

    def _serve(self, sock: Any, _address: object) -> None:
        self.open += 1
        self.connections += 1
        try:
            reader = sock.makefile("rb")
            while body := self._read(reader):
                self.requests.append(body)
                self.answering += 1
                try:
                    if not self._answer(sock, self._script(body)):
                        break
                finally:
                    self.answering -= 1
        except OSError:
            pass  # the client went away: `open` tells
        finally:
            sock.close()
            self.open -= 1

    def _read(self, reader: Any) -> dict[str, Any] | None:
        line = reader.readline().decode()
        if not line:
            return None
        self.paths.append(line.split(" ")[1])
        length = 0
        while (header := reader.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            if name.lower() == "content-length":
                length = int(value)
            if name.lower() == "authorization":
                self.keys.append(value.strip())
        body: dict[str, Any] = json.loads(reader.read(length))
        return body

    def _answer(self, sock: Any, answer: Answer) -> bool:
        """Send an answer; False when the connection is to be closed."""
        gone = gevent.spawn(_wait_until_gone, sock) if answer.delay_s else None
        if gone is not None:
            gone.join(answer.delay_s)
            if gone.ready():
                return False
            gone.kill()
        extra = "".join(f"{k}: {v}\r\n" for k, v in answer.headers.items())
        if answer.status != 200:
            body = json.dumps({"error": {"message": answer.message, "type": "x"}}).encode()
            head = f"HTTP/1.1 {answer.status} No\r\nContent-Type: application/json\r\n{extra}"
            sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            return True
        if answer.body is not None:
            whole = json.dumps(answer.body).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{extra}"
            sock.sendall(f"{head}Content-Length: {len(whole)}\r\n\r\n".encode() + whole)
            return True
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        sock.sendall(f"{head}{extra}\r\n".encode())
        return self._stream(sock, answer.steps)

    def _stream(self, sock: Any, steps: Iterable[Step]) -> bool:
        for step in steps:
            if step is CUT:
                return False
            if isinstance(step, float):
                waiting = gevent.spawn(_wait_until_gone, sock)
                waiting.join(step)
                if waiting.ready():
                    return False
                waiting.kill()
                continue
            _send_chunk(sock, _bytes(step))
            gevent.sleep(0)  # it may flood its client, not the hub that both are on
            self.streaming.set()
        _send_chunk(sock, b"data: [DONE]\n\n")
        sock.sendall(b"0\r\n\r\n")
        return True


def _bytes(step: Step) -> bytes:
    if isinstance(step, bytes):
        return step
    return (step if isinstance(step, str) else f"data: {json.dumps(step)}\n\n").encode()


def _send_chunk(sock: Any, data: bytes) -> None:
    sock.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def _wait_until_gone(sock: Any) -> None:
    """Returns when the other side closes; it sends nothing while it waits for an answer."""
    sock.recv(1)
