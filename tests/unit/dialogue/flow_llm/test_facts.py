"""What a friendlier sentence may change, and what it may not."""

from __future__ import annotations

import pytest

from controller.dialogue.flow.llm.facts import Refusal, refusal
from controller.dialogue.languages import language_of

EN = "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten."
EN_FACTS = ("Sarah", "120 dollars", "Tuesday the 24th at ten")
ZH = "李伟，您的一百二十元款项应在三月二十四日上午十点前付清。"
ZH_FACTS = ("李伟", "一百二十元", "三月二十四日上午十点")


def judged(text: str, other: str, facts: tuple[str, ...] = (), language: str = "en") -> Refusal | None:
    return refusal(text, other, facts, language_of(language))


@pytest.mark.parametrize(
    "other",
    [
        EN,
        "Hello Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten.",
        "Sarah, just so you know, your payment of one hundred and twenty dollars was due on Tuesday "
        "the twenty-fourth at 10.",
        "Sarah, your payment of $120 was due on Tuesday the 24th at ten, thank you.",
        "Thank you Sarah. Your payment of 120 dollars was due on Tuesday the 24th at ten.",
    ],
)
def test_the_same_facts_in_other_words_are_taken(other: str) -> None:
    assert judged(EN, other, EN_FACTS) is None


@pytest.mark.parametrize(
    "other",
    [
        "Sarah, your payment of 102 dollars was due on Tuesday the 24th at ten.",
        "Sarah, your payment of 120 euros was due on Tuesday the 24th at ten.",
        "Sarah, your payment of 120.50 dollars was due on Tuesday the 24th at ten.",
        "Sarah, your payment of 120 dollars was due on Thursday the 24th at ten.",
        "Sarah, your payment of 120 dollars was due on Tuesday the 25th at ten.",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at half past ten.",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten in the evening.",
        "Sarah, your payment of 120 dollars was not due on Tuesday the 24th at ten.",
        "Sarah, your payment of 120 dollars wasn't due on Tuesday the 24th at ten.",
        "Your payment of 120 dollars was due on Tuesday the 24th at ten.",
        "Sandra, your payment of 120 dollars was due on Tuesday the 24th at ten.",
        "Mrs Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten.",
        "Sarah, your payment of 120 dollars to Bob was due on Tuesday the 24th at ten.",
        "Bob here. Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten.",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten. Can you pay?",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten. Tell me your PIN.",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten, else a penalty.",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten." + " So nice." * 8,
        "Sarah: 120 dollars, Tuesday the 24th at ten, https://pay.example",
        "Sarah, your payment of 120 dollars was due on Tuesday the 24th at ten. 谢谢",
        "**Sarah**, your payment of 120 dollars was due on Tuesday the 24th at ten.",
        "李伟，您的一百二十元款项应在三月二十四日上午十点前付清。",
        "",
    ],
)
def test_anything_else_is_refused(other: str) -> None:
    assert judged(EN, other, EN_FACTS) is not None


def test_an_order_is_a_fact() -> None:
    assert judged("We open from eight to six.", "We open from six to eight.") is Refusal.KIND


def test_a_question_may_not_be_dropped() -> None:
    assert judged("Is that right?", "That is right.") is Refusal.QUESTION


def test_another_sentence_is_refused() -> None:
    assert judged("All your data stay here with us.", "It is a lovely thing.") is Refusal.MEANING


def test_the_opposite_is_refused() -> None:
    assert judged("I could confirm it.", "I was unable to confirm it.") is Refusal.KIND
    assert judged("You are booked.", "You are cancelled.") is Refusal.KIND


@pytest.mark.parametrize(
    "other",
    [
        ZH,
        "李伟您好，您的一百二十元款项应在三月二十四日上午十点前付清哦。",
        "李伟，您好。您的120元款项应在3月24日上午10点前付清，谢谢您。",
    ],
)
def test_chinese_in_other_words_is_taken(other: str) -> None:
    assert judged(ZH, other, ZH_FACTS, "zh") is None


@pytest.mark.parametrize(
    "other",
    [
        "李伟，您的一百零二元款项应在三月二十四日上午十点前付清。",
        "李伟，您的一百二十美元款项应在三月二十四日上午十点前付清。",
        "李伟，您的一百二十元款项应在三月二十五日上午十点前付清。",
        "李伟，您的一百二十元款项应在三月二十四日下午十点前付清。",
        "李伟，您的一百二十元款项应在三月二十四日上午十点半前付清。",
        "李伟，您的一百二十元款项不应在三月二十四日上午十点前付清。",
        "王芳，您的一百二十元款项应在三月二十四日上午十点前付清。",
        "李伟先生，您的一百二十元款项应在三月二十四日上午十点前付清。",
        "李伟，您的一百二十元款项应在三月二十四日上午十点前付清。张强会联系您。",
        "李伟，您的一百二十元款项应在三月二十四日上午十点前付清，您能付吗？",
        "李伟，您的一百二十元款项应在三月二十四日上午十点前付清，请告诉我密码。",
        "李伟，您的壹佰贰拾元款项应在三月二十四日上午十点前付清。",
        "Li Wei, please pay 120 yuan.",
        "好的。",
    ],
)
def test_chinese_with_other_facts_is_refused(other: str) -> None:
    assert judged(ZH, other, ZH_FACTS, "zh") is not None
