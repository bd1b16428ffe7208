"""Callers who answer anything but the question: every conversation comes to its end, and soon."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from controller.dialogue.flow import Flow
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import MAX_NESTED
from tests.unit.dialogue import test_digressions
from tests.unit.dialogue.conversation import Conversation

BOTS = [(flow, language) for flow in ("appointment", "survey") for language in ("en", "zh")]
MOST_REPLIES = 40
"""Three questions of a bot, each put at most eight times, with pauses and corrections between them."""
LINES = {
    "en": (
        "it's David", "Thursday", "next Tuesday", "in the morning", "at ten", "yesterday",
        "at eleven pm", "no I meant Friday", "I want to change the time", "the name", "no", "yes",
        "wait a second", "stop", "hold on please", "sorry can I say something",
        "can you repeat that please", "how much is it", "where is my order", "thanks", "okay", "mm-hm",
        "the the", "Loki", "US please", "7", "...", "", "that's wrong", "go back", "where can I park",
        "shit", "你好",
    ),
    "zh": (
        "我叫李伟", "星期四", "下周二", "上午", "十点", "昨天", "晚上十一点", "不对我是说星期五",
        "我想改一下预约时间", "名字", "不是", "是的", "等一等", "停一下", "不好意思打断一下",
        "请再说一遍", "这个多少钱", "我的订单到哪里了", "谢谢", "好", "嗯", "天上的云",
        "下周二上五", "变", "七", "……", "", "不对", "上一个问题", "哪里可以停车", "他妈的", "hello",
    ),
}  # fmt: skip
LETTERS = {
    "en": "abcdefghijklmnopqrstuvwxyz ' .,?0123456789",
    "zh": "的一是了我不人在他有这上午下点号周期零八，。",
}


def _odd_flow() -> Flow:
    """Digressions, reading back, going back: with a few tries each, so that all ends are met."""
    return parse_flow(
        test_digressions.FLOW.replace("confirm: always", "confirm: always\n    max_tries: 5")
    )


def _turn(caller: Conversation, language: str, dice: random.Random) -> None:
    kind = dice.random()
    if kind < 0.70:
        caller.says(dice.choice(LINES[language]))
    elif kind < 0.85:
        caller.says("".join(dice.choices(LETTERS[language], k=dice.randint(1, 30))))
    elif kind < 0.95:
        caller.presses("".join(dice.choices("0123456789*#", k=dice.randint(1, 4))))
    else:
        caller.is_silent()


@pytest.mark.parametrize(("flow", "language"), BOTS)
def test_random_callers_come_to_an_end(flow: str, language: str) -> None:
    ends: Counter[str | None] = Counter()
    for seed in range(250):
        dice = random.Random(seed)
        caller = Conversation(flow, language)
        replies = 1
        while caller.hung_up is None and replies < MOST_REPLIES:
            _turn(caller, language, dice)
            replies += 1
            assert caller.heard
        assert caller.hung_up is not None, f"caller {seed} is still talking"
        assert max(caller.memory.asked.values()) <= 9
        ends[caller.hung_up] += 1
    assert "too_long" not in ends
    assert len(ends) > 1  # some even get what they never meant to ask for


@pytest.mark.parametrize(("flow", "language"), BOTS)
def test_a_caller_with_one_line_comes_to_an_end(flow: str, language: str) -> None:
    for line in LINES[language]:
        caller = Conversation(flow, language)
        replies = 1
        while caller.hung_up is None and replies < MOST_REPLIES:
            caller.says(line)
            replies += 1
        assert caller.hung_up is not None, line
        assert replies <= 13, line


@pytest.mark.parametrize(
    ("language", "name", "days", "question"),
    [
        ("zh", "我叫李伟", ("星期四", "下周二"), "请问几点钟？"),
        ("en", "it's David", ("Thursday", "next Tuesday"), "And at what time?"),
    ],
)
def test_an_hour_that_is_never_heard_is_left_to_a_colleague(
    language: str, name: str, days: tuple[str, str], question: str
) -> None:
    caller = Conversation("appointment", language).says(name)
    asked = 0
    for turn in range(10):
        if caller.hung_up is None:
            caller.says(days[turn % 2])
            asked += question in caller.heard
    assert asked == 3
    assert caller.hung_up == "call_back"
    assert caller.tools[0].arguments["template_id"] == "call_back"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_random_callers_come_to_an_end_with_digressions(language: str) -> None:
    flow, ends = _odd_flow(), Counter[str | None]()
    for seed in range(100):
        dice = random.Random(seed)
        caller = Conversation(flow, language)
        replies = 1
        while caller.hung_up is None and replies < 2 * MOST_REPLIES:
            _turn(caller, language, dice)
            replies += 1
            assert caller.heard
            assert len(caller.memory.left) <= MAX_NESTED
        assert caller.hung_up is not None, f"caller {seed} is still talking"
        ends[caller.hung_up] += 1
    assert "lost" in ends
    assert "too_long" not in ends
