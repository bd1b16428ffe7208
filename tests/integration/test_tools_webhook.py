"""The webhook channel against a real HTTP server: signature, answers, silence, private addresses."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from controller.tools.base import ToolError
from controller.tools.channels.base import Message, OutcomeUnknown
from controller.tools.channels.webhook import SIGNATURE_HEADER, Endpoint, WebhookChannel

SECRET = "a secret of some length"
MESSAGE = Message("id-1", "session-1", "call_back", "zh", "来电者请求回电。", {"name": "李伟"})


@dataclass
class Receiver:
    """What the server got, and what it answers."""

    port: int = 0
    status: int = 204
    location: str = ""
    hold: threading.Event | None = None
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def endpoint(self, *, allow_private: bool = True) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{self.port}/hook", SECRET, allow_private=allow_private)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    got = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.requests.append((self.path, dict(self.headers), body))
            if got.hold is not None:
                got.hold.wait(10)
            self.send_response(got.status)
            if got.location:
                self.send_header("Location", got.location)
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    got.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield got
    if got.hold is not None:
        got.hold.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_message_arrives_signed(receiver: Receiver) -> None:
    WebhookChannel({"desk": receiver.endpoint()}, clock=lambda: 1_770_000_000.7).send("desk", MESSAGE)
    path, headers, body = receiver.requests[0]
    assert path == "/hook"
    assert json.loads(body) == {
        "message_id": "id-1",
        "session_id": "session-1",
        "template_id": "call_back",
        "language": "zh",
        "text": "来电者请求回电。",
        "params": {"name": "李伟"},
    }
    expected = hmac.new(SECRET.encode(), b"1770000000." + body, hashlib.sha256).hexdigest()
    assert headers["Idempotency-Key"] == "id-1"
    assert headers[SIGNATURE_HEADER] == f"t=1770000000,v1={expected}"


@pytest.mark.parametrize(
    ("status", "retryable"), [(500, True), (503, True), (429, True), (400, False), (404, False)]
)
def test_other_answers_are_failures(receiver: Receiver, status: int, retryable: bool) -> None:
    receiver.status = status
    with pytest.raises(ToolError, match=str(status)) as caught:
        WebhookChannel({"desk": receiver.endpoint()}).send("desk", MESSAGE)
    assert caught.value.retryable is retryable
    assert len(receiver.requests) == 1


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, f"http://127.0.0.1:{receiver.port}/elsewhere"
    with pytest.raises(ToolError, match="302"):
        WebhookChannel({"desk": receiver.endpoint()}).send("desk", MESSAGE)
    assert [path for path, _, _ in receiver.requests] == ["/hook"]


def test_an_answer_that_never_comes(receiver: Receiver) -> None:
    receiver.hold = threading.Event()
    with pytest.raises(ToolError, match="no answer within") as caught:
        WebhookChannel({"desk": receiver.endpoint()}, timeout_s=0.2).send("desk", MESSAGE)
    assert caught.value.retryable
    assert isinstance(caught.value, OutcomeUnknown)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint(f"http://127.0.0.1:{taken.getsockname()[1]}/", SECRET, allow_private=True)
        with pytest.raises(ToolError, match="ConnectionError") as caught:
            WebhookChannel({"desk": endpoint}).send("desk", MESSAGE)
    assert caught.value.retryable
    assert not isinstance(caught.value, OutcomeUnknown)  # nothing was sent


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_private_addresses_are_refused_before_a_byte_is_sent(receiver: Receiver, host: str) -> None:
    endpoint = Endpoint(f"http://{host}:{receiver.port}/hook", SECRET)
    with pytest.raises(ToolError, match="not public") as caught:
        WebhookChannel({"desk": endpoint}).send("desk", MESSAGE)
    assert not caught.value.retryable
    assert receiver.requests == []


def test_a_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    WebhookChannel({"desk": receiver.endpoint()}).send("desk", MESSAGE)
    assert len(receiver.requests) == 1


def test_recipients_are_names_never_addresses(receiver: Receiver) -> None:
    with pytest.raises(ToolError, match="expected one of: desk") as caught:
        WebhookChannel({"desk": receiver.endpoint()}).send(f"http://127.0.0.1:{receiver.port}/", MESSAGE)
    assert caught.value.code == "bad_arguments"
    assert receiver.requests == []


def test_secrets_stay_out_of_errors(receiver: Receiver) -> None:
    receiver.status = 500
    with pytest.raises(ToolError) as caught:
        WebhookChannel({"desk": receiver.endpoint()}).send("desk", MESSAGE)
    assert SECRET not in str(caught.value)
    assert str(receiver.port) not in str(caught.value)
