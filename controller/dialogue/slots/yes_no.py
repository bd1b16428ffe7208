"""Yes or no. Keys: 1 yes, 2 no."""

from __future__ import annotations

import re
from typing import Literal

from controller.dialogue.languages.base import Intent, Language
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

_CLAUSE = re.compile(r"[,.;!?，。；！？]+")
REST_LETTERS, REST_CJK = 12, 4
"""How much may follow a yes or no ("no, thank you") before it may be the beginning of something else."""


class YesNoSlot(SlotModel):
    """value True or False."""

    type: Literal["yes_no"] = "yes_no"

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN when the words are agreement or refusal and little else; `unsure` when they are both
        ("no, that's right") or only sound like one. What was taken back ("yes – wait, no") doesn't
        count."""
        if context.keys:
            answer = {"1": True, "2": False}.get(text[:1])
            return None if answer is None else self._match(answer, text, Certainty.CERTAIN)
        after = language.taken_back.split(text)[-1]
        if after != text and self._alone(after, language) is not None:
            text = after
        clean = language.clean(text)
        said = language.mistaken_agreement(clean)
        refusal, agreement = language.no.match(said), language.yes.match(said)
        found = refusal or agreement
        if found is None:
            return None
        clauses = {self._alone(part, language) for part in _CLAUSE.split(text)} - {None}
        answer = clauses == {True} if len(clauses) == 1 else refusal is None
        misheard, both = said != clean, len(clauses) == 2
        rest = len(said) - found.end()
        short = rest <= (REST_LETTERS if language.joiner else REST_CJK)
        sure = short and not misheard and not both and not language.unfinished(text)
        certainty = Certainty.CERTAIN if sure else Certainty.LIKELY
        return self._match(answer, said, certainty, unsure=misheard or both)

    def hints(self, language: Language) -> tuple[str, ...]:
        """The usual words."""
        return language.yes_no_hints

    def _alone(self, part: str, language: Language) -> bool | None:
        """What a part of the answer means, None for one that only leads up to another ("嗯，不是")."""
        said = language.clean(part)
        if language.intents[Intent.LISTENING].fullmatch(said):
            return None
        return False if language.no.match(said) else True if language.yes.match(said) else None

    def _match(self, answer: bool, said: str, certainty: Certainty, *, unsure: bool = False) -> Match:
        return Match(answer, said, certainty, raw="yes" if answer else "no", unsure=unsure)
