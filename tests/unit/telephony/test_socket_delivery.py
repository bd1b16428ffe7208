"""Audio over the media socket: in order, known by its id, and sent again when the socket comes back."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest

from controller.telephony.audio_in import PhoneAudioIn
from controller.telephony.delivery import DeliveryFailed
from controller.telephony.socket_delivery import MAX_WAITING, SocketDelivery
from tests.unit.telephony.control_model import event, eventually

pytestmark = pytest.mark.timeout(20)


class World:
    """The media socket and what is heard of the audio."""

    def __init__(self) -> None:
        self.audio_in = PhoneAudioIn()
        self.delivery = SocketDelivery(self.audio_in)
        self.sent: list[dict[str, object]] = []
        self.ready: list[str] = []
        self.broken = False

    def send(self, text: str) -> None:
        if self.broken:
            raise ConnectionError("gone")
        message = json.loads(text)
        assert message["type"] == "streamAudio"
        self.sent.append(message["data"])

    def ids(self) -> list[object]:
        return [data["id"] for data in self.sent]

    def put(self, name: str) -> None:
        self.delivery.put(name, name.encode() * 2, self.ready.append)

    def play_event(self, name: str, file: str) -> None:
        body = json.dumps({"audioDataType": "raw", "sampleRate": 16000, "id": name, "file": file})
        self.delivery.on_event(event("CUSTOM", "mod_audio_stream::play", body))


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.delivery.close()


def test_audio_goes_in_order_and_the_event_says_where_it_is(world: World) -> None:
    world.audio_in.line(world.send)
    for name in ("a1", "b2", "c3"):
        world.put(name)
    eventually(lambda: len(world.sent) == 3)
    assert world.ids() == ["a1", "b2", "c3"]
    assert world.sent[0]["audioDataType"] == "raw"
    assert world.sent[0]["sampleRate"] == 16_000
    assert b64decode(str(world.sent[0]["audioData"])) == b"a1a1"
    world.play_event("a1", "/tmp/u1_0.tmp.r16")
    world.play_event("a1", "/tmp/again.r16")
    world.play_event("stranger", "/tmp/x.r16")
    assert world.ready == ["/tmp/u1_0.tmp.r16"]


def test_it_waits_for_the_socket_and_sends_again_what_was_not_acknowledged(world: World) -> None:
    world.put("a1")
    world.put("b2")
    assert world.sent == []
    world.audio_in.line(world.send)
    eventually(lambda: world.ids() == ["a1", "b2"])
    world.play_event("a1", "/tmp/0.r16")
    world.audio_in.line(None)
    world.put("c3")
    world.audio_in.line(world.send)
    eventually(lambda: world.ids() == ["a1", "b2", "b2", "c3"])


def test_files_vanish_with_their_socket(world: World) -> None:
    vanished: list[int] = []
    world.delivery.watch(lambda: vanished.append(len(world.sent)))
    world.audio_in.line(world.send)
    world.put("a1")
    eventually(lambda: world.ids() == ["a1"])
    world.audio_in.line(None)
    world.audio_in.line(world.send)
    assert vanished == [], "nothing had been acknowledged"
    world.play_event("a1", "/tmp/0.r16")
    world.audio_in.line(None)
    assert vanished == []
    world.audio_in.line(world.send)
    assert len(vanished) == 1
    world.audio_in.line(None)
    world.audio_in.line(world.send)
    assert len(vanished) == 1


def test_a_socket_that_breaks_while_sending(world: World) -> None:
    world.broken = True
    world.audio_in.line(world.send)
    world.put("a1")
    eventually(lambda: world.delivery._send is None)
    world.broken = False
    world.audio_in.line(world.send)
    eventually(lambda: world.ids() == ["a1"])


def test_what_is_not_needed_is_not_sent(world: World) -> None:
    world.put("a1")
    world.put("b2")
    world.delivery.remove("a1")
    world.audio_in.line(world.send)
    eventually(lambda: world.ids() == ["b2"])
    world.delivery.remove("b2")
    world.play_event("b2", "/tmp/x.r16")
    assert world.ready == []


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", '{"id":"a1"}', '{"id":"a1","file":"relative"}', '{"id":"a1","file":"/a b"}',
     '{"id":"a1","file":"/a;b"}', "[" * 100_000],
)  # fmt: skip
def test_nonsense_is_ignored(world: World, body: str) -> None:
    world.audio_in.line(world.send)
    world.put("a1")
    world.delivery.on_event(event("CUSTOM", "mod_audio_stream::play", body))
    assert world.ready == []
    world.play_event("a1", "/tmp/ok.r16")
    assert world.ready == ["/tmp/ok.r16"]


def test_too_much_is_refused(world: World) -> None:
    for number in range(MAX_WAITING):
        world.put(f"n{number}")
    with pytest.raises(DeliveryFailed):
        world.put("more")
