"""An e-mail address, dictated. Read back spelled, because hardly anybody is heard right the first time.

There is no key form: letters on a keypad are slower than saying them.
"""

from __future__ import annotations

from typing import Literal

from controller.dialogue.languages import dictated
from controller.dialogue.languages.base import Language, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel


class EmailSlot(SlotModel):
    """value is the address in lower case; `unsure` when part of it was guessed."""

    type: Literal["email"]

    def ahead(self, match: Match) -> bool:
        """Nothing else has an "@"."""
        return match.filled

    def hints(self, language: Language) -> tuple[str, ...]:  # noqa: ARG002
        """The usual domains."""
        return ("gmail", "outlook", "hotmail", "qq", "163", "com")

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """LIKELY for a whole address (the domain may go on), REFUSED for one that can't be one; the last
        one said counts."""
        if context.keys:
            return None
        found = [
            address
            for stretch in (text, *language.revisions(text))
            if (address := dictated.address(language.symbols(stretch))) is not None
        ]
        if not found:
            return None
        address = next((each for each in found[::-1] if dictated.is_address(each.text)), None)
        if address is None:
            return Match(None, "", Certainty.REFUSED, (Phrase.WRONG_ADDRESS,))
        spoken = language.say_spelled(address.text)
        return Match(address.text, spoken, Certainty.LIKELY, raw=address.text, unsure=address.guessed)
