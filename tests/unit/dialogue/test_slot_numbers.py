"""Numbers, sums of money, codes and telephone numbers in the words of callers: tables of cases.

A line of a table is an utterance (or several turns, with " / " between them; "keys 12*5" is pressed)
and what is understood: the value for machines, "?" after it when it is unsure, "partial …",
"refused <why>" or "nothing". A third column says why a case is known to be wrong; such a case is counted
as wrong, and the test fails when it becomes right, so that the list stays true.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from controller.dialogue.languages import LANGUAGES
from controller.dialogue.slots import Certainty, Context, Match, Slot

TABLES = {"en": "english.tsv", "zh": "chinese.tsv"}
RIGHT_PERCENT = 95
SLOT: TypeAdapter[Slot] = TypeAdapter(Slot)
NOW = datetime(2026, 3, 18, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One line, with the slot its section names."""

    line: int
    slot: Slot
    said: str
    expected: str
    known_wrong: str


def _cases(code: str) -> list[Case]:
    cases: list[Case] = []
    slot: Slot | None = None
    path = Path(__file__).parent / "slot_cases_numbers" / TABLES[code]
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith("= "):
            slot = SLOT.validate_python(yaml.safe_load(line[2:]))
        elif line and not line.startswith("#"):
            said, expected, *why = line.split("\t")
            assert slot is not None
            cases.append(Case(number, slot, said, expected, why[0] if why else ""))
    return cases


def _understood(slot: Slot, said: str, code: str) -> str:
    keys = said.startswith("keys ")
    match: Match | None = None
    for turn in said.removeprefix("keys ").split(" / "):
        match = slot.parse(turn, LANGUAGES[code], Context(NOW, match, keys))
    if match is None:
        return "nothing"
    if match.certainty is Certainty.REFUSED:
        return f"refused {match.missing[0]}"
    if match.certainty is Certainty.PARTIAL:
        return f"partial {match.raw}"
    return match.raw + (" ?" if match.unsure else "")


@pytest.mark.parametrize("code", TABLES)
def test_understands_what_callers_say(code: str) -> None:
    cases = _cases(code)
    wrong: list[str] = []
    untrue: list[str] = []
    for case in cases:
        found = _understood(case.slot, case.said, code)
        shown = (
            f"{TABLES[code]}:{case.line} {case.slot.type} {case.said!r}: {found}, not {case.expected}"
        )
        if found != case.expected:
            wrong.append(shown)
        if (found != case.expected) is not bool(case.known_wrong):
            untrue.append(
                shown if found != case.expected else f"{shown} (now right: take its mark away)"
            )
    print(f"\n{code}: {len(cases) - len(wrong)} of {len(cases)} right; wrong:", *wrong, sep="\n  ")
    assert len(cases) >= 170
    assert (len(cases) - len(wrong)) * 100 >= RIGHT_PERCENT * len(cases), "\n".join(wrong)
    assert not untrue, "\n" + "\n".join(untrue)


KINDS = [
    {"type": "integer", "at_least": 1, "at_most": 20},
    {"type": "decimal"},
    {"type": "money", "currency": "USD"},
    {"type": "money", "currency": "CNY"},
    {"type": "digits", "min_digits": 4, "max_digits": 8, "groups": [4, 4], "checksum": "luhn"},
    {"type": "phone", "region": "GB"},
    {"type": "phone", "region": "CN"},
    {"type": "rating"},
]
ODD = ("9" * 100_000, "a " * 50_000, "1 " * 5_000, "到五" * 5_000, "\x00", "{name}", "%s", "١٢٣",
       "²", "½", "🙂" * 500, "1e999999999", "-0", "零" * 600, "十百千万亿" * 100,
       "点点点", "*" * 40, "$" * 300, "one hundred " * 60)  # fmt: skip
_WORDS = st.lists(
    st.sampled_from(
        "one two to hundred thousand million a half and quarter point oh double no sorry not dollars"
        " cents $ 12.50 3 , 1,200 fifty or minus plus k 一 两 三 十 百 千 万 亿 点 半 块 毛 分 个 几 多 "
        " 不对 不是 负 零 到 打 分之 % 五六".split()
    ),
    max_size=12,
)
SLOW_S = 0.25
"""Hundreds of times what a parse takes, and short enough that no pattern can be running away."""


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["type"])
def test_odd_input_is_harmless_and_quick(kind: dict[str, object], code: str) -> None:
    slot = SLOT.validate_python(kind)
    for text in ODD:
        _parse_quickly(slot, text, code)


@pytest.mark.parametrize("code", LANGUAGES)
@settings(max_examples=20, deadline=None)
@given(words=_WORDS, noise=st.text(max_size=20), gap=st.sampled_from(["", " "]))
def test_no_words_break_a_parser(code: str, words: list[str], noise: str, gap: str) -> None:
    text = gap.join((*words, noise))
    for kind in KINDS:
        _parse_quickly(SLOT.validate_python(kind), text, code)


def _parse_quickly(slot: Slot, text: str, code: str) -> None:
    language = LANGUAGES[code]
    began = time.thread_time()
    known = slot.parse(text, language, Context(NOW))
    slot.parse(text, language, Context(NOW, known))
    slot.parse(text, language, Context(NOW, known, keys=True))
    assert time.thread_time() - began < 3 * SLOW_S
    assert known is None or known.filled or known.missing


@pytest.mark.parametrize(
    ("kind", "said", "en", "zh"),
    [
        ({"type": "integer"}, "1250", "one thousand two hundred and fifty", "一千二百五十"),
        ({"type": "integer"}, "2", "two", "两"),
        ({"type": "decimal"}, "2.5", "two point five", "二点五"),
        ({"type": "decimal"}, "-3.05", "minus three point zero five", "负三点零五"),
        ({"type": "money", "currency": "USD"}, "12.5", "twelve dollars and fifty cents",
         "十二点五美元"),
        ({"type": "money", "currency": "GBP"}, "1.01", "one pound and one penny", "一点零一英镑"),
        ({"type": "money", "currency": "CNY"}, "200.5", "two hundred point five yuan", "两百元五角"),
        ({"type": "money", "currency": "CNY"}, "12.05", "twelve point zero five yuan", "十二元零五分"),
        ({"type": "money", "currency": "CNY"}, "0.5", "zero point five yuan", "五角"),
        ({"type": "money", "currency": "JPY"}, "35000", "thirty-five thousand yen", "三万五千日元"),
        ({"type": "money", "currency": "CHF"}, "20", "twenty Swiss francs", "二十瑞士法郎"),
        ({"type": "digits"}, "4279", "four two seven nine", "四二七九"),
        ({"type": "digits", "groups": [2, 3]}, "1234567", "one two, three four five, six seven",
         "一二，三四五，六七"),
        ({"type": "phone", "region": "GB"}, "02079460018",
         "zero two zero, seven nine four six, zero zero one eight", "零二零，七九四六，零零一八"),
        ({"type": "phone", "region": "US"}, "+442079460018",
         "plus four four, two zero, seven nine four six, zero zero one eight",
         "加四四，二零，七九四六，零零一八"),
    ],
)  # fmt: skip
def test_reads_back_as_people_say_it(kind: dict[str, object], said: str, en: str, zh: str) -> None:
    slot = SLOT.validate_python(kind)
    for code, expected in (("en", en), ("zh", zh)):
        match = slot.parse(said, LANGUAGES[code], Context(NOW))
        assert match is not None
        assert match.spoken == expected


def test_digits_of_other_scripts_are_digits() -> None:
    slot = SLOT.validate_python({"type": "digits"})
    for code in LANGUAGES:
        match = slot.parse("١٢٣٤", LANGUAGES[code], Context(NOW))
        assert match is not None
        assert match.value == "1234"


def test_money_is_exact_to_the_smallest_coin() -> None:
    slot = SLOT.validate_python({"type": "money", "currency": "USD"})
    match = slot.parse("ten cents", LANGUAGES["en"], Context(NOW))
    assert match is not None
    assert match.value == Decimal("0.10")
    assert str(match.value) == "0.10"
    assert slot.ahead(match)
    unnamed = slot.parse("ten", LANGUAGES["en"], Context(NOW))
    assert unnamed is not None
    assert not slot.ahead(unnamed)


def test_a_round_number_may_go_on() -> None:
    slot = SLOT.validate_python({"type": "integer"})
    for said, sure in (("twenty-five", "certain"), ("twenty", "likely"), ("two hundred", "likely")):
        match = slot.parse(said, LANGUAGES["en"], Context(NOW))
        assert match is not None
        assert match.certainty == sure


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ({"type": "integer", "at_least": 5, "at_most": 4}, "at_least is larger"),
        ({"type": "decimal", "at_most": "NaN"}, "finite"),
        ({"type": "money", "currency": "dollars"}, "ISO 4217"),
        ({"type": "phone", "region": "UK"}, "ISO 3166"),
        ({"type": "digits", "min_digits": 5, "max_digits": 4}, "min_digits is larger"),
        ({"type": "digits", "max_digits": 4, "groups": [4, 4]}, "groups"),
        ({"type": "digits", "checksum": "crc"}, "luhn"),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        SLOT.validate_python(kind)


@pytest.mark.parametrize(
    ("kind", "presses"),
    [
        ({"type": "integer", "at_most": 20}, 2),
        ({"type": "decimal", "at_most": 100}, 6),
        ({"type": "money", "currency": "USD", "at_most": 500}, 6),
        ({"type": "money", "currency": "JPY", "at_most": 500}, 3),
        ({"type": "digits", "max_digits": 8}, 8),
    ],
)
def test_how_many_keys_make_an_answer(kind: dict[str, object], presses: int) -> None:
    assert SLOT.validate_python(kind).dtmf_digits == presses
