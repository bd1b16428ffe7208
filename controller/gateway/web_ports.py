"""A web client's voice and ears: the kernel's audio ports over web audio messages.

Responsible for rates and frames (the client's rate outside, 16 kHz 20 ms frames inside), for pacing
and for the order of everything that goes to the client: one queue of text, one playout, one greenlet
that sends (`WebAudioOut.run`). It must never know the kernel's states or read from the socket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from time import monotonic
from typing import Protocol

import gevent
import structlog
from gevent.event import Event
from gevent.queue import SimpleQueue

from controller.gateway import notices
from controller.gateway.messages import CloseCode
from controller.session.happenings import Happening, SessionEnded
from controller.session.ports import AudioTap, PlaybackListener
from media.clip_feed import ClipFeed
from media.pcm import FRAME_MS, RATE, Framer
from media.playout import Done, Playout
from media.resample import live_resampler
from media.tts.base import Clip

log = structlog.get_logger(__name__)

PIECE_MS = 40
"""Half as many writes as frames: each costs a system call and a wake-up. `clear` stays exact."""
MAX_WAITING_FRAMES = 20_000 // FRAME_MS
"""20 s of audio the kernel has not taken: it is stuck. A client can't be this far ahead of it."""
MAX_WAITING_MESSAGES = 500
"""A session makes some 30 a second at most; a client this far behind does not read."""
MAX_WAITING_AUDIO_MS = 300_000
"""Five minutes of speech are more than anybody listens to; a reply that long is a runaway model."""
SUPPLY_S = 0.5
"""Audio kept ready at the client's rate: more than the lead and the hub's worst delay."""


class KernelStuck(Exception):
    """The session no longer takes audio."""


class Sink(Protocol):
    """Where messages go; `send` blocks and raises when the client is gone."""

    def send(self, message: str | bytes) -> None:
        """One message."""
        ...


class WebAudioIn:
    """The caller's voice (AudioIn): fed by the reading greenlet, iterated by the session's."""

    def __init__(self, rate: int) -> None:
        self._resampler = live_resampler(rate, RATE)
        self._framer = Framer()
        self._frames: SimpleQueue = SimpleQueue()

    def feed(self, pcm: bytes) -> None:
        """Add PCM16 mono at the client's rate, whole samples. Raises KernelStuck."""
        if self._frames.qsize() > MAX_WAITING_FRAMES:
            raise KernelStuck(f"{MAX_WAITING_FRAMES} frames wait to be heard")
        for frame in self._framer.push(self._resampler.process(pcm)):
            self._frames.put(frame)

    def frames(self) -> Iterator[bytes]:
        """20 ms frames of PCM16 mono 16 kHz as they arrive; ends after `close`."""
        while (frame := self._frames.get()) is not None:
            yield frame

    def close(self) -> None:
        """The client is gone."""
        self._frames.put(None)


class Phase(Enum):
    """How far the way out is open."""

    OPEN = auto()
    ENDING = auto()  # no more audio; text until the queue is empty
    LAST_WORDS = auto()  # only what is queued


class WebAudioOut:
    """The bot's voice (AudioOut) and the session's news (`watch`), sent in order by `run`."""

    def __init__(self, rate: int, lead_ms: int = 100, clock: Callable[[], float] = monotonic) -> None:
        self.close_code = CloseCode.NORMAL
        self._rate = rate
        self._clock = clock
        self._playout = Playout(rate, lead_ms, piece_ms=PIECE_MS)
        self._listener: PlaybackListener | None = None
        self._tap: AudioTap | None = None
        self._feed = ClipFeed(rate)
        self._texts: deque[str] = deque()
        self._wake = Event()
        self._phase = Phase.OPEN
        self._cuts = 0  # pauses and stops so far: audio taken before a cut must not be sent after it

    # --- the AudioOut port

    def bind(self, listener: PlaybackListener) -> None:
        """Whom to tell what is heard."""
        self._listener = listener

    def tap(self, tap: AudioTap) -> None:
        """Who else hears what goes out."""
        self._tap = tap

    def play(self, reply_id: str, chunk: int, clip: Clip) -> None:
        """Append audio at any rate of media.resample.RATES."""
        if self._phase is not Phase.OPEN:
            return
        if self._feed.waiting_ms > MAX_WAITING_AUDIO_MS:
            log.error("too much audio is queued; a clip is dropped", reply_id=reply_id, chunk=chunk)
            clip = Clip(b"", clip.rate, clip.last)  # the chunk still ends
        self._feed.add(reply_id, chunk, clip)
        self._refill()
        self._wake.set()

    def pause(self) -> None:
        """Silence now; what was sent and not heard will be sent again."""
        reply_id = self._playout.reply_id
        self._tell(self._playout.pause(self._clock()))
        if reply_id is not None:
            self._cut(reply_id)

    def resume(self) -> None:
        """Go on where `pause` cut."""
        self._playout.resume()
        self._wake.set()

    def stop(self, reply_id: str) -> None:
        """Silence now, drop all."""
        now = self._clock()
        self._tell(self._playout.settle(now))
        stopped = self._playout.stop(now)
        self._feed.clear()
        self._cut(reply_id)
        if stopped is not None and self._listener is not None:
            self._listener.playback_stopped(stopped.reply_id, stopped.chunk, stopped.played_ms)

    def close(self) -> None:
        """The session is over: what is queued as text still goes out, then `run` ends."""
        if self._phase is Phase.OPEN:
            self._phase = Phase.ENDING
            self._playout.stop(self._clock())
            self._feed.clear()
        self._wake.set()

    # --- news

    def watch(self, _session_id: str, happening: Happening) -> None:
        """A Watcher: tells the client."""
        text = notices.notice(happening)
        if isinstance(happening, SessionEnded) and text is not None:
            self.last_words(text, CloseCode.NORMAL)
        elif text is not None:
            self.post(text)

    def begin(self, ready: str) -> None:
        """`ready` goes first, before what the session has had to say since it was opened."""
        self._texts.appendleft(ready)

    def post(self, text: str) -> None:
        """Queue a text message."""
        if self._phase is not Phase.LAST_WORDS:
            self._texts.append(text)
            self._wake.set()

    def last_words(self, text: str, code: CloseCode) -> None:
        """Queue the last message; `run` ends after it, and the socket shall close with `code`."""
        if self._phase is not Phase.LAST_WORDS:
            self.post(text)
            self.close()
            self._phase = Phase.LAST_WORDS
            self.close_code = code

    def report(self, reply_id: str, played_ms: float) -> None:
        """The client says how much of a reply it has played."""
        self._playout.report(reply_id, played_ms, self._clock())

    # --- the sending greenlet

    def run(self, sink: Sink) -> None:
        """Send until the session is over. Raises what `sink.send` raises."""
        while True:
            self._wake.clear()
            self._tell(self._playout.settle(self._clock()))
            self._send_texts(sink)
            if self._phase is not Phase.OPEN:
                if not self._texts:
                    return
                continue
            if not self._send_frame(sink):
                now = self._clock()
                due = self._playout.next_due(now)
                self._wake.wait(None if due is None else due - now)

    def _send_frame(self, sink: Sink) -> bool:
        """Send one frame if one may leave now."""
        self._refill()
        out = self._playout.take(self._clock())
        if out is None:
            return False
        cuts = self._cuts
        if out.starts and self._listener is not None:
            self._listener.playback_started(out.reply_id, out.chunk)
            gevent.sleep(0)  # the session says what it says, so that the words go ahead of the sound
            self._send_texts(sink)
        if out.pcm and cuts == self._cuts:
            if self._tap is not None:
                self._tap.sent(out.pcm, self._rate)
            sink.send(out.pcm)
        return True

    def _refill(self) -> None:
        """Keep the playout supplied for a moment. So while clips wait it is never empty, and a stop
        finds something to tell."""
        while self._playout.unsent_s < SUPPLY_S and (piece := self._feed.next()) is not None:
            self._playout.append(piece.reply_id, piece.chunk, piece.pcm, piece.last)

    def _send_texts(self, sink: Sink) -> None:
        if len(self._texts) > MAX_WAITING_MESSAGES:
            raise BufferError(f"{MAX_WAITING_MESSAGES} messages wait to be sent")
        while self._texts:
            sink.send(self._texts.popleft())

    def _cut(self, reply_id: str) -> None:
        self._cuts += 1
        if self._tap is not None:
            self._tap.cut()
        self.post(notices.clear(reply_id))

    def _tell(self, done: Iterable[Done]) -> None:
        for mark in done:
            if self._listener is not None:
                self._listener.playback_done(mark.reply_id, mark.chunk)
