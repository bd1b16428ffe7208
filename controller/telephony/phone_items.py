"""The values of a call's playback: commands, marks, chunks of audio and the files they are cut into.

Shapes and their arithmetic only; what happens when is `phone_playout`. Audio is PCM16 mono 16 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from media.pcm import RATE

BYTES_PER_S = RATE * 2

LOST_S = 3.0
"""An item without the report that is due for so long is not waited for any more."""
DELIVERY_S = 5.0
"""More than the grace time in which a lost media socket comes back."""
TAP_AHEAD_S = 0.18


class Outcome(Enum):
    """How FreeSWITCH says that an item ended."""

    PLAYED = auto()
    BROKEN = auto()
    MISSING = auto()  # no such file
    FAILED = auto()


# --- what is to be done ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put this audio where FreeSWITCH can read it; then say `delivered`."""

    uuid: str
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """Queue this file at FreeSWITCH under this Event-UUID."""

    uuid: str
    place: str


@dataclass(frozen=True, slots=True)
class Break:
    """Silence now: whatever is playing or queued at FreeSWITCH is dropped."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The item's audio is not needed any more."""

    uuid: str


Command = Deliver | Start | Break | Forget


# --- what is to be told ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The first sample of a chunk goes out."""

    reply_id: str
    chunk: int


@dataclass(frozen=True, slots=True)
class Done:
    """The last sample of a chunk has been heard, or never will be (see `Skipped`)."""

    reply_id: str
    chunk: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Cut after `played_ms` of this chunk; chunk -1: nothing of the reply was heard."""

    reply_id: str
    chunk: int
    played_ms: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """For the log: `ms` of audio count as heard though they were not, or not surely."""

    uuid: str
    why: str
    ms: float


Mark = Started | Done | Stopped | Skipped


# --- audio ----------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Chunk:
    """Audio of one chunk; it stays until the last of it has been heard. Positions are in bytes."""

    reply_id: str
    number: int
    pcm: bytearray = field(default_factory=bytearray)
    complete: bool = False
    started: bool = False
    sliced: int = 0  # made into items
    heard: int = 0
    missed_at: int = -1  # where a file was missing once

    @property
    def rest(self) -> int:
        """Bytes that are in no item yet."""
        return len(self.pcm) - self.sliced

    @property
    def all_heard(self) -> bool:
        """Whether nothing more of it is to be heard."""
        return self.complete and self.heard == len(self.pcm)

    def hear(self, upto: int) -> None:
        """It has been heard up to here."""
        self.heard = max(self.heard, upto)
        self.sliced = max(self.sliced, self.heard)

    def take_back(self) -> None:
        """What has not been heard is to be sliced again."""
        self.sliced = self.heard


class Stage(Enum):
    """How far an item is."""

    DELIVERING = auto()
    READY = auto()
    SENT = auto()
    PLAYING = auto()


@dataclass(slots=True, eq=False)
class Item:
    """One file: the bytes `start` to `end` of a chunk. `since`: when its stage began."""

    uuid: str
    chunk: Chunk
    start: int
    end: int
    since: float
    stage: Stage = Stage.DELIVERING
    place: str = ""
    tapped: int = 0  # bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start

    @property
    def out_there(self) -> bool:
        """Whether FreeSWITCH has it."""
        return self.stage in (Stage.SENT, Stage.PLAYING)

    @property
    def pcm(self) -> bytes:
        """Its audio."""
        return bytes(self.chunk.pcm[self.start : self.end])

    def played(self, now: float) -> int:
        """Bytes played by the clock."""
        return min(self.size, to_bytes(now - self.since)) if self.stage is Stage.PLAYING else 0

    def fail(self, heard_ms: float | None, now: float) -> None:
        """It ended in an error after `heard_ms`; only time, or a stop, moves it on."""
        heard = self.played(now) if heard_ms is None else to_bytes(heard_ms / 1000)
        self.chunk.hear(self.start + min(self.size, heard))
        self.stage, self.since = Stage.SENT, now

    def tap(self, now: float) -> bytes:
        """What goes out within TAP_AHEAD_S and was not asked for yet."""
        at, self.tapped = self.tapped, max(self.tapped, self.played(now + TAP_AHEAD_S))
        return self.pcm[at : self.tapped]

    def overdue_at(self, fact_at: float) -> float:
        """When not to wait for its next stage any more; `fact_at`: the last sign of life."""
        match self.stage:
            case Stage.PLAYING:
                return self.since + self.size / BYTES_PER_S + LOST_S
            case Stage.SENT:
                return max(self.since, fact_at) + LOST_S
            case _:
                return max(self.since, fact_at) + DELIVERY_S


def to_bytes(seconds: float) -> int:
    """Whole samples."""
    return max(0, round(seconds * RATE)) * 2


def to_ms(size: int) -> float:
    """How long so many bytes play."""
    return size / BYTES_PER_S * 1000
