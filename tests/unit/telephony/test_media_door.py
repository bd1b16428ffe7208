"""Who may bring a call's audio: one socket, with the right token, within seconds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from controller.telephony.audio_in import Send
from controller.telephony.media_door import EXPIRES_S, MediaDoor


class Socket:
    """The call's end."""

    def opened(self, send: Send) -> None: ...

    def feed(self, pcm: bytes) -> bool:
        return True

    def closed(self, why: str) -> None: ...


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_token_lets_one_socket_in() -> None:
    door, socket = MediaDoor("ws://controller:8080/"), Socket()
    ticket = door.expect("u1", socket)
    assert ticket.url == f"ws://controller:8080/ws/freeswitch/{ticket.token}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", ticket.token)
    assert door.admit(ticket.token) is socket
    assert door.admit(ticket.token) is None


def test_tokens_expire() -> None:
    clock = Clock()
    door = MediaDoor("ws://h", clock)
    early, late = door.expect("u1", Socket()), door.expect("u2", Socket())
    clock.now += EXPIRES_S - 0.01
    assert door.admit(early.token) is not None
    clock.now += 0.02
    assert door.admit(late.token) is None


def test_a_token_for_who_is_dialled_outlasts_the_ringing() -> None:
    clock = Clock()
    door = MediaDoor("ws://h", clock)
    ticket, gone = door.expect("u1", Socket(), 45), door.expect("u2", Socket(), 45)
    clock.now += 44
    assert door.admit(ticket.token) is not None
    clock.now += 2
    assert door.admit(gone.token) is None


def test_a_new_token_makes_the_calls_earlier_ones_void() -> None:
    door = MediaDoor("ws://h")
    first, other = door.expect("u1", Socket()), door.expect("u2", Socket())
    second = door.expect("u1", Socket())
    assert door.admit(first.token) is None
    assert door.admit(second.token) is not None
    assert door.admit(other.token) is not None


def test_a_withdrawn_token_is_void() -> None:
    door = MediaDoor("ws://h")
    ticket = door.expect("u1", Socket())
    door.withdraw(ticket.token)
    assert door.admit(ticket.token) is None


def test_tokens_are_not_shown() -> None:
    ticket = MediaDoor("ws://h").expect("u1", Socket())
    assert ticket.token not in repr(ticket)


def test_what_expired_is_forgotten() -> None:
    clock = Clock()
    door = MediaDoor("ws://h", clock)
    for number in range(100):
        door.expect(f"u{number}", Socket())
        clock.now += 1
    assert len(door._expected) <= EXPIRES_S + 1


@given(st.text())
def test_guesses_are_refused(guess: str) -> None:
    door = MediaDoor("ws://h")
    door.expect("u1", Socket())
    assert door.admit(guess) is None
