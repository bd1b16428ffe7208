"""What the slots of days and times share: from words heard, and what is known already, to a `Match`.

`Rules` are what a slot's settings come down to. Parts said one by one add up; what is said again
replaces what was said before. Never reads a clock: now comes in `Context`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BeforeValidator

from controller.dialogue.languages import calendar
from controller.dialogue.languages.base import ClockWords, DayPart, Half, Language, MomentWords, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match

_PART_QUESTIONS = {
    DayPart.MORNING: Phrase.WHICH_MORNING_TIME,
    DayPart.AFTERNOON: Phrase.WHICH_AFTERNOON_TIME,
    DayPart.EVENING: Phrase.WHICH_EVENING_TIME,
}
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WAKING = range(7, 19)
"""Where nothing else tells morning from evening, an hour is taken for the one in these hours."""


def _clock_text(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("expected a time such as 09:00")
    return value


ClockTime = Annotated[time, BeforeValidator(_clock_text)]


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of a day and time so far. `yearless`: the year of the day is a guess."""

    day: date | None = None
    at: time | None = None
    part: DayPart | None = None
    yearless: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Which parts are wanted and which of them are possible. `past`: days gone by are meant, not days to
    come; `with_year`: the year has to be said. `closes` is None for midnight."""

    wants_day: bool = True
    wants_time: bool = True
    weekdays: tuple[Weekday, ...] = WEEKDAYS
    past: bool = False
    with_year: bool = False
    at_most_days_ahead: int | None = None
    opens: time = time(0)
    closes: time | None = None

    def open_at(self, at: time) -> bool:
        """Whether a time is within the hours."""
        return self.opens <= at and (self.closes is None or at < self.closes)

    def day_problem(self, day: date, today: date) -> Phrase | None:
        """Why a day is not possible, if it isn't."""
        if self.past and day > today:
            return Phrase.DAY_TO_COME
        if not self.past and day < today:
            return Phrase.DAY_PASSED
        if self.at_most_days_ahead is not None and (day - today).days > self.at_most_days_ahead:
            return Phrase.DAY_TOO_FAR
        return None if WEEKDAYS[day.weekday()] in self.weekdays else Phrase.DAY_CLOSED

    def missing(self, moment: Moment) -> tuple[Phrase, ...]:
        """The question for what is not known yet."""
        if self.wants_day and moment.day is None:
            return (Phrase.WHICH_DAY,)
        if self.wants_day and self.with_year and moment.yearless:
            return (Phrase.WHICH_YEAR,)
        if self.wants_time and moment.at is None:
            return (_PART_QUESTIONS[moment.part] if moment.part else Phrase.WHICH_TIME,)
        return ()


def find(text: str, language: Language, context: Context, rules: Rules) -> Match | None:
    """CERTAIN when all wanted parts are said, PARTIAL when one is missing, REFUSED when they are not
    possible; None when the words hold none of the wanted parts."""
    known = context.known.value if context.known else None
    before = known if isinstance(known, Moment) else Moment()
    words = (
        _pressed(text, before, context, rules)
        if context.keys
        else _heard(text, language, context, rules)
    )
    if not rules.wants_day:
        words = MomentWords(clock=words.clock, part=words.part, hesitates=words.hesitates)
    elif not rules.wants_time:
        words = MomentWords(words.days, None, None, words.impossible, words.yearless, year=words.year)
    if words.year and not words.days and not (rules.with_year and before.day and before.yearless):
        words = MomentWords(words.days, words.clock, words.part, words.impossible)
    if not words:
        return None
    if words.impossible:
        return _refuse(before, Phrase.NO_SUCH_DAY, rules)
    if len(words.days) > 1:
        return _refuse(Moment(None, before.at, words.part or before.part), Phrase.WHICH_OF_THEM, rules)
    if words.hesitates:
        return _refuse(Moment(_day(words, before), None, words.part), Phrase.WHICH_OF_THEM, rules)
    said_clearly = bool(words.days) or (words.clock is not None and words.clock.marked)
    match = _judge(words, before, language, context.now, rules)
    if not match.filled:
        return match
    sure = Certainty.LIKELY if language.unfinished(text) else Certainty.CERTAIN
    return Match(match.value, match.spoken, sure, (), match.raw, match.unsure, introduced=said_clearly)


def _heard(text: str, language: Language, context: Context, rules: Rules) -> MomentWords:
    words = MomentWords()
    for stretch in language.revisions(text):
        words = words.revised(language.moment(stretch, context.now, rules.past))
    return words


def _judge(words: MomentWords, before: Moment, language: Language, now: datetime, rules: Rules) -> Match:
    day, part = _day(words, before), words.part or before.part
    yearless = words.yearless if words.days else before.yearless and words.year is None
    at, open_both = before.at, False
    if words.clock:
        at, open_both = _time(words.clock, part, rules, now if day == now.date() else None)
    elif words.part and at and (at.hour < 12) != (words.part is DayPart.MORNING):
        at = None  # "no, in the afternoon": the hour is open again
    if at is not None and not rules.open_at(at):
        return _refuse(Moment(day, yearless=yearless), Phrase.TIME_CLOSED, rules)
    if day is not None and (problem := rules.day_problem(day, now.date())):
        return _refuse(Moment(None, at, part), problem, rules)
    if not rules.past and day == now.date() and at is not None and at <= now.time():
        return _refuse(Moment(), Phrase.DAY_PASSED, rules)
    moment = Moment(day, at, part if at is None else None, yearless)
    return _match(moment, language, now, rules, unsure=open_both)


def _day(words: MomentWords, before: Moment) -> date | None:
    if words.days:
        return words.days[0]
    if words.year and before.day is not None:
        return calendar.make_date(words.year, before.day.month, before.day.day) or before.day
    return before.day


def _time(
    clock: ClockWords, part: DayPart | None, rules: Rules, now: datetime | None
) -> tuple[time, bool]:
    """The hour that was meant, and whether the other half of the day would do as well: as said, or the
    one that fits the part of the day, the hours, and a `now` on the same day."""
    if clock.hour > 12 or (clock.hour == 0 and clock.half is Half.UNSAID):
        return time(clock.hour % 24, clock.minute), False
    early, late = time(clock.hour % 12, clock.minute), time(clock.hour % 12 + 12, clock.minute)
    half = clock.half
    if half is Half.UNSAID and part is not None:
        half = Half.AM if part is DayPart.MORNING else Half.PM
        if not rules.open_at(early if half is Half.AM else late):
            half = Half.UNSAID
    if half is not Half.UNSAID:
        return (early if half is Half.AM else late), False
    if not (rules.open_at(early) and rules.open_at(late)):
        return (late if rules.open_at(late) else early), False
    if now is not None and early <= now.time() < late:
        return late, False
    return (early if early.hour in WAKING else late), True


def _match(moment: Moment, language: Language, now: datetime, rules: Rules, *, unsure: bool) -> Match:
    day = language.say_day(moment.day, now.date()) if moment.day else ""
    at = ""
    if moment.at:
        other = moment.at.replace(hour=(moment.at.hour + 12) % 24)
        at = (language.say_exact_time if rules.open_at(other) else language.say_time)(moment.at)
    spoken = language.say_moment(day, at) if day and at else day or at
    missing = rules.missing(moment)
    if missing:
        return Match(moment, spoken, Certainty.PARTIAL, missing)
    parts = (
        moment.day.isoformat() if moment.day else "",
        moment.at.strftime("%H:%M") if moment.at else "",
    )
    return Match(moment, spoken, Certainty.CERTAIN, raw="T".join(p for p in parts if p), unsure=unsure)


def _refuse(keep: Moment, problem: Phrase, rules: Rules) -> Match:
    return Match(keep, "", Certainty.REFUSED, (problem, *rules.missing(keep)))


def _pressed(text: str, before: Moment, context: Context, rules: Rules) -> MomentWords:
    if not (text.isascii() and text.isdecimal() and len(text) in (4, 8)):
        return MomentWords()
    first, second = int(text[-4:-2]), int(text[-2:])
    if rules.with_year and before.yearless and len(text) == 4:
        return MomentWords(year=int(text))
    if rules.wants_day and (before.day is None or len(text) == 8):
        year = int(text[:4]) if len(text) == 8 else None
        day = calendar.day_of_year(context.now.date(), first, second, year, past=rules.past)
        return MomentWords((day,), yearless=year is None) if day else MomentWords(impossible=True)
    if first > 23 or second > 59 or not rules.wants_time:
        return MomentWords()
    half = Half.AM if first < 12 else Half.PM
    return MomentWords(clock=ClockWords(first, second, half))
