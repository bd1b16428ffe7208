"""The HTTP server over real sockets: hosts, origins, half-open connections, stopping."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from time import monotonic

import pytest
import requests
import websocket

from controller.gateway import server as server_module
from controller.gateway.server import GatewayServer, create_app, serve
from tests.unit.gateway.fakes import FakeOpener, make_deps

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def opener() -> FakeOpener:
    return FakeOpener()


@pytest.fixture
def server(opener: FakeOpener) -> Iterator[GatewayServer]:
    server = serve(create_app(make_deps(opener)), "127.0.0.1", 0)
    yield server
    server.stop(timeout=0.2)


def url(server: GatewayServer, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def test_a_port_in_use_is_an_error(server: GatewayServer) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(create_app(make_deps()), "127.0.0.1", server.port)


def test_it_serves_pages_and_static_files(server: GatewayServer) -> None:
    assert "SwitchTalk" in requests.get(url(server, "/"), timeout=5).text
    script = requests.get(url(server, "/static/pages.js"), timeout=5)
    assert script.status_code == 200
    assert "javascript" in script.headers["Content-Type"]


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://app.example.evil"]
)
def test_a_page_of_another_origin_gets_no_socket(
    server: GatewayServer, opener: FakeOpener, origin: str
) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws/audio", origin=origin, timeout=5)
    assert refused.value.status_code == 403
    assert opener.opened.empty()


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://app.example"]
)
def test_our_own_pages_get_one(server: GatewayServer, origin: str) -> None:
    client = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/ws/audio", origin=origin.format(port=server.port), timeout=5
    )
    assert client.connected  # a refusal raises in the handshake
    client.shutdown()


def test_a_rebound_host_name_gets_no_socket(server: GatewayServer) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/ws/audio",
            host="evil.example",
            suppress_origin=True,
            timeout=5,
        )
    assert refused.value.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n",
        "Connection: close\r\n",
    ],
)
def test_a_broken_handshake_is_a_bad_request(server: GatewayServer, headers: str) -> None:
    answer = exchange(server, f"GET /ws/audio HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400"), answer[:200]
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"\r\n\r\n"],
)
def test_no_http_is_answered_with_an_error(server: GatewayServer, request_bytes: bytes) -> None:
    answer = exchange(server, request_bytes)
    assert b"200 OK" not in answer
    assert requests.get(url(server, "/healthz"), timeout=5).status_code == 200


def test_a_connection_that_asks_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "IDLE_S", 0.3)
    server = serve(create_app(make_deps()), "127.0.0.1", 0)
    began = monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        while idle.recv(4096):
            pass
    assert 0.2 < monotonic() - began < 3
    server.stop(timeout=0.2)


def test_stop_closes_the_port_at_once(server: GatewayServer) -> None:
    server.stop(timeout=0.2)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def exchange(server: GatewayServer, request_bytes: bytes) -> bytes:
    """Send raw bytes, read to the end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
        raw.sendall(request_bytes)
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while data := raw.recv(4096):
            answer += data
    return answer
