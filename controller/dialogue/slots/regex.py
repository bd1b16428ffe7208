"""A code of a known form (a booking reference, a number plate, a postcode), spelled or said.

The pattern is matched against what was said with letters and figures joined and in capitals ("A B one
two three" is "AB123"), and against the words as they are. RE2 takes linear time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import re2  # type: ignore[import-untyped]
from pydantic import Field, model_validator

from controller.dialogue.languages import dictated
from controller.dialogue.languages.base import Language, Phrase
from controller.dialogue.normalise import plain
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel

MAX_PATTERN_CHARS = 200
MAX_PATTERN_MEMORY_BYTES = 256 * 1024
"""RE2 refuses a pattern whose program would be larger."""
REFUSED_FROM = 4
"""A stretch of this many signs with a figure in it was meant to be the code, though it doesn't match."""


class RegexSlot(SlotModel):
    """value is the text that matches, as a str. All of it has to match; case doesn't matter."""

    type: Literal["regex"]
    pattern: str = Field(min_length=1, max_length=MAX_PATTERN_CHARS)
    """RE2 syntax: no back-references, no look-around."""
    examples: tuple[str, ...] = ()
    """Checked against the pattern when the flow loads."""
    spoken_as: Literal["spelled", "words"] = "spelled"
    key_digits: int = Field(1, ge=1, le=32)
    """How many key presses make one answer, where the code is figures only."""

    @model_validator(mode="after")
    def _compiles(self) -> RegexSlot:
        engine = self._engine()
        for example in self.examples:
            if engine.fullmatch(example) is None:
                raise ValueError(f"example {example!r} doesn't match the pattern {self.pattern!r}")
        return self

    @property
    def dtmf_digits(self) -> int:
        """`key_digits`."""
        return self.key_digits

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN for what matches as it was said, LIKELY and unsure for what only sounds like it;
        REFUSED for a code of another form."""
        if context.keys:
            pressed = plain(text)
            return self._match(pressed, language) if self._engine().fullmatch(pressed) else None
        codes = self._codes(text, language)
        found = [code for code in codes if self._engine().fullmatch(code.text)]
        exact = [code for code in found if not code.guessed]
        if exact or found:
            code = (exact or found)[0]
            return self._match(
                code.text, language, unsure=code.guessed, unfinished=language.unfinished(text)
            )
        for words in (plain(text).rstrip(".!?。！？"), language.clean(text)):
            if words and self._engine().fullmatch(words):
                return self._match(words, language)
        other = any(
            len(code.text) >= REFUSED_FROM and any(c.isdigit() for c in code.text)
            for code in codes
            if not code.guessed
        )
        return Match(None, "", Certainty.REFUSED, (Phrase.WRONG_CODE,)) if other else None

    def _codes(self, text: str, language: Language) -> list[dictated.Dictated]:
        """Every code in the text, what was said last first."""
        stretches = (text, *language.revisions(text))
        names = language.letter_names
        return [
            code
            for stretch in stretches[::-1]
            for code in dictated.codes(language.symbols(stretch), names)
        ]

    def _match(
        self, text: str, language: Language, *, unsure: bool = False, unfinished: bool = False
    ) -> Match:
        spoken = language.say_spelled(text) if self.spoken_as == "spelled" else text
        sure = Certainty.LIKELY if unsure or unfinished else Certainty.CERTAIN
        return Match(text, spoken, sure, raw=text, unsure=unsure)

    def _engine(self) -> Any:
        return _compiled(self.pattern)


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> Any:
    """Raises ValueError for what RE2 can't match in linear time."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MAX_PATTERN_MEMORY_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(
            f"expected a pattern in RE2 syntax (no look-around, no back-references): {detail}"
        ) from None
