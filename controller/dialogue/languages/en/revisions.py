"""English: second thoughts within one utterance ("Thursday, no, Friday")."""

from __future__ import annotations

import re

from controller.dialogue.normalise import plain

_MARK = re.compile(
    r"\b(?:no[, ]+wait|wait[, ]+no|no[, ]+no|no[, ]+sorry"
    r"|sorry[, ]+no|no|nope|sorry|i mean|i meant(?: to say)?"
    r"|actually|or rather|rather|make (?:it|that)"
    r"|scratch that|correction|instead|let's (?:say|do)|i said"
    r"|better|change (?:it|that) to|wait|hang on)\b(?! (?:problem|idea|worries|one|more))",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:any(?:thing|time| day)|every day|everything) (?:but|except)\b[^,.;]*"
    r"|(?<!why )(?<!if )(?<!or )\bnot (?!(?:sure|really|before"
    r"|after|bad|quite|too)\b)[^,.;]*?(?=,|\.|;|\bbut\b|$)"
    r"|\b(?:can't|cannot|couldn't) (?:do|make|come|manage)\b[^,.;]*?(?=,|\.|;|\bbut\b|$)"
    r"|(?:^|(?<=[,.;]))[^,.;]*\b(?:doesn't|won't"
    r"|isn't going to) (?:work|do|suit)\b[^,.;]*?(?=,|\.|;|\bbut\b|$)",
    re.IGNORECASE,
)


TAKEN_BACK = re.compile(
    r"\b(?:no,? wait|wait,? no(?=,? (?:yes|yeah))|wait|actually"
    r"|i mean(?:t)?|scratch that|or rather|hang on|sorry)\b[, ]*",
    re.IGNORECASE,
)


def revisions(raw: str) -> tuple[str, ...]:
    """See `Language.revisions`."""
    text = _DENIED.sub(" , ", plain(raw))
    return tuple(_MARK.split(text))
