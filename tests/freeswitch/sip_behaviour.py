"""What a phone does when it is called, and the phases of its call. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Answers:
    """Rings for so long, then is picked up."""

    after_ms: float = 0


@dataclass(frozen=True, slots=True)
class Refuses:
    """Rings (with `early_media`: 183 and a busy tone) for so long, then answers with this SIP code."""

    code: int
    after_ms: float = 0
    early_media: bool = False


@dataclass(frozen=True, slots=True)
class RingsForever:
    """Until the caller gives up."""


Behaviour = Answers | Refuses | RingsForever


class Phase(StrEnum):
    """Life of a phone and its one call."""

    IDLE = "idle"
    CALLING = "calling"
    CALLED = "called"
    TALKING = "talking"
    ENDING = "ending"
    OVER = "over"
