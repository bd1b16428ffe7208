"""A day: one to come, or, with `past`, one that has been (a birthday, when something happened).

Keys: month and day as four digits; with a year before them eight.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel
from controller.dialogue.slots.moments import WEEKDAYS, Rules, Weekday, find


class DateSlot(SlotModel):
    """value is a Moment with its `day`; the machine form is "2026-03-24"."""

    type: Literal["date"]
    weekdays: tuple[Weekday, ...] = WEEKDAYS
    past: bool = False
    """Days up to today are meant, none to come."""
    with_year: bool = False
    """The year has to be said ("the third of March" asks which): birthdays."""
    at_most_days_ahead: int | None = Field(None, ge=0, le=3660)

    @property
    def dtmf_digits(self) -> int:
        """MMDD, or YYYYMMDD where the year counts."""
        return 8 if self.with_year else 4

    def ahead(self, match: Match) -> bool:
        """A day can't be mistaken for anything else."""
        return match.certainty is not Certainty.REFUSED

    def hints(self, language: Language) -> tuple[str, ...]:
        """Days and clock words."""
        return language.moment_hints

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """See moments.find; a time said with the day is left out."""
        rules = Rules(
            wants_time=False,
            weekdays=self.weekdays,
            past=self.past,
            with_year=self.with_year,
            at_most_days_ahead=self.at_most_days_ahead,
        )
        return find(text, language, context, rules)
