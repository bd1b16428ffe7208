"""FreeSWITCH's player on a virtual clock, as measured: a 20 ms tick, a locked queue, a break that drops
all of it without a word; and a driver that puts a `PhonePlayout` in front of it.

Audio is made of 20 ms frames whose samples are the frame's number, so what was heard can be read back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from controller.telephony.phone_items import Break, Deliver, Forget, Mark, Outcome, Start
from controller.telephony.phone_playout import PhonePlayout
from media.pcm import FRAME_BYTES

STEP_S = 0.005
TICK_S = 0.02


def frames(start: int, count: int) -> bytes:
    """`count` frames, numbered from `start`."""
    return b"".join(n.to_bytes(2, "little") * (FRAME_BYTES // 2) for n in range(start, start + count))


@dataclass
class Playing:
    """A file being played."""

    uuid: str
    pcm: bytes
    ticks: int = 0


@dataclass
class Player:
    """`events` are (due, call) and are told in order; `lose` says which event is never told."""

    playout: PhonePlayout
    delay_s: float = 0.004
    lose: Callable[[str], bool] = lambda what: False
    files: dict[str, bytes] = field(default_factory=dict)
    heard: list[int] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    queue: deque[tuple[str, str]] = field(default_factory=deque)
    playing: Playing | None = None
    breaking: bool = False
    events: deque[tuple[float, Callable[[float], None]]] = field(default_factory=deque)
    next_tick: float = 0.0

    def tick(self, now: float) -> None:
        if self.breaking:
            self.breaking = False
            if self.playing is not None:
                self._complete(now, Outcome.BROKEN)
        if self.playing is not None and self.playing.ticks * FRAME_BYTES >= len(self.playing.pcm):
            self._complete(now, Outcome.PLAYED)
        while self.playing is None and self.queue:
            uuid, place = self.queue.popleft()
            self._tell(now, "executed", lambda at, u=uuid: self.playout.executed(u, at))
            if place in self.files:
                self.playing = Playing(uuid, self.files[place])
            else:
                self._tell(now, "completed", self._completion(uuid, Outcome.MISSING, None))
        if self.playing is not None:
            at = self.playing.ticks * FRAME_BYTES
            self.heard_at.append(now)
            self.heard.append(int.from_bytes(self.playing.pcm[at : at + 2], "little"))
            self.playing.ticks += 1

    @property
    def longest_gap_s(self) -> float:
        return max(b - a for a, b in pairwise(self.heard_at))

    def break_all(self) -> None:
        self.queue.clear()
        self.breaking = self.playing is not None

    def _complete(self, now: float, outcome: Outcome) -> None:
        assert self.playing is not None
        self._tell(
            now, "completed", self._completion(self.playing.uuid, outcome, self.playing.ticks * 20.0)
        )
        self.playing = None

    def _completion(
        self, uuid: str, outcome: Outcome, heard_ms: float | None
    ) -> Callable[[float], None]:
        return lambda at: self.playout.completed(uuid, outcome, heard_ms, at)

    def _tell(self, now: float, what: str, call: Callable[[float], None]) -> None:
        if not self.lose(what):
            self.events.append((now + self.delay_s, call))


class Rig:
    """A playout, its player and the time."""

    def __init__(self, *, delay_s: float = 0.004, lose: Callable[[str], bool] = lambda what: False):
        self.now = 100.0
        self._ids = iter(range(10**9))
        self.playout = PhonePlayout(lambda: f"item-{next(self._ids)}")
        self.player = Player(self.playout, delay_s=delay_s, lose=lose, next_tick=self.now)
        self.marks: list[tuple[float, Mark]] = []
        self.frame = 0
        self.vanish = False
        self.started: list[tuple[float, int]] = []  # (when, bytes) of each file queued
        self._due: float | None = None

    def say(self, reply_id: str, chunk: int, count: int, last: bool = True) -> range:
        """Append `count` new frames; their numbers."""
        numbers = range(self.frame, self.frame + count)
        self.playout.append(reply_id, chunk, frames(self.frame, count), last)
        self.frame += count
        self.work()
        return numbers

    def pause(self) -> None:
        self.playout.pause(self.now)
        self.work()

    def resume(self) -> None:
        self.playout.resume()
        self.work()

    def stop(self) -> None:
        self.playout.stop(self.now)
        self.work()

    def work(self) -> None:
        """Carry out all that is to be done now."""
        self.playout.settle(self.now)
        for _ in range(1000):
            command = self.playout.next(self.now)
            match command:
                case None:
                    break
                case Deliver(uuid, pcm):
                    assert pcm
                    self.player.files[uuid] = b"" if self.vanish else pcm
                    self.playout.delivered(uuid, uuid)
                    if self.vanish:
                        del self.player.files[uuid]
                case Start(uuid, place):
                    self.player.queue.append((uuid, place))
                    self.started.append((self.now, len(self.player.files.get(place, b""))))
                case Break():
                    self.player.break_all()
                case Forget(uuid):
                    self.player.files.pop(uuid, None)
        else:
            raise AssertionError("it never runs out of commands")
        self.marks += [(self.now, mark) for mark in self.playout.take_marks()]
        self._due = self.playout.next_due(self.now)

    def run(self, seconds: float) -> None:
        """Let time pass; the playout is asked only when something happens or it said so."""
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now += STEP_S
            player = self.player
            if player.next_tick <= self.now + 1e-9:
                player.tick(self.now)
                player.next_tick += TICK_S
            told = False
            while player.events and player.events[0][0] <= self.now:
                player.events.popleft()[1](self.now)
                told = True
            if told or (self._due is not None and self._due <= self.now):
                self.work()

    def told(self, kind: type) -> list[Mark]:
        return [mark for _, mark in self.marks if isinstance(mark, kind)]
