"""Whatever the caller wants to say, or "nothing". Never certain. Any key skips it."""

from __future__ import annotations

from typing import Literal

from controller.dialogue.languages.base import Language
from controller.dialogue.normalise import plain
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel


class FreeTextSlot(SlotModel):
    """value is the text; empty when the caller has nothing to say."""

    type: Literal["free_text"]

    @property
    def open_ended(self) -> bool:
        """Any words are an answer."""
        return True

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """LIKELY for any words, CERTAIN for "nothing"."""
        if context.keys:
            return Match("", "", Certainty.CERTAIN)
        said = plain(text)
        if not language.clean(said):
            return None
        if language.nothing.fullmatch(language.clean(said)):
            return Match("", "", Certainty.CERTAIN)
        return Match(said, said, Certainty.LIKELY, raw=said)
