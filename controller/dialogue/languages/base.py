"""What a flow needs from a language: how people say things in it, and how it says things to them.

A `Language` is data and pure functions, built once at import. It knows words, numbers, dates and names;
it never knows a flow, a slot's settings or the clock (functions that need one are told `now`).

Three forms of an utterance are used throughout:
- *raw*: as recognised, `normalise.plain` at most (names need its capitals);
- *clean*: lower case, no punctuation, no fillers: intents and yes/no read this;
- *numeric*: clean, with every number in digits: dates, ratings and phone numbers read this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum


class Intent(StrEnum):
    """Things a caller may say at any point of any flow."""

    REPEAT = "repeat"
    GOODBYE = "goodbye"
    WAIT = "wait"
    ATTENTION = "attention"  # "can I say something"
    CANCEL = "cancel"
    PERSON = "person"  # wants a human
    THANKS = "thanks"
    HELLO = "hello"
    ROBOT = "robot"  # "are you a robot"
    LISTENING = "listening"  # a backchannel, or noise that became a word


class Phrase(StrEnum):
    """Sentences every flow may need; each language has its own for all of them."""

    TAKE_YOUR_TIME = "take_your_time"
    GO_AHEAD = "go_ahead"
    WELCOME = "welcome"
    HELLO = "hello"
    ROBOT = "robot"
    DONT_KNOW = "dont_know"
    NOT_UNDERSTOOD = "not_understood"
    STILL_THERE = "still_there"
    NO_PROBLEM = "no_problem"
    ONE_MOMENT = "one_moment"
    GOODBYE = "goodbye"
    SILENT_GOODBYE = "silent_goodbye"
    GIVING_UP = "giving_up"
    NO_COLLEAGUE = "no_colleague"
    CANCELLED = "cancelled"
    WHICH_DAY = "which_day"
    WHICH_TIME = "which_time"
    WHICH_MORNING_TIME = "which_morning_time"
    WHICH_AFTERNOON_TIME = "which_afternoon_time"
    WHICH_EVENING_TIME = "which_evening_time"
    DAY_PASSED = "day_passed"
    DAY_CLOSED = "day_closed"
    TIME_CLOSED = "time_closed"
    NO_SUCH_DAY = "no_such_day"
    WHICH_OF_THEM = "which_of_them"
    WRONG_LENGTH = "wrong_length"


class DayPart(StrEnum):
    """A stretch of the day, as far as it narrows down an hour."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Half(StrEnum):
    """Which half of the day an hour was said to be in; UNSAID leaves 1..12 open."""

    AM = "am"
    PM = "pm"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True)
class ClockWords:
    """A time of day as it was said: `hour` 0..24, still ambiguous when `half` is UNSAID "
    "and it is 1..12."""

    hour: int
    minute: int = 0
    half: Half = Half.UNSAID


@dataclass(frozen=True, slots=True)
class MomentWords:
    """What an utterance says about a day and a time.

    `days` holds every distinct day named (more than one: the caller hesitates between them).
    `impossible` is set for a day that no calendar has. `past` for a day known to be over.
    """

    days: tuple[date, ...] = ()
    clock: ClockWords | None = None
    part: DayPart | None = None
    impossible: bool = False

    def __bool__(self) -> bool:
        return bool(self.days or self.clock or self.part or self.impossible)


@dataclass(frozen=True, slots=True)
class NameWords:
    """A person's name as found. `introduced`: the caller said that it is their name ("my name is …")."""

    name: str
    introduced: bool


@dataclass(frozen=True, slots=True)
class Language:
    """One language. All functions are pure and never raise on any text."""

    code: str
    joiner: str
    """What stands between two sentences."""
    full_stop: str
    phrases: Mapping[Phrase, str]
    intents: Mapping[Intent, re.Pattern[str]]
    """Patterns for a whole clean utterance."""
    loose_intents: Mapping[Intent, re.Pattern[str]]
    """Patterns that may stand anywhere in a clean utterance; tried when nothing else was understood."""
    yes: re.Pattern[str]
    """Matched at the beginning of a clean utterance, like `no`, which is tried first."""
    no: re.Pattern[str]
    nothing: re.Pattern[str]
    """A whole clean utterance that means "no comment"."""
    question: re.Pattern[str]
    correction: re.Pattern[str]
    """What introduces a corrected value, in lower-case raw text; the value stands after "
        "the last match."""
    change: re.Pattern[str]
    """Somebody wants something to be different, without saying yet what it shall be."""
    ratings: tuple[tuple[re.Pattern[str], int], ...]
    """Words of satisfaction and the mark from 1 to 5 they stand for; the first that is found counts."""
    clean: Callable[[str], str]
    numeric: Callable[[str], str]
    ordinal: Callable[[str], int | None]
    """Numeric text → which one of a list (1-based, -1 the last)."""
    mistaken_number: Callable[[str], str]
    """Numeric text → the same with "to", "for"… read as the numbers they sound like."""
    mistaken_agreement: Callable[[str], str]
    """Clean text → the same with what recognisers print for a yes or a no replaced by it; only for the
    answer to a yes/no question."""
    digits: Callable[[str], str]
    """Clean text → the digits dictated in it."""
    unfinished: Callable[[str], bool]
    """Raw text → whether it ends in a hesitation or a conjunction."""
    name: Callable[[str], NameWords | None]
    moment: Callable[[str, datetime], MomentWords]
    say_day: Callable[[date, date], str]
    """A day and today → words for it."""
    say_time: Callable[[time], str]
    say_moment: Callable[[str, str], str]
    """Words for a day and words for a time → both together."""
    say_digits: Callable[[str], str]
    moment_hints: tuple[str, ...] = ()
    yes_no_hints: tuple[str, ...] = ()
