"""The one place that knows the voice detectors by name."""

from __future__ import annotations

from collections.abc import Callable

from media.vad.base import VoiceDetector
from media.vad.silero import SileroDetector
from media.vad.webrtc import WebrtcDetector

DETECTORS: dict[str, Callable[..., VoiceDetector]] = {
    "silero": SileroDetector,
    "webrtc": WebrtcDetector,
}


class UnknownDetector(ValueError):
    """A detector's name or parameter that doesn't exist."""


def create(name: str = "silero", **params: object) -> VoiceDetector:
    """A new detector for one session: "silero", or "webrtc" (`mode=0..3`).

    Raises UnknownDetector for a name or parameter that doesn't exist, ValueError for a bad value.
    """
    if name not in DETECTORS:
        raise UnknownDetector(f"no VAD named {name!r}; use one of {', '.join(DETECTORS)}")
    try:
        return DETECTORS[name](**params)
    except TypeError as exc:
        raise UnknownDetector(f"VAD {name!r} doesn't take {params}: {exc}") from exc
