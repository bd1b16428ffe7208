"""The slot types a flow may use. A new one is a file here and a line in `Slot`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from controller.dialogue.slots.base import Certainty, Context, Match, SlotType
from controller.dialogue.slots.choice import ChoiceSlot
from controller.dialogue.slots.date import DateSlot
from controller.dialogue.slots.day_time import DayTimeSlot
from controller.dialogue.slots.decimal import DecimalSlot
from controller.dialogue.slots.digits import DigitsSlot
from controller.dialogue.slots.email import EmailSlot
from controller.dialogue.slots.free_text import FreeTextSlot
from controller.dialogue.slots.integer import IntegerSlot
from controller.dialogue.slots.money import MoneySlot
from controller.dialogue.slots.name import NameSlot
from controller.dialogue.slots.phone import PhoneSlot
from controller.dialogue.slots.rating import RatingSlot
from controller.dialogue.slots.regex import RegexSlot
from controller.dialogue.slots.time import TimeSlot
from controller.dialogue.slots.yes_no import YesNoSlot

Slot = Annotated[
    YesNoSlot
    | ChoiceSlot
    | RatingSlot
    | IntegerSlot
    | DecimalSlot
    | MoneySlot
    | DigitsSlot
    | PhoneSlot
    | NameSlot
    | DateSlot
    | TimeSlot
    | DayTimeSlot
    | EmailSlot
    | RegexSlot
    | FreeTextSlot,
    Field(discriminator="type"),
]

__all__ = ["Certainty", "Context", "Match", "Slot", "SlotType"]
