"""Phones on the far side of FreeSWITCH, and what happens when one is called.

Responsible for: a phone's ears, mouth and keys on one call, and the outcomes that dialling a user or a
number can have. It must never know of event sockets or of the program under test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gevent.event import Event

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel
    from tests.simulator.phone_leg import PhoneLeg

FRAME_BYTES = 320
"""20 ms of PCM16 mono at 8 kHz, both ways."""
SIP_CAUSES = {
    404: "UNALLOCATED_NUMBER",
    480: "NO_USER_RESPONSE",
    486: "USER_BUSY",
    487: "ORIGINATOR_CANCEL",
    500: "NORMAL_TEMPORARY_FAILURE",
    503: "NORMAL_TEMPORARY_FAILURE",
    603: "CALL_REJECTED",
}
"""How FreeSWITCH names a SIP refusal."""


def _nothing(_frame: bytes) -> None:
    return None


class SimPhone:
    """One phone on one call (a PhoneLeg). Frames are 20 ms of PCM16 mono, 8 kHz."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.answered = Event()
        self.ended = Event()
        self.cause = ""
        self.on_audio: Callable[[bytes], None] = _nothing
        self.pressed_here: list[str] = []
        """Keys that FreeSWITCH sent to this phone (`send_dtmf`)."""
        self.channel: Channel | None = None

    @property
    def uuid(self) -> str:
        """The Unique-ID of its channel, "" before there is one."""
        return self.channel.uuid if self.channel else ""

    def send(self, frame: bytes) -> None:
        """Say 20 ms. The caller keeps the time. Raises ValueError for another size."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame is {FRAME_BYTES} bytes, not {len(frame)}")
        if self.channel is not None:
            self.channel.line.receive(frame)

    def press(self, digit: str) -> None:
        """One DTMF key, 100 ms long. Raises ValueError for anything but 0-9, *, #, A-D."""
        if len(digit) != 1 or digit not in "0123456789*#ABCD":
            raise ValueError(f"{digit!r} is no key")
        if self.channel is not None:
            self.channel.dtmf(digit, "RTP", 800)

    def hang_up(self) -> None:
        """BYE; before the answer a caller cancels."""
        if self.channel is None or self.ended.is_set():
            return
        if self.answered.is_set():
            self.channel.hangup("NORMAL_CLEARING", "recv_bye")
        else:
            self.channel.hangup("ORIGINATOR_CANCEL", "recv_cancel")

    def hung_up(self, cause: str) -> None:
        """FreeSWITCH says that the call is over."""
        if not self.ended.is_set():
            self.cause = cause
            self.ended.set()


if TYPE_CHECKING:

    def _fits(phone: SimPhone) -> PhoneLeg:
        return phone


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an originated call meets. With `unreachable`, no channel is ever made."""

    ring_ms: int = 0
    """How long it rings (or plays early media) before the outcome."""
    rings: bool = True
    early_media: bool = False
    refusal: int = 0
    """SIP code at the end; 0 answers."""
    never: bool = False
    """Rings until the caller gives up."""
    unreachable: str = ""
    """The cause, when the call can't even be tried."""


def Answers(after_ms: int = 0) -> Behaviour:  # noqa: N802  (reads as a value)
    """Picks up."""
    return Behaviour(after_ms)


def Busy() -> Behaviour:  # noqa: N802
    """486 at once."""
    return Behaviour(rings=False, refusal=486)


def Rejects(after_ms: int = 0) -> Behaviour:  # noqa: N802
    """603, at once or after ringing."""
    return Behaviour(after_ms, rings=after_ms > 0, refusal=603)


def NoAnswer() -> Behaviour:  # noqa: N802
    """Rings until `originate_timeout`."""
    return Behaviour(never=True)


def NotRegistered() -> Behaviour:  # noqa: N802
    """A known user without a phone: no channel event at all."""
    return Behaviour(unreachable="USER_NOT_REGISTERED")


def Fails(code: int, after_ms: int = 0) -> Behaviour:  # noqa: N802
    """Any SIP refusal of SIP_CAUSES."""
    return Behaviour(after_ms, rings=after_ms > 0, refusal=code)


def EarlyMediaThenBusy(ms: int) -> Behaviour:  # noqa: N802
    """183 with audio (an announcement), then 486."""
    return Behaviour(ms, rings=False, early_media=True, refusal=486)


def EarlyMediaThenAnswers(ms: int) -> Behaviour:  # noqa: N802
    """183 with audio, then an answer."""
    return Behaviour(ms, rings=False, early_media=True)
