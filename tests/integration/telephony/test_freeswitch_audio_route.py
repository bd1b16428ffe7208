"""FreeSWITCH's media socket over a real server, with the very bytes that mod_audio_stream sends."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic

import gevent
import pytest
from gevent.queue import Queue
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from controller.gateway.limits import WebLimits
from controller.gateway.server import GatewayServer, create_app, serve
from tests.unit.gateway.fakes import make_deps

pytestmark = pytest.mark.timeout(30)

TOKEN = "5f96b3b1_5f30-44ca"
FRAME = bytes(640)


class Media:
    """A call's end of the socket."""

    def __init__(self) -> None:
        self.send: Callable[[str], None] | None = None
        self.heard: list[bytes] = []
        self.wanted = True
        self.news: Queue[str] = Queue()

    def opened(self, send: Callable[[str], None]) -> None:
        self.send = send
        self.news.put("opened")

    def feed(self, pcm: bytes) -> bool:
        self.heard.append(pcm)
        self.news.put("audio")
        return self.wanted

    def closed(self, why: str) -> None:
        self.news.put(f"closed: {why}")

    def wait(self, word: str) -> str:
        with gevent.Timeout(5, AssertionError(f"no {word!r}")):
            while word not in (news := self.news.get()):
                pass
        return news


class Sockets:
    """Lets one socket in."""

    def __init__(self) -> None:
        self.media = Media()
        self.asked: list[str] = []
        self.open = True

    def admit(self, token: str) -> Media | None:
        self.asked.append(token)
        if token == TOKEN and self.open:
            self.open = False
            return self.media
        return None


class Client:
    """mod_audio_stream: its handshake byte for byte, then masked frames."""

    def __init__(self, port: int, token: str = TOKEN, host: str = "127.0.0.1", origin: str = "") -> None:
        self.raw = socket.create_connection(("127.0.0.1", port), timeout=5)
        lines = [
            f"GET /ws/freeswitch/{token} HTTP/1.1",
            f"Host:{host}:{port}",
            "Upgrade:websocket",
            "Connection:upgrade",
            "Sec-WebSocket-Key:vKb9YIxW8r6uHpFR4UtXpg==",
            "Sec-WebSocket-Version:13",
            f"Origin:{origin or f'http://{host}:{port}'}",
        ]
        self.raw.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (data := self.raw.recv(4096)):
            answer += data
        self.answer, _, self.early = answer.partition(b"\r\n\r\n")
        self.protocol = Connection(ConnectionType.CLIENT)

    @property
    def status(self) -> int:
        return int(self.answer.split()[1])

    def audio(self, *frames: bytes) -> None:
        for frame in frames:
            self.raw.sendall(self.protocol.send(BytesMessage(frame)))

    def text(self, text: str) -> None:
        self.raw.sendall(self.protocol.send(TextMessage(text)))

    def read_text(self) -> str:
        whole = ""
        while True:
            self.protocol.receive_data(self.raw.recv(65_536))
            for event in self.protocol.events():
                assert isinstance(event, TextMessage)
                whole += event.data
                if event.message_finished:
                    return whole

    def read_close(self) -> int:
        """The close code; answers it as FreeSWITCH does, then waits for the TCP to close."""
        code = 0
        while data := self.raw.recv(65_536):
            self.protocol.receive_data(data)
            for event in self.protocol.events():
                if isinstance(event, CloseConnection):
                    code = event.code
                    self.raw.sendall(self.protocol.send(event.response()))
                elif isinstance(event, Ping):
                    self.raw.sendall(self.protocol.send(event.response()))
        return code

    def reaches(self) -> bool:
        """Whether the server's side of the TCP connection is still there."""
        try:
            self.raw.sendall(b"\0")
        except OSError:
            return False
        return True

    def wait_eof(self) -> float:
        """Seconds until the server closes the TCP connection."""
        began = monotonic()
        while self.raw.recv(65_536):
            pass
        return monotonic() - began


@pytest.fixture
def sockets() -> Sockets:
    return Sockets()


@pytest.fixture
def server(sockets: Sockets) -> Iterator[GatewayServer]:
    limits = WebLimits(silent_s=0.6, ping_s=5, ahead_s=1.0)
    deps = replace(make_deps(limits=limits), media_sockets=sockets)
    server = serve(create_app(deps), "127.0.0.1", 0)
    yield server
    server.stop(timeout=0.2)


def test_the_handshake_and_audio_of_freeswitch(server: GatewayServer, sockets: Sockets) -> None:
    client = Client(server.port)
    assert client.status == 101
    assert b"Sec-WebSocket-Accept: hVDsgO+yLc9LB/eLmro8MaRjfco=" in client.answer
    assert b"extensions" not in client.answer.lower()
    sockets.media.wait("opened")
    client.text('{"call":"u1"}')
    client.audio(FRAME, b"\1\0" * 320)
    sockets.media.wait("audio")
    sockets.media.wait("audio")
    assert sockets.media.heard == [FRAME, b"\1\0" * 320]


@pytest.mark.parametrize(
    ("host", "origin"),
    [("controller", ""), ("10.1.2.3", ""), ("127.0.0.1", "http://elsewhere:8080"), ("x", "null")],
)
def test_the_token_alone_lets_it_in(server: GatewayServer, host: str, origin: str) -> None:
    assert Client(server.port, host=host, origin=origin).status == 101


@pytest.mark.parametrize("token", ["wrong", TOKEN + "x", "%00", "a%2Fb", "x" * 4000, "%ff%fe"])
def test_an_unknown_token_is_not_found(server: GatewayServer, sockets: Sockets, token: str) -> None:
    client = Client(server.port, token)
    assert client.status == 404
    assert b"Upgrade" not in client.answer
    assert sockets.open


def test_a_token_is_used_up(server: GatewayServer) -> None:
    assert Client(server.port).status == 101
    assert Client(server.port).status == 404


def test_without_freeswitch_there_is_no_such_path() -> None:
    server = serve(create_app(make_deps()), "127.0.0.1", 0)
    assert Client(server.port).status == 404
    server.stop(timeout=0.2)


def test_other_paths_are_guarded_as_before(server: GatewayServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(b"GET /ws/freeswitch/../audio HTTP/1.1\r\nHost: evil\r\nUpgrade: websocket\r\n\r\n")
        assert not re.match(rb"HTTP/1.1 (101|2)", raw.recv(4096))
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")


def test_text_goes_to_freeswitch_from_another_greenlet(server: GatewayServer, sockets: Sockets) -> None:
    client = Client(server.port)
    sockets.media.wait("opened")
    assert sockets.media.send is not None
    sending = gevent.spawn(sockets.media.send, '{"type":"streamAudio","x":"' + "A" * 100_000 + '"}')
    client.audio(FRAME)
    assert len(client.read_text()) > 100_000
    sending.get(timeout=2)
    sockets.media.wait("audio")


@pytest.mark.alone
def test_after_freeswitchs_close_the_tcp_is_closed_at_once(
    server: GatewayServer, sockets: Sockets
) -> None:
    client = Client(server.port)
    client.audio(FRAME)
    sockets.media.wait("audio")
    client.raw.sendall(client.protocol.send(CloseConnection(1000, "Normal closure")))
    assert client.wait_eof() < 0.1
    assert "1000" in sockets.media.wait("closed")


@pytest.mark.alone
def test_our_close_does_not_leave_the_tcp_open(server: GatewayServer, sockets: Sockets) -> None:
    """Also when the other side never answers it."""
    client = Client(server.port)
    sockets.media.wanted = False
    client.audio(FRAME)
    sockets.media.wait("closed")
    assert client.wait_eof() < 0.5
    with gevent.Timeout(2, AssertionError("still half open")):
        while client.reaches():
            gevent.sleep(0.01)


def test_a_call_that_is_over_closes_it(server: GatewayServer, sockets: Sockets) -> None:
    client = Client(server.port)
    sockets.media.wanted = False
    client.audio(FRAME)
    assert client.read_close() == 1000
    assert len(sockets.media.heard) == 1


@pytest.mark.parametrize("how", ["fin", "reset"])
def test_a_lost_socket_is_told(server: GatewayServer, sockets: Sockets, how: str) -> None:
    client = Client(server.port)
    client.audio(FRAME)
    sockets.media.wait("audio")
    if how == "reset":
        client.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.raw.close()
    sockets.media.wait("closed")
    assert sockets.media.send is not None
    with pytest.raises(ConnectionError):
        sockets.media.send("{}")


def test_silence_without_frames_is_a_dead_socket(server: GatewayServer, sockets: Sockets) -> None:
    client = Client(server.port)
    client.text("{}")
    began = monotonic()
    assert client.read_close() == 1008
    assert 0.5 < monotonic() - began < 2
    assert "no audio" in sockets.media.wait("closed")


@pytest.mark.parametrize(
    ("send", "code"),
    [
        (lambda client: client.audio(b"\0" * 641), 1008),
        (lambda client: client.audio(b"\0" * 70_000), 1009),
        (lambda client: client.text("x" * 70_000), 1009),
        (lambda client: [client.text("{}") for _ in range(20)], 1008),
        (lambda client: client.audio(*[b"\0" * 32_000] * 20), 1008),
        (lambda client: client.raw.sendall(b"\xff\xff\xff\xff"), 1002),
    ],
    ids=["odd bytes", "large audio", "large text", "texts", "flood", "no frame"],
)
def test_nonsense_closes_it(
    server: GatewayServer, sockets: Sockets, send: Callable[[Client], None], code: int
) -> None:
    client = Client(server.port)
    sockets.media.wait("opened")
    send(client)
    assert client.read_close() == code
    sockets.media.wait("closed")


def test_a_fault_of_ours_closes_it(server: GatewayServer, sockets: Sockets) -> None:
    def fail(pcm: bytes) -> bool:
        raise RuntimeError("a bug")

    sockets.media.feed = fail  # type: ignore[method-assign]
    client = Client(server.port)
    client.audio(FRAME)
    assert client.read_close() == 1011
    assert "bug" not in sockets.media.wait("closed")


def test_stopping_the_server_tells_the_call(server: GatewayServer, sockets: Sockets) -> None:
    client = Client(server.port)
    client.audio(FRAME)
    sockets.media.wait("audio")
    server.stop(timeout=0.1)
    sockets.media.wait("closed")
