"""Days, times, names, addresses, codes, choices and agreement: what is said and what is understood.

`slot_cases_words/*.tsv` hold one utterance a line: the slot (see slots.yaml), now (empty: Wednesday the
18th of March 2026, ten in the morning), what is said ("keys:" before what is pressed, " ++ " between one
turn and the next), what should be understood, and, where something else is, what ("wrong"):
- "2026-03-24", "yes": the value for machines, with a "?" where it is unsure; "(empty)" for "";
- "partial which_year", "refused day_passed": the reason;
- "∅": nothing.
"""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from controller.dialogue.languages import LANGUAGES, language_of
from controller.dialogue.slots import Context, Match, Slot
from controller.dialogue.slots.regex import RegexSlot

FOLDER = Path(__file__).parent / "slot_cases_words"
NOW = "2026-03-18T10:00"
LEAST_CASES, LEAST_RIGHT = 170, 0.95


def _slots() -> dict[str, Slot]:
    settings_of = yaml.load((FOLDER / "slots.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    adapter: TypeAdapter[Slot] = TypeAdapter(Slot)
    return {name: adapter.validate_python(settings) for name, settings in settings_of.items()}


def _cases(language: str) -> list[dict[str, str]]:
    with (FOLDER / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


SLOTS = _slots()
CASES = {language: _cases(language) for language in LANGUAGES}


def understood(slot: str, said: str, language: str, now: str = NOW) -> str:
    """What is understood, as the tables write it."""
    match: Match | None = None
    at = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    for turn in said.split(" ++ "):
        pressed = turn.removeprefix("keys:")
        context = Context(at, match, keys=pressed != turn)
        match = SLOTS[slot].parse(pressed, language_of(language), context)
    return _written(match)


def _written(match: Match | None) -> str:
    if match is None:
        return "∅"
    if not match.filled:
        return f"{match.certainty} {match.missing[0]}"
    return (match.raw or "(empty)") + ("?" if match.unsure else "")


@pytest.mark.parametrize(
    ("language", "case"),
    [(language, case) for language, cases in CASES.items() for case in cases],
    ids=lambda value: value if isinstance(value, str) else f"{value['slot']}-{value['said']}",
)
def test_understands_what_is_meant_or_what_is_listed_as_wrong(
    language: str, case: dict[str, str]
) -> None:
    found = understood(case["slot"], case["said"], language, case["now"] or NOW)
    assert found == (case["wrong"] or case["understood"])
    assert case["wrong"] != case["understood"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nearly_all_cases_are_right(language: str) -> None:
    wrong = [case for case in CASES[language] if case["wrong"]]
    assert len(CASES[language]) >= LEAST_CASES
    assert {case["slot"] for case in CASES[language]} == set(SLOTS)
    right = 1 - len(wrong) / len(CASES[language])
    assert right >= LEAST_RIGHT, [f"{case['said']} → {case['wrong']}" for case in wrong]


@pytest.mark.parametrize(
    ("language", "slot", "said", "spoken"),
    [
        ("en", "time", "at ten in the evening", "ten in the evening"),
        ("en", "office", "half past ten", "half past ten"),
        ("en", "birthday", "March third nineteen eighty five", "the 3rd of March 1985"),
        ("en", "email", "j o dot smith at gmail dot com", "J O, dot, S M I T H, at, gmail, dot, com"),
        ("en", "code", "A B one two three", "A B 1 2 3"),
        ("zh", "time", "晚上十点半", "晚上十点半"),
        ("zh", "birthday", "八五年三月三号", "一九八五年三月三号"),
        ("zh", "email", "j o 点 smith 艾特 163 点 com", "J O，点，S M I T H，艾特，一六三，点，com"),
        ("zh", "code", "A B 一二三", "A B 一二三"),
    ],
)
def test_reads_back_so_that_a_slip_is_heard(language: str, slot: str, said: str, spoken: str) -> None:
    match = _parse(language, slot, said)
    assert match is not None
    assert match.spoken == spoken


@pytest.mark.parametrize(
    ("language", "slot", "said", "kept"),
    [
        ("en", "name", "My name is Li Wei, Tuesday at ten", True),
        ("en", "name", "Li Wei, Tuesday at ten", False),  # taken where the name is what was asked
        ("en", "date", "Li Wei, Tuesday at ten", True),
        ("en", "time", "Li Wei, Tuesday at ten in the morning", True),
        ("en", "moment", "Li Wei, Tuesday at ten", True),
        ("en", "time", "ten", False),
        ("en", "email", "it's Bob and bob at example dot com", True),
        ("zh", "name", "我叫李伟，周二十点", True),
        ("zh", "date", "我叫李伟，周二十点", True),
        ("zh", "time", "我叫李伟，周二十点", True),
        ("zh", "moment", "李伟，周二十点", True),
        ("zh", "name", "李伟", False),
    ],
)
def test_keeps_what_was_certainly_said_in_answer_to_something_else(
    language: str, slot: str, said: str, kept: bool
) -> None:
    match = _parse(language, slot, said)
    assert match is not None
    assert SLOTS[slot].ahead(match) is kept


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=x)y", "[", "(?:(?:a{1000}){1000})"])
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused_on_load(pattern: str) -> None:
    with pytest.raises(ValidationError, match="RE2"):
        RegexSlot(type="regex", pattern=pattern)


def test_an_example_that_does_not_match_is_refused_on_load() -> None:
    with pytest.raises(ValidationError, match="doesn't match"):
        RegexSlot(type="regex", pattern="[A-Z]{2}", examples=("A1",))


def test_a_pattern_that_would_be_catastrophic_elsewhere_takes_no_time() -> None:
    slot = RegexSlot(type="regex", pattern="(A+)+B")
    context = Context(datetime.fromisoformat(NOW))
    assert slot.parse("A" * 400 + "!", language_of("en"), context) is None


_PIECES = st.sampled_from(
    "next Tuesday at half past ten to 2 no wait @ dot S M I T H double u "
    "下周 二 十点 半 不对 艾特 点 号 "
    "月 年 第 个 99999999 0 31st of February 2月 30号 in weeks ago 前 后 24点 差 木子 的 ' "
    "- . , ² ½ ٣ \U0001f642".split()
)
_TEXTS = st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=12).map(" ".join))


@settings(max_examples=60, deadline=None)
@given(said=_TEXTS, earlier=_TEXTS, keys=st.booleans())
def test_no_text_raises(said: str, earlier: str, keys: bool) -> None:
    at = datetime.fromisoformat(NOW)
    for language in LANGUAGES.values():
        for slot in SLOTS.values():
            known = slot.parse(earlier, language, Context(at))
            match = slot.parse(said, language, Context(at, known, keys))
            assert match is None or match.filled or match.missing


def _parse(language: str, slot: str, said: str) -> Match | None:
    at = datetime.fromisoformat(NOW)
    return SLOTS[slot].parse(said, language_of(language), Context(at))
