"""What a phone call plays: files queued at FreeSWITCH, and what of them the caller has heard.

Responsible for the order of a call's audio, the caller's position, and the marks that a session is
told. It is told the time (seconds, monotonic) and what FreeSWITCH reports. It must never know a
socket, a file system or a greenlet.

    append ─► chunk ─slice─► item: delivering ─► ready ─► sent ─► playing ─► heard, done
                 ▲                                          │         │
                 └──────────── pause (position known) ──────┴─ break ─┴─ stop: dropped

A paused reply goes on only once its position is known (see `phone_cut`); after a stop the next reply's
files follow the break at once. Reports about items that are no longer current change nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from secrets import token_hex

from controller.telephony.phone_cut import Cut
from controller.telephony.phone_items import (
    Break,
    Chunk,
    Command,
    Deliver,
    Done,
    Forget,
    Item,
    Mark,
    Outcome,
    Skipped,
    Stage,
    Start,
    Started,
    Stopped,
    to_ms,
)
from controller.telephony.phone_slicing import slice_size, wait_ms

SHORT_MS = 100  # an item that ends so much early was cut by somebody else
TAP_EVERY_S = 0.08


class PhonePlayout:
    """One call's queue. Ask `next` for commands until None, `take_marks` for what to tell."""

    def __init__(self, new_id: Callable[[], str] = lambda: token_hex(16)) -> None:
        """`new_id` makes Event-UUIDs; they name files too, so nobody may guess them."""
        self._new_id = new_id
        self._paused = False
        self._chunks: deque[Chunk] = deque()
        self._items: deque[Item] = deque()
        self._cuts: list[Cut] = []
        self._break = False
        self._forget: deque[str] = deque()
        self._marks: list[Mark] = []
        self._heard_reply_id = ""
        self._fact_at = 0.0

    # --- the session's wishes ----------------------------------------------------------------

    @property
    def unsliced_ms(self) -> float:
        """Audio that is in no file yet."""
        return to_ms(sum(chunk.rest for chunk in self._chunks))

    def append(self, reply_id: str, chunk: int, pcm: bytes, last: bool) -> None:
        """Add audio (PCM16 mono 16 kHz) to a chunk; `last` completes it."""
        entry = self._entry(reply_id, chunk)
        entry.pcm += pcm
        entry.complete = entry.complete or last
        self._advance()

    def pause(self, now: float) -> None:
        """Silence now, keeping what has not been heard."""
        if not self._paused:
            self._paused = True
            self._cut_off(now)

    def resume(self) -> None:
        """Go on where `pause` cut."""
        self._paused = False
        self._advance()

    def replay(self, now: float) -> None:
        """FreeSWITCH may have lost its queue: queue anew what was not heard. Keeps a pause."""
        self._cut_off(now)

    def stop(self, now: float) -> None:
        """Silence now, drop everything. `Stopped` follows if anything was queued."""
        self._paused = False
        chunks = list(self._chunks)
        if not chunks:
            return
        cut = self._cut_off(now) or self._pausing()
        self._chunks.clear()
        if cut is None:
            self._tell_stopped(chunks)
        else:
            cut.stopped = chunks

    # --- what happens out there --------------------------------------------------------------

    def delivered(self, uuid: str, place: str) -> None:
        """The item's file is at `place`."""
        item = self._find(uuid)
        if item is not None and item.stage is Stage.DELIVERING:
            item.stage, item.place = Stage.READY, place

    def undeliverable(self, uuid: str, why: str) -> None:
        """There will be no file, or FreeSWITCH won't have it: the item is passed over."""
        item = self._find(uuid)
        if item is not None:
            self._skip(item, why)

    def executed(self, uuid: str, now: float) -> None:
        """FreeSWITCH begins to play it (its sound follows within 10 ms)."""
        self._fact_at = now
        item = self._find(uuid)
        if item is None:
            for cut in self._cuts:
                cut.executed(uuid, now)
            return
        self._heard_before(item)
        item.stage, item.since = Stage.PLAYING, now
        self._begin(item.chunk)

    def completed(self, uuid: str, outcome: Outcome, heard_ms: float | None, now: float) -> None:
        """FreeSWITCH is done with it, having played `heard_ms` of it (None: not known)."""
        self._fact_at = now
        item = self._find(uuid)
        if item is None:
            for cut in [cut for cut in self._cuts if uuid in cut.uuids]:
                if cut.completed(uuid, outcome, heard_ms):
                    self._settled(cut)
            return
        self._heard_before(item)
        if outcome is Outcome.MISSING and item.chunk.missed_at != item.start:
            item.chunk.missed_at = item.start
            self._cut_off(now)  # files vanish with a media socket: make them anew, in order
            self._settled(self._cuts[-1])
        elif outcome is Outcome.MISSING:
            self._skip(item, "FreeSWITCH finds no file")
        elif outcome is Outcome.FAILED:  # a hang-up, as a rule: what was not heard stays unheard
            item.fail(heard_ms, now)
        elif heard_ms is not None and heard_ms < to_ms(item.size) - SHORT_MS:
            self._skip(item, "cut by somebody else")
        else:
            self._heard(item)

    # --- time --------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """Stop waiting for what is overdue."""
        for cut in [cut for cut in self._cuts if cut.until <= now]:
            cut.by_clock()
            self._settled(cut)
        while self._items and self._items[0].overdue_at(self._fact_at) <= now:
            self._skip(self._items[0], "no report in time")
            self._fact_at = now

    def next_due(self, now: float, *, tapped: bool = False) -> float | None:
        """When to call `settle` and `next` again; None: after the next input."""
        times = [cut.until for cut in self._cuts]
        chunk = self._sliceable()
        if self._items:
            times.append(self._items[0].overdue_at(self._fact_at))
        if self._items and self._items[0].stage is Stage.PLAYING:
            ms = None if chunk is None else wait_ms(chunk, self._ahead_ms(now))
            times += [] if ms is None else [now + ms / 1000]
            times += [now + TAP_EVERY_S] if tapped else []
        return max(now, min(times)) if times else None

    # --- what to do --------------------------------------------------------------------------

    def next(self, now: float) -> Command | None:
        """The next command, to be carried out before any later one; a break comes first. None: nothing
        to do now. A `Start` counts as sent from here on."""
        if self._break:
            self._break = False
            return Break()
        waiting = next((item for item in self._items if not item.out_there), None)
        if waiting is not None and waiting.stage is Stage.READY:
            waiting.stage, waiting.since = Stage.SENT, now
            return Start(waiting.uuid, waiting.place)
        if self._forget:
            return Forget(self._forget.popleft())
        chunk = self._sliceable()
        size = slice_size(chunk, self._ahead_ms(now)) if chunk else 0
        if chunk is None or not size:
            return None
        item = Item(self._new_id(), chunk, chunk.sliced, chunk.sliced + size, now)
        chunk.sliced = item.end
        self._items.append(item)
        return Deliver(item.uuid, item.pcm)

    def take_marks(self) -> list[Mark]:
        """What happened since the last call, in order."""
        marks, self._marks = self._marks, []
        return marks

    def audible(self, now: float) -> bytes:
        """What goes out now, at most 200 ms ahead, and was not asked for yet."""
        return self._items[0].tap(now) if self._items else b""

    # --- within ------------------------------------------------------------------------------

    def _entry(self, reply_id: str, number: int) -> Chunk:
        for chunk in self._chunks:
            if chunk.number == number and chunk.reply_id == reply_id:
                return chunk
        chunk = Chunk(reply_id, number)
        self._chunks.append(chunk)
        return chunk

    def _find(self, uuid: str) -> Item | None:
        return next((item for item in self._items if item.uuid == uuid), None)

    def _pausing(self) -> Cut | None:
        """The pause whose position is not known yet."""
        return next((cut for cut in self._cuts if cut.stopped is None), None)

    def _sliceable(self) -> Chunk | None:
        """The chunk to cut the next item from; None while another one's audio must come first."""
        if self._paused or self._pausing():
            return None
        for chunk in self._chunks:
            if chunk.rest:
                return chunk
            if not chunk.complete:
                return None
        return None

    def _ahead_ms(self, now: float) -> float:
        return to_ms(sum(item.size - item.played(now) for item in self._items))

    def _heard_before(self, item: Item) -> None:
        """FreeSWITCH plays in order: what came before has ended, told or not."""
        while self._items[0] is not item:
            self._heard(self._items[0])

    def _heard(self, item: Item) -> None:
        """The first item has been heard to its end."""
        self._items.popleft()
        self._forget.append(item.uuid)
        self._begin(item.chunk)
        item.chunk.hear(item.end)
        self._heard_reply_id = item.chunk.reply_id
        self._advance()

    def _skip(self, item: Item, why: str) -> None:
        self._heard_before(item)
        self._marks.append(Skipped(item.uuid, why, to_ms(item.size)))
        self._heard(item)

    def _begin(self, chunk: Chunk) -> None:
        if not chunk.started:
            chunk.started = True
            self._marks.append(Started(chunk.reply_id, chunk.number))

    def _advance(self) -> None:
        """Tell what is done. A chunk without audio is, once its turn has come."""
        while self._chunks and self._chunks[0].all_heard:
            chunk = self._chunks[0]
            if not chunk.started and (self._paused or self._pausing()):
                return
            self._begin(chunk)
            self._marks.append(Done(chunk.reply_id, chunk.number))
            self._chunks.popleft()

    def _cut_off(self, now: float) -> Cut | None:
        """Take everything back. The cut to be settled; None when nothing is out there."""
        out_there = [item for item in self._items if item.out_there]
        self._forget.extend(item.uuid for item in self._items if not item.out_there)
        self._items.clear()
        for chunk in self._chunks:
            chunk.take_back()
        if not out_there:
            return None
        self._break = True
        self._cuts.append(Cut(out_there, now))
        return self._cuts[-1]

    def _settled(self, cut: Cut) -> None:
        """Its position is known."""
        self._cuts.remove(cut)
        self._forget.extend(cut.uuids)
        if cut.stopped is not None:
            self._tell_stopped(cut.stopped)
        elif self._chunks and self._chunks[0].heard:
            self._heard_reply_id = self._chunks[0].reply_id
        self._advance()

    def _tell_stopped(self, chunks: list[Chunk]) -> None:
        at = next((chunk for chunk in chunks if not chunk.all_heard), chunks[-1])
        heard = self._heard_reply_id == at.reply_id or any(
            chunk.heard for chunk in chunks if chunk.reply_id == at.reply_id
        )
        self._marks.append(Stopped(at.reply_id, at.number if heard else -1, to_ms(at.heard)))
