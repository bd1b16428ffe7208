"""One of a few named options: by its words, its number or place, or its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import Field
from rapidfuzz import fuzz

from controller.dialogue.languages.base import Language, Phrase
from controller.dialogue.model import Model, Text
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

SIMILAR_PERCENT = 78
"""How alike (rapidfuzz ratio, of how they sound) a misheard word must be to one of an option's words."""
CLEARLY_PERCENT = 5
"""How much more alike it must be to that option than to any other."""
NUMBER_CHARS = 5
"""An utterance shorter than this may be nothing but a number that was misheard."""


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
        """CERTAIN for an option's words, number or key; LIKELY and unsure for something that sounds like
        one; REFUSED, asking which, for several. After a correction only what was said last counts."""
        if context.keys:
            return self._at(int(text[:1]), language) if text[:1].isdecimal() else None
        stretches = [stretch for stretch in language.revisions(text) if language.clean(stretch)]
        for find in (self._named, self._numbered, self._similar):
            for stretch in stretches[::-1]:
                match = find(stretch, language)
                if match is not None:
                    return _unfinished(match) if language.unfinished(text) else match
        return None

    def hints(self, language: Language) -> tuple[str, ...]:
        """All words of all options."""
        return tuple(name for option in self.options for name in option.names(language))

    def _named(self, text: str, language: Language) -> Match | None:
        """By words; of options whose words hold one another ("red", "dark red") the longest counts."""
        said = language.clean(text)
        found = {
            name: option
            for option in self.options
            for name in option.names(language)
            if name and _mentions(said, name, language)
        }
        longest = [
            option
            for name, option in found.items()
            if not any(name != other and _mentions(other, name, language) for other in found)
        ]
        values = {option.value for option in longest}
        if len(values) > 1:
            return Match(None, "", Certainty.REFUSED, (Phrase.WHICH_OF_THEM,))
        return self._match(longest[0], language) if longest else None

    def _numbered(self, text: str, language: Language) -> Match | None:
        numeric = language.numeric(text)
        place = language.ordinal(numeric)
        if place is not None:
            return self._at(place, language)
        if numeric.isdecimal() and len(numeric) == 1:
            return self._at(int(numeric), language)
        if len(numeric) < NUMBER_CHARS:
            alone = language.mistaken_number(numeric)
            if alone.isdecimal() and len(alone) == 1:
                return self._at(int(alone), language, unsure=True)
        return None

    def _similar(self, text: str, language: Language) -> Match | None:
        said = language.sound(language.clean(text))
        if not said:
            return None
        scored = sorted(
            (
                (max(fuzz.ratio(said, language.sound(name)) for name in option.names(language)), -place)
                for place, option in enumerate(self.options)
            ),
            reverse=True,
        )
        (best, place), (second, _) = scored[:2]
        if best < SIMILAR_PERCENT or best - second < CLEARLY_PERCENT:
            return None
        return self._match(self.options[-place], language, unsure=True)

    def _at(self, place: int, language: Language, *, unsure: bool = False) -> Match | None:
        """The option at a place, 1 the first and -1 the last."""
        index = place - 1 if place > 0 else len(self.options) + place
        if place == 0 or not 0 <= index < len(self.options):
            return None
        return self._match(self.options[index], language, unsure=unsure)

    def _match(self, option: Option, language: Language, *, unsure: bool = False) -> Match:
        certainty = Certainty.LIKELY if unsure else Certainty.CERTAIN
        return Match(
            option.value, option.say.of(language.code), certainty, raw=option.value, unsure=unsure
        )


def _unfinished(match: Match) -> Match:
    return replace(match, certainty=Certainty.LIKELY) if match.filled else match


def _mentions(said: str, name: str, language: Language) -> bool:
    if language.joiner:
        return f" {name} " in f" {said} "
    return name in said
