"""What voice activity detection is to the rest of the product.

A `VoiceDetector` says how probable speech is in each frame; one instance a session, since engines
keep state between frames. `media.vad.segmenter` turns probabilities into starts and ends of speech.
"""

from __future__ import annotations

from typing import Protocol


class VoiceDetector(Protocol):
    """Frame by frame speech probability. Cheap enough (< 0.1 ms) to run on the hub."""

    name: str

    def probability(self, frame: bytes, *, quiet: bool = False) -> float:
        """Speech probability 0..1 after this 20 ms frame of PCM16 mono 16 kHz (640 bytes).

        `quiet`: it is known to be no louder than the background, so a detector may save itself the
        work and say 0; it must still know the frame when the next one is loud.
        """
        ...

    def reset(self) -> None:
        """Forget all state."""
        ...
