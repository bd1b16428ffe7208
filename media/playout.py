"""Paced playback: what to send now, and what of it has been heard.

Responsible for keeping at most `lead_ms` of audio ahead of real time, for knowing the listener's
position, and for cutting playback without losing or repeating sound. It is told the time (seconds on
any monotonic clock). It must never know a socket, a greenlet or a session.

    append ──► unsent ──take──► in flight (sent, not yet heard) ──settle──► heard, done
                  ▲                   │
                  └───── pause ───────┘            stop: all of it is dropped

The listener is modelled as a player that starts when audio arrives and runs dry in a hole of supply.
`_line` is the moment when all that was sent will have been heard: sending n seconds moves it on by n;
when it lies in the past the player has run dry and the line starts again at now. So a hole never leads
to sending faster than real time plus the lead, and nothing drifts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto

FRAME_MS = 20
SAMPLE_BYTES = 2
MAX_LEAD_MS = 200
"""The web protocol promises this to clients: never more than 200 ms ahead."""
MAX_LAG_S = 0.5
"""How far behind our clock a listener's own report may put them; more is not believed."""


class PlayoutFull(Exception):
    """More audio is queued than `max_queued_s`."""


class Mode(Enum):
    """Whether audio may leave."""

    PLAYING = auto()
    PAUSED = auto()


@dataclass(frozen=True, slots=True)
class Out:
    """At most `piece_ms` of PCM16 mono to send now. `starts`: it is the first of its chunk (once only,
    also when a pause has it sent again). Empty `pcm` announces a chunk without audio."""

    reply_id: str
    chunk: int
    pcm: bytes
    starts: bool


@dataclass(frozen=True, slots=True)
class Done:
    """The last sample of a chunk has been heard, at `at` seconds."""

    reply_id: str
    chunk: int
    at: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where playback was cut: after `played_ms` of this chunk. Chunk -1: nothing was heard."""

    reply_id: str
    chunk: int
    played_ms: float


@dataclass(slots=True)
class _Chunk:
    """Audio of one chunk; it stays until the last of it has been heard."""

    reply_id: str
    number: int
    pcm: bytearray = field(default_factory=bytearray)
    complete: bool = False
    started: bool = False
    sent: int = 0  # bytes
    heard: int = 0  # bytes
    ends: float = 0.0  # when the last of what was sent is heard, but for the lag

    @property
    def all_sent(self) -> bool:
        return self.complete and self.started and self.sent == len(self.pcm)

    @property
    def all_heard(self) -> bool:
        return self.all_sent and self.heard == len(self.pcm)


@dataclass(frozen=True, slots=True)
class _Flying:
    chunk: _Chunk
    size: int  # bytes
    ends: float  # when its last sample is heard, but for the lag


class Playout:
    """One listener's queue. Chunks are heard in the order in which they were first appended."""

    def __init__(
        self, rate: int, lead_ms: int = 100, max_queued_s: float = 300.0, piece_ms: int = FRAME_MS
    ) -> None:
        """`rate` Hz of all audio in and out; `lead_ms` piece_ms..200; `max_queued_s` bounds memory;
        `piece_ms` is what one `take` gives at most."""
        if not piece_ms <= lead_ms <= MAX_LEAD_MS:
            raise ValueError(f"lead_ms is {lead_ms}; expected {piece_ms}..{MAX_LEAD_MS}")
        self._bytes_per_s = rate * SAMPLE_BYTES
        self._frame = rate * piece_ms // 1000 * SAMPLE_BYTES
        self._lead_s = lead_ms / 1000
        self._max_queued = int(max_queued_s * self._bytes_per_s)
        self._mode = Mode.PLAYING
        self._chunks: deque[_Chunk] = deque()
        self._flying: deque[_Flying] = deque()
        self._queued = 0
        self._line = 0.0
        self._lag_s = 0.0
        self._reply_id = ""  # the reply last sent from
        self._reply_sent = 0  # bytes of it sent, less those taken back
        self._heard_reply_id = ""

    @property
    def empty(self) -> bool:
        """True when nothing is queued or in flight."""
        return not self._chunks

    @property
    def reply_id(self) -> str | None:
        """The reply that is heard now or next; None when nothing is queued."""
        return self._chunks[0].reply_id if self._chunks else None

    @property
    def unsent_s(self) -> float:
        """Seconds of audio that have not been sent yet."""
        return sum(len(chunk.pcm) - chunk.sent for chunk in self._chunks) / self._bytes_per_s

    def append(self, reply_id: str, chunk: int, pcm: bytes, last: bool) -> None:
        """Add audio to a chunk; `last` completes it. Raises PlayoutFull; `last` counts even then."""
        entry = self._entry(reply_id, chunk)
        entry.complete = entry.complete or last
        if self._queued + len(pcm) > self._max_queued:
            raise PlayoutFull(f"more than {self._max_queued / self._bytes_per_s:.0f} s of audio waits")
        entry.pcm += pcm
        self._queued += len(pcm)

    def take(self, now: float) -> Out | None:
        """The next piece that may be sent at `now`; call again until None."""
        chunk = self._next_chunk()
        if chunk is None:
            return None
        size = min(self._frame, len(chunk.pcm) - chunk.sent)
        if self._due(size) > now:
            return None
        piece = Out(
            chunk.reply_id,
            chunk.number,
            bytes(chunk.pcm[chunk.sent : chunk.sent + size]),
            starts=not chunk.started,
        )
        self._line = max(self._line, now) + size / self._bytes_per_s
        chunk.started = True
        chunk.sent += size
        chunk.ends = self._line
        self._count_reply(chunk.reply_id, size)
        self._flying.append(_Flying(chunk, size, self._line))
        return piece

    def settle(self, now: float) -> list[Done]:
        """Move what has been heard by `now` out of flight; the chunks that ended with it."""
        self._land(now)
        done = []
        while self._chunks and self._chunks[0].all_heard:
            chunk = self._chunks.popleft()
            self._queued -= len(chunk.pcm)
            done.append(Done(chunk.reply_id, chunk.number, chunk.ends + self._lag_s))
        return done

    def next_due(self, now: float) -> float | None:
        """When to call `take` or `settle` next; None: only after something is appended or resumed."""
        times = []
        chunk = self._next_chunk()
        if chunk is not None:
            times.append(self._due(min(self._frame, len(chunk.pcm) - chunk.sent)))
        if self._chunks and self._chunks[0].all_sent:
            times.append(self._chunks[0].ends + self._lag_s)
        return max(now, min(times)) if times else None

    def pause(self, now: float) -> list[Done]:
        """Fall silent, keeping what has not been heard: pieces in flight (one that is partly heard
        too: better a piece twice than lost) are taken back. The listener must drop its buffer."""
        done = self.settle(now)
        for piece in self._flying:
            piece.chunk.sent -= piece.size
            if piece.chunk.reply_id == self._reply_id:
                self._reply_sent -= piece.size
        self._flying.clear()
        self._line = now
        self._mode = Mode.PAUSED
        return done

    def resume(self) -> None:
        """Go on where `pause` cut."""
        self._mode = Mode.PLAYING

    def stop(self, now: float) -> Stopped | None:
        """Drop everything. Settle first, or chunks that ended by now are not told as done. None when
        nothing was queued."""
        if not self._chunks:
            self.resume()
            return None
        self._land(now)
        first = self._chunks[0]
        played = first.heard
        if self._flying and self._flying[0].chunk is first:
            piece = self._flying[0]
            left = int((piece.ends + self._lag_s - now) * self._bytes_per_s)
            played += max(0, piece.size - max(0, left))
        anything = played > 0 or self._heard_reply_id == first.reply_id
        self._chunks.clear()
        self._flying.clear()
        self._queued = 0
        self._line = now
        self.resume()
        number = first.number if anything else -1
        return Stopped(first.reply_id, number, played / self._bytes_per_s * 1000)

    def report(self, reply_id: str, played_ms: float, now: float) -> None:
        """The listener says how much of this reply it has really played. Only the reply being sent
        counts, and only to put the listener behind our clock (at most MAX_LAG_S)."""
        if reply_id != self._reply_id:
            return
        by_clock_s = self._reply_sent / self._bytes_per_s - max(0.0, self._line - now)
        self._lag_s = min(MAX_LAG_S, max(0.0, by_clock_s - played_ms / 1000))

    def _land(self, now: float) -> None:
        while self._flying and self._flying[0].ends + self._lag_s <= now:
            piece = self._flying.popleft()
            piece.chunk.heard += piece.size
            if piece.size:
                self._heard_reply_id = piece.chunk.reply_id

    def _entry(self, reply_id: str, number: int) -> _Chunk:
        for chunk in self._chunks:
            if chunk.number == number and chunk.reply_id == reply_id:
                return chunk
        chunk = _Chunk(reply_id, number)
        self._chunks.append(chunk)
        return chunk

    def _next_chunk(self) -> _Chunk | None:
        """The chunk to send from; None when paused or when its next piece is not there yet."""
        if self._mode is Mode.PAUSED:
            return None
        for chunk in self._chunks:
            if chunk.all_sent:
                continue
            ready = chunk.complete or len(chunk.pcm) - chunk.sent >= self._frame
            return chunk if ready else None
        return None

    def _due(self, size: int) -> float:
        """When `size` more bytes fit into the lead."""
        return self._line + size / self._bytes_per_s - self._lead_s

    def _count_reply(self, reply_id: str, size: int) -> None:
        if reply_id != self._reply_id:
            self._reply_id, self._reply_sent = reply_id, 0
        self._reply_sent += size
