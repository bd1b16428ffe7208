"""A day and a time, within opening hours, relative to now. Parts said one by one add up.

Keys: month and day as four digits, or hour and minute as four digits, whichever is still missing.
"""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import Field, model_validator

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel
from controller.dialogue.slots.moments import WEEKDAYS, ClockTime, Moment, Rules, Weekday, find

__all__ = ["ClockTime", "DayTimeSlot", "Moment"]


class DayTimeSlot(SlotModel):
    """value is a Moment; the machine form is "2026-03-24T10:30"."""

    type: Literal["day_time"]
    opens: ClockTime = time(8)
    closes: ClockTime = time(20)
    weekdays: tuple[Weekday, ...] = WEEKDAYS
    at_most_days_ahead: int | None = Field(None, ge=0, le=3660)

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
        """See moments.find."""
        rules = Rules(
            weekdays=self.weekdays,
            at_most_days_ahead=self.at_most_days_ahead,
            opens=self.opens,
            closes=self.closes,
        )
        return find(text, language, context, rules)
