"""What the real recognisers print for the recorded test speech, and what the bots make of it.

`recognised.tsv` holds one line for each sentence and each way it was printed: language, kind, the words
said, the words recognised (200 ms of silence before the clip and 150 ms after), in how many of the two
voices' clips, and the outcome:
- "right": understood as the words said are;
- "asked": not understood, or a part of it, so that the question (or the rest of it) is put again;
- "wrong": taken for something else. Nothing in the text tells; reading back has to.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from controller.dialogue.languages import language_of
from tests.unit.dialogue.conversation import Conversation
from tests.unit.dialogue.slot_cases import NOTHING, understood

with (Path(__file__).parent / "recognised.tsv").open(encoding="utf-8") as _file:
    ROWS = [tuple(row.values()) for row in csv.DictReader(_file, delimiter="\t")]
SLOTS_OF_KIND = {
    "yesno": ("yes_no",),
    "choice": ("choice", "rating"),
    "date": ("moment",),
    "digits": ("digits",),
    "name": ("name",),
}
NAME_OF_SOUND = {"李薇": "李伟", "章": "张"}
"""Counted as right: the same syllable in other characters, once (李薇) in another tone. Which of them a
name is written with can't be known from its sound."""
INTRODUCTIONS = {"en": "it's David", "zh": "我叫李伟"}


def _answer(language: str, kind: str, text: str) -> list[str]:
    spoken = language_of(language)
    found = [understood(slot, text, spoken) for slot in SLOTS_OF_KIND[kind]]
    return [NAME_OF_SOUND.get(each, each) for each in found]


def _reaction(language: str, text: str) -> list[str]:
    caller = Conversation("appointment", language).says(INTRODUCTIONS[language]).says(text)
    return [*caller.heard, caller.hung_up or ""]


def outcome(language: str, kind: str, said: str, recognised: str) -> str:
    """Which of the three outcomes it is."""
    if kind in SLOTS_OF_KIND:
        meant, found = _answer(language, kind, said), _answer(language, kind, recognised)
        nothing = [NOTHING] * len(found)
    else:
        meant, found = _reaction(language, said), _reaction(language, recognised)
        nothing = _reaction(language, {"en": "blah the cat", "zh": "天上的云"}[language])
    if found == meant:
        return "right"
    return "asked" if found == nothing or _is_part(found[0], meant[0]) else "wrong"


def _is_part(found: str, whole: str) -> bool:
    """Of a day and a time as slot_cases writes them: "… 10:00" is part of "2026-03-19T10:00"."""
    return "…" in found and all(part in whole for part in found.split() if part != "…")


@pytest.mark.parametrize(("language", "kind", "said", "recognised", "clips", "expected"), ROWS)
def test_what_is_printed_is_understood_as_far_as_it_can_be(
    language: str, kind: str, said: str, recognised: str, clips: str, expected: str
) -> None:
    assert outcome(language, kind, said, recognised) == expected
    assert int(clips) in (1, 2)


def test_most_of_the_clips_are_understood() -> None:
    for language, least in (("zh", 0.85), ("en", 0.9)):
        clips = [(int(n), result) for code, _, _, _, n, result in ROWS if code == language]
        right = sum(n for n, result in clips if result == "right")
        assert right >= least * sum(n for n, _ in clips)
