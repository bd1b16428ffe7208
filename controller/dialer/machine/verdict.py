"""Who answered, by what was said first and for how long. Pure.

Words decide where they are clear (`phrases`); else the length of the first speech: a person says a
short hello and waits, a machine talks on. A machine's greeting may begin like a person's, so who was
taken for a person and greeted is judged once more by what they say then (`think_again`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from controller.dialer.machine.phrases import MACHINE, OTHERS, PERSON, SCREENING

LONGEST_HELLO_MS = 3200
"""LiveKit's and jambonz' bound is 2.5 s, but "Acme Motors, Julie speaking, good morning" is longer."""
MOST_WORDS = 12
MOST_CJK = 18
MOST_CHARS = 1000
"""What is said after so many changes nothing."""
SHORT_MS = 1600
"""A first speech as short as this is answered at once, whatever it says."""
UNSURE_MS = 500
"""Quiet after a longer one that may be a greeting's beginning."""
SCREENING_MS = 700
"""Quiet after an assistant's question: it has more than one sentence."""
OVER_MS = 2500
"""Who is greeted and yet talks so long is a machine. Chosen on tests/greetings, development half."""

_CJK = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


class Answerer(StrEnum):
    """Who is there."""

    PERSON = "person"
    MACHINE = "machine"  # plays a greeting; records after a beep, or tells that nobody can be reached
    SCREENING = "screening"  # asks who calls and why, and puts a person on


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who answered, and what told: "words", "length", "beep", "hello" or "silence". It holds once the
    line has been quiet for `quiet_ms` (0: at once); who goes on talking is judged by all of it."""

    answerer: Answerer
    because: str
    quiet_ms: int = 0


def judge(text: str, speech_ms: float) -> Verdict:
    """Judge what was said since the answer (`text`, as recognised; any language) and how long that first
    speech lasted. Good for partial text too: more words can only make it surer."""
    said = _normal(text)
    if SCREENING.search(said):
        return Verdict(Answerer.SCREENING, "words", SCREENING_MS)
    if MACHINE.search(said):
        return Verdict(Answerer.MACHINE, "words")
    if PERSON.search(said):
        return Verdict(Answerer.PERSON, "words")
    if speech_ms > LONGEST_HELLO_MS or _is_long(said):
        return Verdict(Answerer.MACHINE, "length")
    if not said:
        return Verdict(Answerer.PERSON, "silence")
    return Verdict(Answerer.PERSON, "hello", UNSURE_MS if speech_ms > SHORT_MS else 0)


def think_again(said: str, text: str, over_ms: float | None) -> Verdict:
    """Judge anew who was greeted as a person. `said`: all their words since the answer; `text`: the last
    of them, those after the greeting began; `over_ms`: so long they talked over it, None: they heard
    it out, and only a machine's words tell. "He's not available" is a person's answer then."""
    said, text = _normal(said), _normal(text)
    over = over_ms is not None
    if over and SCREENING.search(said):
        return Verdict(Answerer.SCREENING, "words", SCREENING_MS)
    if MACHINE.search(said) and (over or not OTHERS.search(text)):
        return Verdict(Answerer.MACHINE, "words")
    if over_ms is not None and over_ms > OVER_MS and not PERSON.search(said):
        return Verdict(Answerer.MACHINE, "length")
    return Verdict(Answerer.PERSON, "words")


def _normal(text: str) -> str:
    return " ".join(text[:MOST_CHARS].lower().replace("’", "'").split())


def _is_long(said: str) -> bool:
    cjk = len(_CJK.findall(said))
    return cjk > MOST_CJK or len(_WORD.findall(_CJK.sub(" ", said))) > MOST_WORDS
