"""From what was said, heard and signalled to the numbers of a turn.

Responsible for: response and barge-in times, as a person on the line would measure them. Pure
functions of recorded facts; it must never know sockets, clocks or the server's own figures.

Both times are counted on the caller's own timeline, where a sample of the microphone is *spoken*
at index / rate and a sample of the loudspeaker is *heard* at index / rate:

    caller   ____|======= words =======|________________________
    bot      ==== old reply ===|____________________|=== reply ===
                 |<- barge-in->|       |<- response->|
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.simulator.legs import Sound


class Outcome(StrEnum):
    """What became of something the caller said."""

    ANSWERED = "answered"
    TALKED_OVER = "talked over"  # the bot began to speak before the caller had ended
    IGNORED = "ignored"  # said into the bot's speech, which went on
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Said:
    """A clip on the line: acoustic start and end, ms of the call."""

    text: str
    kind: str
    start_ms: float
    end_ms: float
    over_bot: bool
    """The bot was in the middle of a reply when the caller began."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A caller's words and what they led to. Times in ms; None where nothing was to measure."""

    said: Said
    outcome: Outcome
    response_ms: float | None
    """Last acoustic sample spoken -> first non-silent sample of the reply heard."""
    barge_in_ms: float | None
    """First acoustic sample spoken -> last sample of the interrupted reply heard."""


def measure(
    said: Said,
    until_ms: float,
    sounds: Sequence[Sound],
    clears_ms: Sequence[float],
    finals_ms: Sequence[float],
) -> Turn:
    """The turn that `said` began; `until_ms` is when the caller began the next one (or now).

    `clears_ms`: when playback was cut; `finals_ms`: when the server took words as a turn. A reply
    that was cut and no turn followed was only held: it goes on, and nothing was answered.
    """
    clears = [at for at in clears_ms if said.start_ms <= at < until_ms]
    finals = [at for at in finals_ms if said.start_ms <= at < until_ms]
    barge_in_ms = None
    if said.over_bot:
        if not finals:
            return Turn(said, Outcome.IGNORED, None, None)
        cuts = [at for at in clears if at <= finals[0]]
        if cuts:
            barge_in_ms = max(0.0, last_heard_before(cuts[-1], sounds) - said.start_ms)
    after_ms = answer_from_ms(said, clears, finals)
    reply_ms = first_heard_after(after_ms, sounds)
    if reply_ms is None or reply_ms >= until_ms:
        return Turn(said, Outcome.UNANSWERED, None, barge_in_ms)
    if reply_ms == after_ms:
        return Turn(said, Outcome.TALKED_OVER, None, barge_in_ms)
    return Turn(said, Outcome.ANSWERED, reply_ms - said.end_ms, barge_in_ms)


def answer_from_ms(said: Said, clears_ms: Sequence[float], finals_ms: Sequence[float]) -> float:
    """Sound after this moment answers `said`; infinity while words said into a reply are no turn.

    Both sequences begin with `said`.
    """
    if not said.over_bot:
        return max([said.end_ms, *clears_ms])
    return max([said.end_ms, finals_ms[0], *clears_ms]) if finals_ms else float("inf")


def first_heard_after(at_ms: float, sounds: Sequence[Sound]) -> float | None:
    """When sound was first heard at or after `at_ms`; `at_ms` itself if it was going on then."""
    for sound in sounds:
        if sound.end_ms > at_ms:
            return max(sound.start_ms, at_ms)
    return None


def last_heard_before(at_ms: float, sounds: Sequence[Sound]) -> float:
    """The end of the last sound that began before `at_ms`; 0.0 if there is none."""
    return max((sound.end_ms for sound in sounds if sound.start_ms < at_ms), default=0.0)
