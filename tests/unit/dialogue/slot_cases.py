"""How the tables of slot cases are read: one slot of each type, and its answer as a short text."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from controller.dialogue.languages.base import Language
from controller.dialogue.model import Text
from controller.dialogue.slots import Certainty, Context, Match
from controller.dialogue.slots.choice import ChoiceSlot, Option
from controller.dialogue.slots.day_time import DayTimeSlot, Moment
from controller.dialogue.slots.digits import DigitsSlot
from controller.dialogue.slots.free_text import FreeTextSlot
from controller.dialogue.slots.name import NameSlot
from controller.dialogue.slots.rating import RatingSlot
from controller.dialogue.slots.yes_no import YesNoSlot

NOTHING = "∅"
CONTEXT = Context(datetime(2026, 3, 18, 10, 0, tzinfo=ZoneInfo("Europe/London")))  # a Wednesday


def _option(value: str, zh: str, words_en: str, words_zh: str) -> Option:
    return Option(
        value=value, say=Text({"en": value, "zh": zh}), words={"en": (words_en,), "zh": (words_zh,)}
    )


SLOTS = {
    "yes_no": YesNoSlot(),
    "rating": RatingSlot(type="rating"),
    "name": NameSlot(type="name"),
    "digits": DigitsSlot(type="digits", min_digits=4, max_digits=15),
    "free": FreeTextSlot(type="free_text"),
    "moment": DayTimeSlot(
        type="day_time",
        opens=time(8),
        closes=time(18),
        weekdays=("mon", "tue", "wed", "thu", "fri", "sat"),
    ),
    "choice": ChoiceSlot(
        type="choice",
        options=(
            _option("red", "红色", "colour of blood", "血的颜色"),
            _option("green", "绿色", "colour of grass", "草的颜色"),
            _option("blue", "蓝色", "colour of the sky", "天空的颜色"),
        ),
    ),
}


def understood(
    kind: str,
    text: str,
    language: Language,
    *,
    keys: bool = False,
    before: str = "",
    what: str = "value",
) -> str:
    """The answer found: its raw value, what is there of a partial one ("2026-03-19 … morning"), or why
    it is refused. `before` was said first; `what` may also be "spoken" or "certainty"."""
    slot = SLOTS[kind]
    known = slot.parse(before, language, CONTEXT) if before else None
    match = slot.parse(text, language, Context(CONTEXT.now, known, keys))
    if match is None:
        return NOTHING
    if what != "value":
        return str(getattr(match, what))
    if match.certainty is Certainty.REFUSED:
        return f"refused {match.missing[0]}"
    return _partial(match) if match.certainty is Certainty.PARTIAL else match.raw


def _partial(match: Match) -> str:
    if isinstance(match.value, str):
        return f"{match.value} …"
    moment: Moment = match.value
    parts = [
        moment.day.isoformat() if moment.day else "",
        "…",
        moment.at.strftime("%H:%M") if moment.at else "",
        moment.part.value if moment.part else "",
    ]
    return " ".join(part for part in parts if part)
