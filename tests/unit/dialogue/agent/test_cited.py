"""Citations: marks are heard of, never heard; without marks the words themselves tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.dialogue.agent.cited import Cited
from controller.dialogue.agent.memory import Passage
from controller.dialogue.knowledge.words import terms

ENGLISH = [
    Passage("hours.md", "The shop opens at nine on weekdays and closes at six in the evening."),
    Passage("returns.md", "Unworn shoes can be returned within thirty days with the receipt."),
    Passage("care.md", "Clean leather with a damp cloth and dry it away from heat."),
]
CHINESE = [
    Passage("营业.md", "门店周一到周五上午九点开门，晚上六点关门。"),
    Passage("退货.md", "未穿过的鞋子凭小票三十天内可以退货。"),
    Passage("保养.md", "皮革请用湿布擦拭，远离热源晾干。"),
]


def answered(passages: list[Passage], *pieces: str) -> tuple[str, tuple[str, ...]]:
    """What is spoken of an answer in pieces, and what it cites."""
    cited = Cited(passages, terms)
    spoken = "".join(cited.feed(piece) for piece in pieces) + cited.flush()
    return spoken, cited.citations


@pytest.mark.parametrize(
    ("pieces", "spoken", "sources"),
    [
        (["[2] You can bring them back."], "You can bring them back.", ["returns.md"]),
        (["You can", " bring them back ", "[", "2", "]."], "You can bring them back .", ["returns.md"]),
        (["You can", " bring them back [", "2]", "."], "You can bring them back .", ["returns.md"]),
        (["You can", " bring them back [2]."], "You can bring them back.", ["returns.md"]),
        (["You can bring them back.", " [2]"], "You can bring them back. ", ["returns.md"]),
        (["[1, 3] Yes. [2]No."], "Yes. No.", ["hours.md", "care.md", "returns.md"]),
        (["Yes [1][3]."], "Yes.", ["hours.md", "care.md"]),
        (["[7] Yes. [0] No."], "Yes. No.", []),
        (["It costs [about] $20 in [2026]."], "It costs [about] $20 in [2026].", []),
        (["Press [", "star"], "Press [star", []),
        (["Half a mark [2"], "Half a mark [2", []),
    ],
)  # fmt: skip
def test_marks(pieces: list[str], spoken: str, sources: list[str]) -> None:
    assert answered(ENGLISH, *pieces) == (spoken, tuple(sources))


@pytest.mark.parametrize(
    ("pieces", "spoken", "sources"),
    [
        (["[2]可以", "退。"], "可以退。", ["退货.md"]),
        (["可以退", "。", "[2]"], "可以退。", ["退货.md"]),
        (["可以退【2】。九点", "开门［1］。"], "可以退。九点开门。", ["退货.md", "营业.md"]),
        (["[1、3]是的。"], "是的。", ["营业.md", "保养.md"]),
    ],
)
def test_chinese_marks(pieces: list[str], spoken: str, sources: list[str]) -> None:
    assert answered(CHINESE, *pieces) == (spoken, tuple(sources))


@pytest.mark.parametrize(
    ("passages", "answer", "sources"),
    [
        (ENGLISH, "Our shop opens at nine on weekdays.", ["hours.md"]),
        (ENGLISH, "Unworn shoes can be returned within thirty days. Clean leather with a damp cloth.",
         ["returns.md", "care.md"]),
        (ENGLISH, "I'm sorry, I don't know whether we sell umbrellas. Shall I ask a colleague?", []),
        (ENGLISH, "Yes, of course.", []),
        (ENGLISH, "Would you like to hear how to look after your shoes?", []),
        (CHINESE, "门店上午九点开门。", ["营业.md"]),
        (CHINESE, "未穿过的鞋子三十天内凭小票可以退货。皮革请用湿布擦拭。", ["退货.md", "保养.md"]),
        (CHINESE, "抱歉，我不知道我们有没有雨伞，要不要帮您问问同事？", []),
        (CHINESE, "好的，没问题。", []),
    ],
)  # fmt: skip
def test_without_marks_a_passage_is_cited_that_holds_the_words(
    passages: list[Passage], answer: str, sources: list[str]
) -> None:
    assert answered(passages, *answer) == (answer, tuple(sources))  # a letter at a time


def test_where_there_are_marks_they_alone_count() -> None:
    answer = "[3] Unworn shoes can be returned within thirty days."
    assert answered(ENGLISH, answer)[1] == ("care.md",)


def test_words_are_held_back_for_a_mark_only() -> None:
    cited = Cited(CHINESE, terms)
    assert cited.feed("可以退。") == "可以退"
    assert cited.feed("九点开门，") == "。九点开门，"
    assert Cited(ENGLISH, terms).feed("We open at nine, ") == "We open at nine, "


def test_without_passages_nothing_is_touched() -> None:
    assert answered([], "Press [1] now", " [") == ("Press [1] now [", ())


@given(st.text(alphabet="ab. 。[]12,【】\n", max_size=40), st.integers(1, 5))
def test_how_a_text_is_cut_changes_nothing_but_blanks(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    (whole, cites), (cut, cites_cut) = answered(ENGLISH, text), answered(ENGLISH, *pieces)
    assert "".join(whole.split()) == "".join(cut.split())
    assert set(cites) == set(cites_cut)
