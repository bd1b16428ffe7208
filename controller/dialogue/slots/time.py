"""A time of day. Keys: hour and minute as four digits, on 24 hours."""

from __future__ import annotations

from datetime import time
from typing import Literal

from pydantic import model_validator

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.base import Context, Match, SlotModel
from controller.dialogue.slots.moments import ClockTime, Rules, find


class TimeSlot(SlotModel):
    """value is a Moment with its `at`; the machine form is "14:30". Without `closes` any time
    is possible, and an hour without its half of the day is the likelier one, unsure."""

    type: Literal["time"]
    opens: ClockTime = time(0)
    closes: ClockTime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> TimeSlot:
        if self.closes is not None and self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self

    @property
    def dtmf_digits(self) -> int:
        """HHMM."""
        return 4

    def ahead(self, match: Match) -> bool:
        """Only what was said as a time: a mere number could be anything."""
        return match.filled and match.introduced

    def hints(self, language: Language) -> tuple[str, ...]:
        """Days and clock words."""
        return language.moment_hints

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """See moments.find; a day said with the time tells only that it is one."""
        return find(
            text, language, context, Rules(wants_day=False, opens=self.opens, closes=self.closes)
        )
