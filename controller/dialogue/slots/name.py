"""A person's name. Never certain: a name may always go on."""

from __future__ import annotations

from typing import Literal

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel


class NameSlot(SlotModel):
    """value is the name as a str."""

    type: Literal["name"]

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """LIKELY, or nothing. While the value is being corrected only an introduced name counts."""
        if context.keys:
            return None
        found = language.name(text)
        if found is None or (context.known is not None and not found.introduced):
            return None
        return Match(found.name, found.name, Certainty.LIKELY, raw=found.name)
