"""The session's ear: frames in, voice events out, audio to the recogniser.

Responsible for the pre-roll (the first sound of a word is heard before it is known to be speech), for
starvation (an entry that stops sending is heard as silence) and for the one open utterance. Knows
nothing of states; decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from controller.session import events as ev
from media.asr.base import Recogniser, RecogniserStream, Transcript, TranscriptKind
from media.pcm import FRAME_BYTES, FRAME_MS
from media.vad.segmenter import Segmenter

PRE_ROLL_MS = 300
"""Audio before the onset that the recogniser gets too."""
RING_MS = 1500
"""Audio kept for pre-roll: a stretch is known only some frames after its onset."""
SILENCE = bytes(FRAME_BYTES)


class Ear:
    """One session's hearing. `post` takes events to the session's queue. Use on the hub."""

    def __init__(
        self, segmenter: Segmenter, recogniser: Recogniser, post: Callable[[ev.Event], None]
    ) -> None:
        self._segmenter = segmenter
        self._recogniser = recogniser
        self._post = post
        self._ring: deque[bytes] = deque(maxlen=RING_MS // FRAME_MS)
        self._stream: RecogniserStream | None = None
        self._utterance = 0
        self._in_stretch = False

    def hear(self, frame: bytes) -> None:
        """One frame of the caller's audio, 640 bytes."""
        self._ring.append(frame)
        if self._stream is not None:
            self._stream.feed(frame)
        voice = self._segmenter.feed(frame)
        if voice is None:
            self._in_stretch = False
            return
        if not self._in_stretch:
            self._in_stretch = True
            self._post(ev.SpeechStart(voice.onset_ms, voice.at_ms))
        self._post(ev.Voice(voice.at_ms, voice.voiced_ms, voice.silence_ms, voice.speaking))

    def hear_nothing(self, ms: int) -> None:
        """No audio came for `ms`: the caller is silent as far as anyone knows."""
        for _ in range(ms // FRAME_MS):
            if self._in_stretch:
                self.hear(SILENCE)

    def open(self, utterance: int, onset_ms: int, hints: Sequence[str]) -> None:
        """Begin to recognise, from a little before `onset_ms`."""
        self.close(self._utterance)
        self._utterance = utterance

        def on_transcript(transcript: Transcript) -> None:
            self._heard(utterance, transcript)

        def on_error(error: Exception) -> None:
            self._post(ev.AsrFailed(utterance, f"speech recognition failed: {type(error).__name__}"))

        self._stream = self._recogniser.open(on_transcript, on_error, hints)
        behind_ms = self._segmenter.at_ms - onset_ms + PRE_ROLL_MS
        wanted = min(len(self._ring), -(-behind_ms // FRAME_MS))
        for frame in list(self._ring)[len(self._ring) - wanted :]:
            self._stream.feed(frame)

    def hypothesise(self, utterance: int) -> None:
        """Decode what was said so far."""
        if self._stream is not None and utterance == self._utterance:
            self._stream.hypothesise()

    def finalise(self, utterance: int) -> None:
        """The turn is over; the next voice opens a new stretch."""
        if self._stream is not None and utterance == self._utterance:
            self._end_stretch()
            self._stream.finalise()

    def close(self, utterance: int) -> None:
        """Drop the utterance if it is the open one."""
        if self._stream is not None and utterance == self._utterance:
            self._stream.close()
            self._stream = None
            self._end_stretch()

    def close_all(self) -> None:
        """The session is over."""
        self.close(self._utterance)

    def _end_stretch(self) -> None:
        self._segmenter.close()
        self._in_stretch = False

    def _heard(self, utterance: int, transcript: Transcript) -> None:
        if transcript.kind is TranscriptKind.FINAL:
            self._post(ev.Final(utterance, transcript.text))
        elif transcript.kind is TranscriptKind.HYPOTHESIS:
            self._post(ev.Hypothesis(utterance, transcript.text))
        else:
            self._post(ev.Partial(utterance, transcript.text))
