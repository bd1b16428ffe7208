"""Yes or no. Keys: 1 yes, 2 no."""

from __future__ import annotations

from typing import Literal

from controller.dialogue.languages.base import Language
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

REST_LETTERS, REST_CJK = 12, 4
"""How much may follow a yes or no ("no, thank you") before it may be the beginning of something else."""


class YesNoSlot(SlotModel):
    """value True or False."""

    type: Literal["yes_no"] = "yes_no"

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN when the words are agreement or refusal and little else."""
        if context.keys:
            answer = {"1": True, "2": False}.get(text[:1])
            return None if answer is None else self._match(answer, text, Certainty.CERTAIN)
        clean = language.clean(text)
        said = language.mistaken_agreement(clean)
        refusal, agreement = language.no.match(said), language.yes.match(said)
        found = refusal or agreement
        if found is None:
            return None
        rest = len(said) - found.end()
        short = rest <= (REST_LETTERS if language.joiner else REST_CJK)
        certain = short and said == clean and not language.unfinished(text)
        return self._match(refusal is None, said, Certainty.CERTAIN if certain else Certainty.LIKELY)

    def hints(self, language: Language) -> tuple[str, ...]:
        """The usual words."""
        return language.yes_no_hints

    def _match(self, answer: bool, said: str, certainty: Certainty) -> Match:
        return Match(answer, said, certainty, raw="yes" if answer else "no")
