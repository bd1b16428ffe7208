"""A break under way: which items were out there, and where in them the caller stopped hearing.

    break ─► COMPLETE of the playing item, with its offset ─► settled (21 ms at most were seen)
          └► nothing was playing, or the report is lost    ─► settled by the clock, after SETTLE_S

Items that FreeSWITCH drops from its queue bring no event. It knows neither commands nor marks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from controller.telephony.phone_items import BYTES_PER_S, Chunk, Item, Outcome, Stage, to_bytes
from media.pcm import FRAME_BYTES

SETTLE_S = 0.15


class Cut:
    """`stopped`: the chunks that are dropped with it; None: a pause, which keeps them."""

    def __init__(self, items: Iterable[Item], now: float) -> None:
        """`items` (at least one) in the order of their playing."""
        self.stopped: list[Chunk] | None = None
        self.until = now + SETTLE_S
        self._at = now
        self._items = deque(items)
        self.uuids = [item.uuid for item in self._items]

    def executed(self, uuid: str, now: float) -> None:
        """FreeSWITCH began to play it, just before the break."""
        for item in self._items:
            if item.uuid == uuid:
                item.stage, item.since = Stage.PLAYING, now

    def completed(self, uuid: str, outcome: Outcome, heard_ms: float | None) -> bool:
        """FreeSWITCH is done with one of `uuids`; True when the position is known now."""
        while self._items[0].uuid != uuid:
            if len(self._items) == 1:
                return False  # told before
            self._pass()
        item = self._items[0]
        heard = item.played(self._at) if heard_ms is None else min(item.size, to_bytes(heard_ms / 1000))
        if outcome is Outcome.MISSING:
            heard = 0
        if outcome is Outcome.PLAYED and heard > item.size - FRAME_BYTES and len(self._items) > 1:
            self._pass()  # its own end, not the break: the next one may have begun
            return False
        item.chunk.hear(item.start + heard)
        return True

    def by_clock(self) -> None:
        """Nobody tells: as far as the clock says."""
        while True:
            item = self._items[0]
            if item.played(self._at) < item.size or len(self._items) == 1:
                break
            self._pass()
            if self._items[0].stage is Stage.SENT:
                self._items[0].stage = Stage.PLAYING
                self._items[0].since = item.since + item.size / BYTES_PER_S
        item.chunk.hear(item.start + item.played(self._at))

    def _pass(self) -> None:
        """The first item was heard to its end."""
        item = self._items.popleft()
        item.chunk.hear(item.end)
