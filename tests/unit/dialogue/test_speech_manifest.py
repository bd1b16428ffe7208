"""Every sentence of the recorded test speech is understood for what it is, in both languages."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from controller.dialogue.languages import language_of
from controller.dialogue.languages.base import Intent
from tests.unit.dialogue.conversation import Conversation
from tests.unit.dialogue.slot_cases import NOTHING, understood

MANIFEST = Path(__file__).parents[2] / "data" / "speech" / "manifest.tsv"
with MANIFEST.open(encoding="utf-8") as _file:
    SENTENCES = sorted(
        {(r["language"], r["kind"], r["text"]) for r in csv.DictReader(_file, delimiter="\t")}
    )
SLOT_OF_KIND = {"yesno": "yes_no", "date": "moment", "digits": "digits", "name": "name"}


def _of(*kinds: str) -> list[tuple[str, str, str]]:
    return [row for row in SENTENCES if row[1] in kinds]


def _as_printed(text: str) -> str:
    return text[0].upper() + text[1:] + ("." if text.isascii() else "。")


@pytest.mark.parametrize(("language", "kind", "text"), _of(*SLOT_OF_KIND))
def test_answers_fill_their_slot(language: str, kind: str, text: str) -> None:
    for form in (text, _as_printed(text)):
        found = understood(SLOT_OF_KIND[kind], form, language_of(language))
        assert found != NOTHING
        assert not found.startswith("refused")


@pytest.mark.parametrize(("language", "kind", "text"), _of("choice"))
def test_choices_are_a_place_or_a_mark(language: str, kind: str, text: str) -> None:
    spoken = language_of(language)
    answers = {
        understood(slot, form, spoken)
        for form in (text, _as_printed(text))
        for slot in ("choice", "rating")
    }
    assert answers - {NOTHING}


@pytest.mark.parametrize(("language", "kind", "text"), _of("bargein"))
def test_interruptions_are_noticed(language: str, kind: str, text: str) -> None:
    intents = language_of(language).intents
    said = language_of(language).clean(_as_printed(text))
    assert any(intents[i].fullmatch(said) for i in (Intent.WAIT, Intent.ATTENTION))


@pytest.mark.parametrize(("language", "kind", "text"), _of("backchannel"))
def test_listening_sounds_answer_nothing_but_yes_or_no(language: str, kind: str, text: str) -> None:
    caller = Conversation("appointment", language)
    question = caller.memory.question
    caller.says(_as_printed(text))
    assert tuple(caller.heard) == question
    assert caller.memory.tries == 0


@pytest.mark.parametrize(("language", "kind", "text"), _of("free"))
def test_remarks_are_never_taken_for_a_name(language: str, kind: str, text: str) -> None:
    caller = Conversation("appointment", language).says(_as_printed(text))
    assert "name" not in caller.memory.slots
    assert caller.heard


@pytest.mark.parametrize(("language", "kind", "text"), _of("free", "date", "digits", "name"))
def test_only_a_mark_is_a_mark(language: str, kind: str, text: str) -> None:
    assert understood("rating", text, language_of(language)) == NOTHING
