"""The languages a flow can speak and understand. A new one is a folder here and "
"a line in `LANGUAGES`."""

from __future__ import annotations

from controller.dialogue.languages.base import Language
from controller.dialogue.languages.en import ENGLISH
from controller.dialogue.languages.zh import CHINESE

LANGUAGES: dict[str, Language] = {language.code: language for language in (ENGLISH, CHINESE)}


def language_of(code: str) -> Language:
    """The language for a code such as "en", "en-GB" or "zh_CN".

    Raises LookupError naming the languages there are.
    """
    found = LANGUAGES.get(code.replace("_", "-").partition("-")[0].lower())
    if found is None:
        raise LookupError(f"no language {code!r}; expected one of: {', '.join(sorted(LANGUAGES))}")
    return found
