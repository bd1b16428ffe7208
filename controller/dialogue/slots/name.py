"""A person's name, said or spelled. Never certain: a name may always go on."""

from __future__ import annotations

from typing import Literal

from rapidfuzz import fuzz

from controller.dialogue.languages.base import Language, NameWords
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

SAME_NAME_PERCENT = 50
"""How alike (rapidfuzz ratio) a corrected part of a name is to the part that was meant, at least."""


class NameSlot(SlotModel):
    """value is the name as a str, without titles."""

    type: Literal["name"]

    def ahead(self, match: Match) -> bool:
        """A name that was introduced ("I'm called …"); any other words could be one."""
        return match.introduced

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """LIKELY, or nothing. While the value is being corrected only an introduced name counts. A
        correction within the words counts when a name comes after it ("Smith, no, Smythe")."""
        if context.keys:
            return None
        stretches = language.revisions(text)
        found = language.name(text)
        if len(stretches) > 1 and (later := language.name(stretches[-1])) is not None:
            introduced = later.introduced or (found is not None and found.introduced)
            found = NameWords(_corrected(found.name if found else "", later.name), introduced)
        if found is None or (context.known is not None and not found.introduced):
            return None
        return Match(
            found.name, found.name, Certainty.LIKELY, raw=found.name, introduced=found.introduced
        )


def _corrected(name: str, later: str) -> str:
    """ "Peter Brown", "Braun" → "Peter Braun": of several parts the one that sounds like it is
    replaced."""
    parts = name.split()
    if len(parts) < 2 or " " in later:
        return later
    place = max(range(len(parts)), key=lambda i: fuzz.ratio(parts[i].lower(), later.lower()))
    if fuzz.ratio(parts[place].lower(), later.lower()) < SAME_NAME_PERCENT:
        return later
    return " ".join([*parts[:place], later, *parts[place + 1 :]])
