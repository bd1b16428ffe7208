"""The caller's audio: believed when it is there, begun again when it stops, given up past the grace."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gevent
import pytest

from controller.telephony import audio_fork
from controller.telephony.audio_fork import AudioFork, Phase
from controller.telephony.audio_in import PhoneAudioIn, Send
from controller.telephony.esl.errors import EslClosed, EslRefused
from controller.telephony.media_door import MediaDoor, MediaSocket
from media.pcm import FRAME_BYTES
from tests.unit.telephony.control_model import FakeControl, event, eventually

pytestmark = pytest.mark.timeout(20)


class World:
    """FreeSWITCH with mod_audio_stream, and the gateway; `behave(attempt)` says what a start does."""

    def __init__(self, behave: Callable[[int], str] = lambda attempt: "connects", grace_s: float = 1.0):
        self.control = FakeControl(self.answer)
        self.door = MediaDoor("ws://127.0.0.1:8080")
        self.audio_in = PhoneAudioIn()
        self.lines: list[Send | None] = []
        self.audio_in.on_line = self.lines.append
        self.behave = behave
        self.attempts = 0
        self.attached = False
        self.sequence = 100
        self.sockets: list[MediaSocket] = []
        self.lost = 0
        self.fork = AudioFork(
            "u1",
            self.control,
            self.door,
            self.audio_in,
            metadata={"call": "u1"},
            grace_s=grace_s,
            on_lost=self._lost,
        )

    def answer(self, text: str) -> str:
        if " stop" in text:
            if not self.attached:
                raise EslRefused("-ERR Operation Failed")
            self.attached = False
            return "+OK"
        assert " start ws://127.0.0.1:8080/ws/freeswitch/" in text
        if self.attached:
            raise EslRefused("-ERR Operation Failed")
        self.attempts += 1
        what = self.behave(self.attempts)
        if what == "refused":
            raise EslRefused("-ERR Operation Failed")
        if what == "closed":
            raise EslClosed("no control")
        self.attached = True
        gevent.spawn(self._go_on, what, text.split()[3].rpartition("/")[2])
        return "+OK Success"

    def tell(self, what: str, body: str = "{}", sequence: int | None = None) -> None:
        self.sequence += 1
        number = str(sequence or self.sequence)
        self.fork.on_event(event("CUSTOM", f"mod_audio_stream::{what}", body, Event_Sequence=number))

    def _go_on(self, what: str, token: str) -> None:
        match what:
            case "connects":
                self._open(token)
                self.tell("connect")
            case "no event":
                self._open(token)
            case "no socket":
                self.tell("connect")
            case "error":
                self.attached = False
                self.tell("error", '{"status":"error"}')

    def _open(self, token: str) -> None:
        socket = self.door.admit(token)
        assert socket is not None
        self.sockets.append(socket)
        socket.opened(lambda text: None)

    def _lost(self) -> None:
        self.lost += 1


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_fork, "CONNECT_S", 0.1)
    monkeypatch.setattr(audio_fork, "RETRY_S", 0.01)


@pytest.fixture
def worlds(fast: None) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(*args: object, **kwargs: object) -> World:
        made.append(World(*args, **kwargs))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for world in made:
        world.fork.close()


def test_it_is_up_when_both_sides_say_so(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    assert world.control.said[0].partition(" mono 16k ")[2].strip("'") == '{"call":"u1"}'
    assert world.lines[-1] is not None
    assert world.sockets[0].feed(bytes(FRAME_BYTES + 320))
    assert world.sockets[0].feed(bytes(FRAME_BYTES))
    heard = world.audio_in.frames()
    assert [len(next(heard)), len(next(heard))] == [FRAME_BYTES] * 2


@pytest.mark.parametrize("fault", ["no event", "no socket", "error", "refused", "closed"])
def test_a_start_that_comes_to_nothing_is_tried_again(worlds: Callable[..., World], fault: str) -> None:
    world = worlds(lambda attempt: fault if attempt == 1 else "connects")
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    assert world.attempts == 2
    urls = [text.split()[3] for text in world.control.said if " start " in text]
    assert len(set(urls)) == 2, "each attempt has its token"
    if fault == "no event":
        assert not world.sockets[0].feed(bytes(FRAME_BYTES)), "the old one is not heard"
    assert world.sockets[-1].feed(bytes(FRAME_BYTES))
    assert world.lines[-1] is not None


@pytest.mark.parametrize("how", ["disconnect", "error", "socket"])
def test_a_fork_that_ends_is_begun_again(worlds: Callable[..., World], how: str) -> None:
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    if how == "socket":
        world.sockets[0].closed("connection lost")
    else:
        world.attached = how == "disconnect"
        world.tell(how)
    assert world.lines[-1] is None
    eventually(lambda: world.attempts == 2 and world.fork.phase is Phase.UP)
    assert not world.sockets[0].feed(bytes(FRAME_BYTES))
    assert world.sockets[1].feed(bytes(FRAME_BYTES))
    assert world.lost == 0


def test_the_end_of_an_old_fork_does_not_end_the_new_one(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    world.sockets[0].closed("lost")
    eventually(lambda: world.attempts == 2 and world.fork.phase is Phase.UP)
    world.tell("error", sequence=100)
    world.sockets[0].closed("again")
    gevent.sleep(0.05)
    assert world.fork.phase is Phase.UP
    assert world.attempts == 2


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("disconnect", '{"status":"disconnected","message":{"code":1000,"reason":"bye"}}'),
        ("error", '{"status":"error","message":{"code":1,"error":"abnormal EOF"}}'),
    ],
)
def test_the_end_of_an_old_fork_told_late_does_not_cost_an_attempt(
    worlds: Callable[..., World], what: str, body: str
) -> None:
    """We notice that the socket has gone before FreeSWITCH's event arrives."""
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    world.behave = lambda attempt: "no event"
    world.sockets[0].closed("lost")
    eventually(lambda: world.attempts == 2 and len(world.sockets) == 2)
    world.tell(what, body)
    world.tell("connect")
    eventually(lambda: world.fork.phase is Phase.UP)
    assert world.attempts == 2


def test_a_hang_up_that_ends_the_stream_first_starts_nothing(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    world.sockets[-1].closed("client closed with 1000")
    gevent.sleep(audio_fork.HANG_UP_S / 2)
    world.fork.close()  # FreeSWITCH tells of the hang-up
    gevent.sleep(2 * audio_fork.HANG_UP_S)
    assert world.attempts == 1
    assert world.lost == 0


def test_past_the_grace_it_is_lost_once(worlds: Callable[..., World]) -> None:
    world = worlds(lambda attempt: "connects" if attempt == 1 else "error", grace_s=0.3)
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    world.sockets[0].closed("lost")
    eventually(lambda: world.lost == 1)
    assert world.fork.phase is Phase.LOST
    tries = world.attempts
    assert tries > 2
    gevent.sleep(0.1)
    assert (world.lost, world.attempts) == (1, tries)


def test_events_are_taken_without_blocking(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    said = len(world.control.said)
    world.tell("disconnect")
    assert len(world.control.said) == said, "commands are not said from on_event"
    eventually(lambda: world.attempts == 2)


def test_stop_detaches_and_close_does_not(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    world.fork.stop()
    assert not world.attached
    assert world.control.said[-1] == "uuid_audio_stream u1 stop"
    assert not world.sockets[0].feed(bytes(FRAME_BYTES))
    other = worlds()
    other.fork.start()
    eventually(lambda: other.fork.phase is Phase.UP)
    said = len(other.control.said)
    other.fork.close()
    gevent.sleep(0.05)
    assert len(other.control.said) == said
    assert other.attempts == 1
    assert other.lost == 0


def test_stop_before_start_says_nothing(worlds: Callable[..., World]) -> None:
    world = worlds()
    world.fork.stop()
    world.fork.start()
    gevent.sleep(0.02)
    assert world.control.said == []


# --- who is dialled is heard from the answer on


def answer(world: World, url: str) -> None:
    """FreeSWITCH starts the stream of itself."""
    world.attached = True
    gevent.spawn(world._go_on, "connects", url.rpartition("/")[2])


def test_what_is_said_before_the_start_waits_and_nothing_is_asked_of_freeswitch(
    worlds: Callable[..., World],
) -> None:
    world = worlds()
    url = world.fork.expect(30)
    answer(world, url)
    eventually(lambda: bool(world.sockets))
    hello = bytes([7]) * FRAME_BYTES
    assert world.sockets[0].feed(hello)
    world.fork.start()
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    assert next(world.audio_in.frames()) == hello
    assert world.control.said == []
    world.sockets[0].closed("lost")
    eventually(lambda: world.attempts == 1 and world.fork.phase is Phase.UP)


def test_a_stream_that_freeswitch_did_not_begin_is_begun(worlds: Callable[..., World]) -> None:
    world = worlds()
    late = world.fork.expect(30)
    world.fork.start()
    eventually(lambda: world.fork.phase is Phase.UP)
    assert world.attempts == 1
    assert world.door.admit(late.rpartition("/")[2]) is None, "the first token is void"


@pytest.mark.parametrize("when", ["before the start", "after it"])
def test_a_failed_begin_is_told_on_two_connections_and_costs_one_attempt(
    worlds: Callable[..., World], when: str
) -> None:
    world = worlds()
    world.behave = lambda attempt: "no event"
    world.fork.expect(30)
    if when == "after it":
        world.fork.start()
    refused = '{"status":"error","message":{"code":6,"error":"WebSocket upgrade failed"}}'
    world.tell("error", refused, 50)
    world.fork.start()
    eventually(lambda: world.attempts == 1 and len(world.sockets) == 1)
    world.tell("error", refused, 50)
    world.tell("connect")
    eventually(lambda: world.fork.phase is Phase.UP)
    assert world.attempts == 1


def test_who_is_not_reached_leaves_no_token(worlds: Callable[..., World]) -> None:
    world = worlds()
    url = world.fork.expect(30)
    world.fork.close()
    assert world.door.admit(url.rpartition("/")[2]) is None
    world.fork.start()
    gevent.sleep(0.02)
    assert world.control.said == []
