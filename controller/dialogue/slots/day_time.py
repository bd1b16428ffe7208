"""A day, a time, or both, within opening hours, relative to now. Parts said one by one add up.

Keys: month and day as four digits, or hour and minute as four digits, whichever is still missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from controller.dialogue.languages import calendar
from controller.dialogue.languages.base import ClockWords, DayPart, Half, Language, MomentWords, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

_PART_QUESTIONS = {
    DayPart.MORNING: Phrase.WHICH_MORNING_TIME,
    DayPart.AFTERNOON: Phrase.WHICH_AFTERNOON_TIME,
    DayPart.EVENING: Phrase.WHICH_EVENING_TIME,
}
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of a day and time so far."""

    day: date | None = None
    at: time | None = None
    part: DayPart | None = None


def _clock_text(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("expected a time such as 09:00")
    return value


ClockTime = Annotated[time, BeforeValidator(_clock_text)]


class DayTimeSlot(SlotModel):
    """value is a Moment. `wants` says which parts make it whole."""

    type: Literal["day_time"]
    wants: Literal["day", "time", "both"] = "both"
    opens: ClockTime = time(8)
    closes: ClockTime = time(20)
    weekdays: tuple[Weekday, ...] = _WEEKDAYS

    @model_validator(mode="after")
    def _in_order(self) -> DayTimeSlot:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self

    @property
    def dtmf_digits(self) -> int:
        """MMDD or HHMM."""
        return 4

    def ahead(self, match: Match) -> bool:
        """A day can't be mistaken for anything else; a mere number could be no time at all."""
        return match.certainty is not Certainty.REFUSED and match.value.day is not None

    def hints(self, language: Language) -> tuple[str, ...]:
        """Days and clock words."""
        return language.moment_hints

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN when all wanted parts are said, PARTIAL when one is missing, REFUSED "
        "when over or closed."""
        known = context.known.value if context.known else None
        before = known if isinstance(known, Moment) else Moment()
        if context.keys:
            words = _from_keys(text, before, context.now, want_day=self.wants != "time")
        else:
            words = language.moment(text, context.now)
        if not words:
            return None
        if words.impossible:
            return self._refuse(before, Phrase.NO_SUCH_DAY)
        if len(words.days) > 1:
            return self._refuse(before, Phrase.WHICH_OF_THEM)
        return self._judge(words, before, language, context, unfinished=language.unfinished(text))

    def _judge(
        self,
        words: MomentWords,
        before: Moment,
        language: Language,
        context: Context,
        *,
        unfinished: bool,
    ) -> Match:
        now = context.now
        day = words.days[0] if words.days else before.day
        part = words.part or before.part
        at = self._time(words.clock, part) if words.clock else before.at
        if words.part and not words.clock and at and (at.hour < 12) != (words.part is DayPart.MORNING):
            at = None  # "no, in the afternoon": the hour is open again
        if at is not None and not self.opens <= at < self.closes:
            return self._refuse(Moment(day), Phrase.TIME_CLOSED)
        if day is not None and (problem := self._day_problem(day, now)):
            return self._refuse(Moment(None, at, part), problem)
        if day == now.date() and at is not None and at <= now.time():
            return self._refuse(Moment(), Phrase.DAY_PASSED)
        return self._match(
            Moment(day, at, part if at is None else None), language, now, unfinished=unfinished
        )

    def _day_problem(self, day: date, now: datetime) -> Phrase | None:
        if day < now.date():
            return Phrase.DAY_PASSED
        return None if _WEEKDAYS[day.weekday()] in self.weekdays else Phrase.DAY_CLOSED

    def _time(self, clock: ClockWords, part: DayPart | None) -> time:
        """The hour that was meant: as said, or the one that fits the part of the day and "
        "opening hours."""
        if clock.hour > 12:
            return time(clock.hour % 24, clock.minute)
        early, late = time(clock.hour % 12, clock.minute), time(clock.hour % 12 + 12, clock.minute)
        if clock.half is not Half.UNSAID:
            return early if clock.half is Half.AM else late
        if part is not None and part is not DayPart.MORNING:
            early, late = late, early
        return (
            late if not self.opens <= early < self.closes and self.opens <= late < self.closes else early
        )

    def _match(self, moment: Moment, language: Language, now: datetime, *, unfinished: bool) -> Match:
        day = language.say_day(moment.day, now.date()) if moment.day else ""
        at = language.say_time(moment.at) if moment.at else ""
        spoken = language.say_moment(day, at) if day and at else day or at
        missing = self._missing(moment)
        if missing:
            return Match(moment, spoken, Certainty.PARTIAL, missing)
        sure = Certainty.LIKELY if unfinished else Certainty.CERTAIN
        parts = [
            moment.day.isoformat() if moment.day else "",
            moment.at.strftime("%H:%M") if moment.at else "",
        ]
        return Match(moment, spoken, sure, raw="T".join(p for p in parts if p))

    def _missing(self, moment: Moment) -> tuple[Phrase, ...]:
        if moment.day is None and self.wants != "time":
            return (Phrase.WHICH_DAY,)
        if moment.at is None and self.wants != "day":
            return (_PART_QUESTIONS[moment.part] if moment.part else Phrase.WHICH_TIME,)
        return ()

    def _refuse(self, keep: Moment, problem: Phrase) -> Match:
        return Match(keep, "", Certainty.REFUSED, (problem, *self._missing(keep)))


def _from_keys(text: str, before: Moment, now: datetime, *, want_day: bool) -> MomentWords:
    if not (text.isdecimal() and len(text) == 4):
        return MomentWords()
    first, second = int(text[:2]), int(text[2:])
    if want_day and before.day is None:
        day = calendar.day_of_year(now.date(), first, second, None)
        return MomentWords((day,)) if day else MomentWords(impossible=True)
    if first > 23 or second > 59:
        return MomentWords()
    half = Half.AM if first < 12 else Half.PM
    return MomentWords(clock=ClockWords(first, second, half))
