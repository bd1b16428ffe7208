"""WebRTC voice activity detection: 2 us a frame, and fooled by tones and noise.

Responsible for: smoothing its yes/no per frame to a probability. The light option where Silero's
cost matters; DTMF, hold tones and loud noise count as voice here.
Knows nothing of thresholds or of what counts as the start of speech.
"""

from __future__ import annotations

import webrtcvad

from media.pcm import RATE

MODES = (0, 1, 2, 3)
RISE = 0.35
"""Share of a voiced frame that is believed at once: two in a row pass 0.5 (0.35, 0.58), one click
doesn't."""
FALL = 0.5
"""The same for an unvoiced frame: 33 ms of its own hang-over come on top."""


class WebrtcDetector:
    """One caller's detector. `mode` 0 (most speech) to 3 (fewest false alarms); ValueError else."""

    name = "webrtc"

    def __init__(self, mode: int = 3) -> None:
        if mode not in MODES:
            raise ValueError(f"webrtc VAD mode is {mode!r}; use 0, 1, 2 or 3")
        self._mode = mode
        self.reset()

    def reset(self) -> None:
        """Forget all state."""
        self._engine = webrtcvad.Vad(self._mode)
        self._probability = 0.0

    def probability(self, frame: bytes, *, quiet: bool = False) -> float:
        """Smoothed share of voiced frames after this one (20 ms of 16 kHz PCM16)."""
        del quiet  # it costs next to nothing
        voiced = self._engine.is_speech(frame, RATE)
        step = RISE if voiced else FALL
        self._probability += step * (float(voiced) - self._probability)
        return self._probability
