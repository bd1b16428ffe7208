"""Is there speech in what was heard since then?

Responsible for: telling, from the level of every frame of an utterance, whether a text of its first
frames still holds for all of it. Knows nothing of engines.
"""

from __future__ import annotations

from statistics import median

from media.pcm import FRAME_MS, dbfs

RECENT_FRAMES = 5
"""The pause a recogniser is asked in: 100 ms, in which the noise is heard alone."""
SPEECH_FRAMES = 2
"""This much (40 ms) clearly above the noise is speech; less is a click, or the end of a breath."""
CLEAR_OF_NOISE_DB = 9.0
NEAR_SPEECH_DB = 32.0
CERTAIN_DB = 10.0
"""Within this of the loudest it is speech, even if the last 100 ms were no pause at all."""
QUIETEST_DBFS = -60.0
FADING_FRAMES = 3
LATELY_FRAMES = 50
FADING_DB = 20.0
"""For 60 ms this far below the loudest of the last second: a pause, or a long "s"."""


class SpeechSpan:
    """Levels of one utterance, frame by frame."""

    def __init__(self) -> None:
        self._levels: list[float] = []
        self._loudest = QUIETEST_DBFS

    def add(self, frame: bytes) -> None:
        """Note 20 ms of PCM16."""
        level = dbfs(frame)
        self._levels.append(level)
        self._loudest = max(self._loudest, level)

    @property
    def frames(self) -> int:
        """Frames noted so far."""
        return len(self._levels)

    @property
    def ms(self) -> int:
        """The same in ms."""
        return self.frames * FRAME_MS

    @property
    def fades(self) -> bool:
        """True when the speaker may be falling silent just now."""
        loudest = max(self._levels[-LATELY_FRAMES:], default=QUIETEST_DBFS)
        return all(level < loudest - FADING_DB for level in self._levels[-FADING_FRAMES:])

    def silent_since(self, frame: int) -> bool:
        """True when from `frame` on (0: the first) there is nothing but what the last 100 ms are
        like, which is a pause when this is asked at the end of a turn."""
        since = self._levels[frame:]
        if not since:
            return True
        noise = median(self._levels[-RECENT_FRAMES:])
        clear = max(noise + CLEAR_OF_NOISE_DB, self._loudest - NEAR_SPEECH_DB, QUIETEST_DBFS)
        above = min(clear, self._loudest - CERTAIN_DB)
        return sum(level > above for level in since) < SPEECH_FRAMES
