"""The caller's voice on a phone call, whichever media socket brings it, and the way back on it.

Responsible for frames and for bounding what waits. Media sockets come and go (`audio_fork`); the
session hears one stream. It must never know tokens, FreeSWITCH's events or the session's states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import structlog
from gevent.queue import SimpleQueue

from media.pcm import FRAME_MS, Framer

MAX_WAITING_FRAMES = 10_000 // FRAME_MS
"""10 s of audio that the session has not taken: it is stuck. What comes then is dropped."""

log = structlog.get_logger(__name__)

Send = Callable[[str], None]
"""Sends one text message over the media socket; blocks; raises ConnectionError when it is gone."""


class PhoneAudioIn:
    """AudioIn: fed by the media socket's greenlet, iterated by the session's."""

    def __init__(self) -> None:
        self.on_line: Callable[[Send | None], None] = _nobody
        """Told how to send to FreeSWITCH when a media socket is there, None when it has gone."""
        self.closed = False
        self.dropped = 0
        self._framer = Framer()
        self._frames: SimpleQueue = SimpleQueue()

    def line(self, send: Send | None) -> None:
        """A media socket has come, or gone."""
        self._framer = Framer()  # half a frame of the old one would shift all that follows
        if not self.closed:
            self.on_line(send)

    def feed(self, pcm: bytes) -> None:
        """Add PCM16 mono 16 kHz of any even length. Raises BadPcm."""
        if self.closed:
            return
        for frame in self._framer.push(pcm):
            if self._frames.qsize() < MAX_WAITING_FRAMES:
                self._frames.put(frame)
                continue
            if self.dropped == 0:
                log.error("the session takes no audio; frames are dropped", waiting=MAX_WAITING_FRAMES)
            self.dropped += 1

    def frames(self) -> Iterator[bytes]:
        """20 ms frames of PCM16 mono 16 kHz as they arrive; ends after `close`."""
        while (frame := self._frames.get()) is not None:
            yield frame

    def close(self) -> None:
        """The call is over: what still arrives is dropped."""
        if not self.closed:
            self.closed = True
            self._frames.put(None)


def _nobody(_send: Send | None) -> None:
    pass
