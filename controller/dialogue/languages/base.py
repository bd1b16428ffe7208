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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
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
    WRONG = "wrong"  # something that was understood is not right
    BACK = "back"  # to the question before
    LISTENING = "listening"  # a backchannel, or noise that became a word
    DO_NOT_CALL = "do_not_call"  # never again; see `Language.no_more_calls`


class Phrase(StrEnum):
    """Sentences every flow may need; each language has its own for all of them."""

    TAKE_YOUR_TIME = "take_your_time"
    GO_AHEAD = "go_ahead"
    WELCOME = "welcome"
    HELLO = "hello"
    ROBOT = "robot"
    DONT_KNOW = "dont_know"
    EXCUSE = "excuse"
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
    GO_ON = "go_on"  # the rest of a long number, please
    TOO_MANY_DIGITS = "too_many_digits"
    DIGIT_WRONG = "digit_wrong"  # a check digit says so
    NO_SUCH_PHONE = "no_such_phone"
    SEVERAL_NUMBERS = "several_numbers"
    NOT_EXACT = "not_exact"
    NOT_WHOLE = "not_whole"
    TOO_LITTLE = "too_little"
    TOO_MUCH = "too_much"
    OTHER_CURRENCY = "other_currency"
    WHICH_YEAR = "which_year"
    DAY_TO_COME = "day_to_come"
    DAY_TOO_FAR = "day_too_far"
    WRONG_ADDRESS = "wrong_address"
    WRONG_CODE = "wrong_code"
    IS_THAT_RIGHT = "is_that_right"
    WHICH_IS_WRONG = "which_is_wrong"


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
    marked: bool = False
    """Said with words that belong to a time only ("half past", "o'clock"), no mere number."""


_HOURS = {
    DayPart.MORNING: range(7, 12),
    DayPart.AFTERNOON: (12, *range(1, 7)),
    DayPart.EVENING: range(5, 12),
}
"""Hours that a part of the day said before is taken to hold for, too."""


def _half(part: DayPart) -> Half:
    return Half.AM if part is DayPart.MORNING else Half.PM


@dataclass(frozen=True, slots=True)
class MomentWords:
    """What an utterance says about a day and a time.

    `days` holds every distinct day named (more than one: the caller hesitates between them).
    `impossible` is set for a day that no calendar has, `yearless` for a day named by its month without
    a year, `hesitates` for more than one time of day; `year` is one said on its own.
    """

    days: tuple[date, ...] = ()
    clock: ClockWords | None = None
    part: DayPart | None = None
    impossible: bool = False
    yearless: bool = False
    hesitates: bool = False
    year: int | None = None

    def __bool__(self) -> bool:
        return bool(self.days or self.clock or self.part or self.impossible or self.year)

    def revised(self, later: MomentWords) -> MomentWords:
        """These words corrected by later ones: whatever is said again replaces what was said before."""
        clock, hesitates = later.clock or self.clock, later.hesitates
        unsaid = later.clock is not None and later.part is None and later.clock.half is Half.UNSAID
        if unsaid and clock is not None and self.part and clock.hour in _HOURS[self.part]:
            clock = replace(clock, half=_half(self.part))  # "nine in the morning, no, ten"
        if later.clock is None:
            hesitates = self.hesitates
            if clock is not None and later.part is not None:
                clock = replace(clock, half=_half(later.part))
        part = self.part if later.part is None and later.clock is None else later.part
        days, about = (later.days, later) if later.days or later.impossible else (self.days, self)
        return MomentWords(
            days, clock, part, about.impossible, about.yearless, hesitates, later.year or self.year
        )


@dataclass(frozen=True, slots=True)
class NameWords:
    """A person's name as found. `introduced`: the caller said that it is their name ("my name is …")."""

    name: str
    introduced: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it was said. `other` is what the same words can also mean ("two fifty": 2.50 or 250).

    `unsure`: the words only sound like it, or it was said to be about that much. `currency` is an
    ISO 4217 code, or a sign that several currencies share ("$", "¥"); empty when none was said.
    """

    value: Decimal
    other: Decimal | None = None
    unsure: bool = False
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The numbers an utterance leaves standing once its corrections are applied, no two the same.

    More than one: a range, a hesitation, or two things counted. `vague`: an amount was said that is no
    number ("a few", "fifty something").
    """

    found: tuple[Amount, ...] = ()
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Dictation:
    """One reading of a number that was said digit by digit.

    `plus`: it begins with the sign for an international number. `plain`: nothing but the number, and
    words that introduce one, was said. `unsure`: some digits only sound like it. `anew`: the caller said
    that this takes the place of what they dictated before.
    """

    digits: str
    plus: bool = False
    plain: bool = True
    unsure: bool = False
    anew: bool = False


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
    no_more_calls: re.Pattern[str]
    """What stands anywhere in a clean utterance of somebody who wants no more calls; before all else."""
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
    swearing: re.Pattern[str]
    """Words of anger in raw text: taken out, what is left may be an answer."""
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
    revisions: Callable[[str], tuple[str, ...]]
    """Raw text → its stretches ("Thursday, no, Friday"): what is said in one replaces what was said
    before it; what is denied ("not Thursday") is left out. Never empty."""
    taken_back: re.Pattern[str]
    """What stands between an answer and another one that replaces it ("yes, no wait, no"); raw text."""
    symbols: Callable[[str], tuple[str, ...]]
    """Raw text → its words, with letters, figures and marks as characters ("j", "o", ".", "smith", "@");
    "" where something was said that is no part of anything dictated."""
    letter_names: Mapping[str, str]
    """Words that name a letter in a code ("bravo", "zed")."""
    moment: Callable[[str, datetime, bool], MomentWords]
    """Raw text, now, and whether days that have been are meant → the day and time in it."""
    say_day: Callable[[date, date], str]
    """A day and today → words for it."""
    say_time: Callable[[time], str]
    say_moment: Callable[[str, str], str]
    """Words for a day and words for a time → both together."""
    say_exact_time: Callable[[time], str]
    """Like `say_time`, and never the same for two times of a day."""
    say_digits: Callable[[str], str]
    say_groups: Callable[[Sequence[str]], str]
    """Groups of digits → each digit by its name, with a pause between groups; "+" is said too."""
    amounts: Callable[[str], Amounts]
    """Raw text → the numbers said in it that count or measure."""
    money: Callable[[str], Amounts]
    """Raw text → the sums of money said in it, in major units."""
    dictation: Callable[[str], tuple[Dictation, ...]]
    """Raw text → the digits dictated in it, the most likely reading first; none without a digit."""
    say_number: Callable[[Decimal], str]
    say_money: Callable[[Decimal, str], str]
    """A sum in major units and its ISO 4217 code → words."""
    say_spelled: Callable[[str], str]
    """A code or an address, character by character, with pauses; well-known domains as words."""
    sound: Callable[[str], str]
    """Clean text → how it sounds, for comparing what may have been misheard."""
    number_hints: tuple[str, ...] = ()
    moment_hints: tuple[str, ...] = ()
    yes_no_hints: tuple[str, ...] = ()
