"""`/ws/audio` over real sockets: clients that stall or vanish, and a server that stops."""

from __future__ import annotations

from time import monotonic

import gevent
import pytest

from controller.session.happenings import (
    PartialHeard,
)
from media.tts.base import Clip
from tests.integration.gateway.client import (
    SILENCE,
    START,
    Gateway,
    keep_speaking,
    wait_for,
)
from tests.unit.gateway.fakes import tone

pytestmark = pytest.mark.timeout(30)


def test_a_client_without_audio_is_ended(quick: Gateway) -> None:
    client, session = quick.call()
    client.drain()  # answers pings
    assert session.calls == [("hang_up", "media_lost")]
    assert client.texts[-1] == {"type": "end", "reason": "media_lost"}
    assert client.close_code == 1000


def test_a_client_that_vanishes_is_noticed_by_its_missing_pong(quick: Gateway) -> None:
    began = monotonic()
    _, session = quick.call()  # never reads again: no pong
    assert session.join(5)
    assert monotonic() - began < 1.0, "sooner than the limit for silence"
    assert session.calls == [("hang_up", "media_lost")]


def test_a_client_that_stops_reading_is_lost(quick: Gateway) -> None:
    client, session = quick.call()
    speaking = gevent.spawn(keep_speaking, client)
    session.say("r", 0, "x", Clip(tone(100), 16000))
    for n in range(400):
        session.publish(PartialHeard("never read " * 200 + str(n)))
    assert session.join(8)
    assert session.calls == [("hang_up", "media_lost")]
    speaking.kill()


def test_a_compressing_client_is_served_without(gateway: Gateway) -> None:
    client = gateway.connect(
        header={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    )
    assert "sec-websocket-extensions" not in {name.lower() for name in client.ws.getheaders()}
    client.say(**START)
    client.until("ready")


def test_the_server_stops_with_a_goodbye(gateway: Gateway) -> None:
    client, session = gateway.call()
    gateway.server.stop(timeout=0.1)
    client.drain()
    assert session.join(5)
    assert client.close_code in (1000, 1001)


def test_ten_sessions_at_once_hear_all_of_it(gateway: Gateway) -> None:
    calls = [gateway.call() for _ in range(10)]
    voices = [tone(600, hz=200 + 50 * n) for n in range(10)]

    def talk(n: int) -> None:
        client, session = calls[n]
        session.say("r", 0, "x", Clip(voices[n], 16000))
        for _ in range(30):
            client.ws.send_binary(SILENCE)
        wait_for(lambda: ("done", "r", 0) in list(session.marks.queue) and len(session.frames) == 30)
        session.end("goodbye")
        client.drain()

    gevent.joinall([gevent.spawn(talk, n) for n in range(10)], raise_error=True, timeout=20)
    assert [client.audio for client, _ in calls] == voices
