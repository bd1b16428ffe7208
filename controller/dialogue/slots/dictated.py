"""What the slots for dictated numbers share: a number may come in pieces, over several turns.

Lays out which digits the caller may mean, the most likely first, given what they dictated before. Which
of them is a number is the slot's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from controller.dialogue.languages.base import Dictation, Language
from controller.dialogue.slots.base import Certainty, Context


def readings(text: str, language: Language, context: Context) -> Iterator[Dictation]:
    """Each reading of the words, together with the part known before and without it."""
    known = context.known
    before = known.raw if known is not None and known.certainty is Certainty.PARTIAL else ""
    for said in language.dictation(text):
        if not before or said.plus or said.digits.startswith(before.lstrip("+")):
            yield said
        elif said.anew:
            yield said
            kept = before[: -len(said.digits)]
            yield _joined(kept, replace(said, unsure=True)) if kept else said
        else:
            yield _joined(before, said)
            yield said


def _joined(before: str, said: Dictation) -> Dictation:
    return replace(said, digits=before.lstrip("+") + said.digits, plus=before.startswith("+"))
