"""One of a few named options: by its words, its number or place, or its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from rapidfuzz import fuzz

from controller.dialogue.languages.base import Language
from controller.dialogue.model import Model, Text
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

SIMILAR_PERCENT = 78
"""How alike (rapidfuzz ratio) a misheard word must be to one of an option's words."""


class Option(Model):
    """`value` for the flow, `say` for reading it back, `words` callers use for it."""

    value: str
    say: Text
    words: Mapping[str, tuple[str, ...]] = {}

    def names(self, language: Language) -> tuple[str, ...]:
        """All clean forms of this option in a language."""
        return tuple(
            language.clean(w) for w in (self.say.of(language.code), *self.words.get(language.code, ()))
        )


class ChoiceSlot(SlotModel):
    """value is the option's `value`."""

    type: Literal["choice"]
    options: tuple[Option, ...] = Field(min_length=2, max_length=9)

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN for an option's words, number or key; LIKELY for something that sounds like one."""
        if context.keys:
            return self._at(int(text[:1]), language, Certainty.CERTAIN) if text[:1].isdecimal() else None
        sure = Certainty.LIKELY if language.unfinished(text) else Certainty.CERTAIN
        said = language.clean(text)
        named = [
            o for o in self.options if any(_mentions(said, name, language) for name in o.names(language))
        ]
        if named:
            return self._match(named[0], language, sure) if len(named) == 1 else None
        numeric = language.numeric(text)
        place = language.ordinal(numeric)
        if place is None:
            alone = language.mistaken_number(numeric) if len(numeric) < 5 else numeric
            place = int(alone) if alone.isdecimal() and len(alone) == 1 else None
        if place is not None:
            return self._at(place, language, sure)
        return self._similar(said, language)

    def hints(self, language: Language) -> tuple[str, ...]:
        """All words of all options."""
        return tuple(name for option in self.options for name in option.names(language))

    def _at(self, place: int, language: Language, certainty: Certainty) -> Match | None:
        if place == -1:
            place = len(self.options)
        return (
            self._match(self.options[place - 1], language, certainty)
            if 1 <= place <= len(self.options)
            else None
        )

    def _similar(self, said: str, language: Language) -> Match | None:
        scored = [
            (max(fuzz.ratio(said, name) for name in o.names(language)), o.value, o) for o in self.options
        ]
        best, second = sorted(scored, reverse=True)[:2]
        if best[0] < SIMILAR_PERCENT or best[0] - second[0] < 5:
            return None
        return self._match(best[2], language, Certainty.LIKELY)

    def _match(self, option: Option, language: Language, certainty: Certainty) -> Match:
        return Match(option.value, option.say.of(language.code), certainty, raw=option.value)


def _mentions(said: str, name: str, language: Language) -> bool:
    if language.joiner:
        return f" {name} " in f" {said} "
    return name in said
