"""How a simulated person answers: by what the bot just asked, with words from the test speech.

Responsible for: choosing sensible words for any question of the demo bots, in English and Chinese,
and holding a whole conversation with them. It must never know what a flow expects: a bot that asks
in another order, or asks again, gets the answer to what it asked.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.caller import Caller, CallFailed

PAUSE_MS = (300.0, 800.0)
"""People start to answer so long after a question ends."""
INTERRUPT_AFTER_MS = 700.0
FAREWELL_LIMIT_S = 5.0
MOST_UNANSWERED = 2
"""In a row; then a person hangs up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Words for questions that match; asked again, the next ones, then from the start."""

    question: str
    words: tuple[str, ...]


ENGLISH = (
    Answer(r"(anything|something) else|to add", ("thank you that is all", "no thank you")),
    Answer(r"should i change", ("no sorry I meant Friday",)),
    Answer(r"\bname\b|who am i speaking", ("my name is Sarah Johnson",)),
    Answer(r"what (day|date|time)|when |which day|day and time|day or time|suits? you",
           ("Thursday at ten", "next Tuesday at half past nine")),
    Answer(r"scale|one to five|1 to 5|rate|score|how satisfied|which number",
           ("I would give it a four",)),
    Answer(r"why|reason|improve|better|tell (me|us)|what (went|made|did)|in your own words",
           ("the waiting time was too long", "my flight was delayed")),
    Answer(r"(phone|mobile|telephone|call you).*number|number.*(reach|call)",
           ("my number is five five five zero one nine nine",)),
    Answer(r"is that (right|correct)|did i get|confirm|correct\?|right\?",
           ("that is correct", "yes please", "yes")),
    Answer(r"how (can|may) i help|what can i do",
           ("I'd like to change my appointment please",)),
    Answer(r"", ("yes please", "yes", "that is correct")),
)  # fmt: skip

CHINESE = (
    Answer(r"(还有|其他|别的).*(吗|什么|补充)", ("谢谢没有别的了", "不用了谢谢")),
    Answer(r"要改", ("不对我是说星期五",)),
    Answer(r"名字|姓名|称呼|贵姓|哪位", ("我叫李伟",)),
    Answer(r"几点|什么时(间|候)|哪(一)?天|星期几|日期", ("星期四下午三点", "下周二上午十点半")),
    Answer(r"几分|打分|评分|一到五|五分|1到5", ("我给四分",)),
    Answer(r"为什么|原因|意见|建议|改进|哪里", ("等待时间太长了",)),
    Answer(r"电话|号码", ("我的电话是一三八零零一三八零零零",)),
    Answer(r"对吗|对不对|是吗|正确|确认", ("没错", "是的")),
    Answer(r"帮(到|助)?您|什么可以", ("我想改一下预约时间",)),
    Answer(r"", ("是的", "好的可以")),
)
CONFIRMING = re.compile(
    r"is that (right|correct)|did i get|correct\?|right\?|对吗|对不对|正确吗", re.IGNORECASE
)
FAREWELL = re.compile(r"good ?bye|have a (nice|good|great)|再见|祝您", re.IGNORECASE)
SENTENCE = re.compile(r"[^.!?。！？]+[.!?。！？]*")


@dataclass(slots=True)
class Persona:
    """One person in one call. `change_of_mind` is said to the first summary of a date."""

    answers: Sequence[Answer] = ENGLISH
    change_of_mind: str | None = None
    _asked: Counter[str] = field(default_factory=Counter)

    def answer(self, bot_text: str) -> str:
        """What this person says to `bot_text`: to its last question, else to all of it."""
        if self.change_of_mind and _summary_of_a_date(bot_text):
            words, self.change_of_mind = self.change_of_mind, None
            return words
        question = last_question(bot_text)
        for text in (question, bot_text):
            for answer in self.answers[:-1]:
                if re.search(answer.question, text, re.IGNORECASE):
                    return self._next(answer)
        return self._next(self.answers[-1])

    def _next(self, answer: Answer) -> str:
        asked = self._asked[answer.question]
        self._asked[answer.question] += 1
        return answer.words[asked % len(answer.words)]


def english(changes_mind: bool = False) -> Persona:
    """Sarah Johnson, free on Thursday at ten, or on Friday after all."""
    return Persona(ENGLISH, "no sorry I meant Friday" if changes_mind else None)


def chinese(changes_mind: bool = False) -> Persona:
    """李伟, free on Thursday at three, or on Friday after all."""
    return Persona(CHINESE, "不对我是说星期五" if changes_mind else None)


def last_question(text: str) -> str:
    """The last sentence with a question mark; without any, the last sentence."""
    sentences = [match.strip() for match in SENTENCE.findall(text) if match.strip()]
    questions = [each for each in sentences if each.endswith(("?", "？"))]
    last: str = (questions or sentences or [""])[-1]
    return last


def is_farewell(text: str) -> bool:
    """The bot has said goodbye and asks nothing more."""
    return bool(FAREWELL.search(text)) and "?" not in text and "？" not in text


def converse(
    caller: Caller[Any],
    persona: Persona,
    *,
    most_turns: int = 12,
    interruptions: Sequence[str] = (),
    chance: random.Random | None = None,
) -> bool:
    """Talk until the bot ends the call (True), or for `most_turns` (False).

    `interruptions` are said into every second reply, one each. Raises CallFailed when the bot
    leaves MOST_UNANSWERED things in a row without an answer; fewer are in `caller.turns`.
    """
    dice = chance or random.Random(1)
    left = list(interruptions)
    text = caller.waits_for_reply()
    unanswered = 0
    for turn in range(most_turns):
        if is_farewell(text):
            caller.line.wait(lambda: caller.over, FAREWELL_LIMIT_S)
        caller.waits(dice.uniform(*PAUSE_MS))
        if caller.over:
            return True
        caller.says(persona.answer(text))
        try:
            if left and turn % 2 == 0 and _interrupted(caller, left[0]):
                left.pop(0)
            text = caller.waits_for_reply()
            unanswered = 0
        except CallFailed:
            if caller.over and caller.said[-1].over_bot:
                return True  # spoke into the goodbye, which nobody can interrupt
            unanswered += 1
            if caller.over or unanswered == MOST_UNANSWERED:
                raise
    return caller.over


def _interrupted(caller: Caller[Any], words: str) -> bool:
    try:
        caller.interrupts(words, after_ms=INTERRUPT_AFTER_MS)
    except CallFailed:
        return False  # a short reply, or a goodbye: nothing to speak into
    return True


def _summary_of_a_date(text: str) -> bool:
    named = re.search(r"(mon|tues|wednes|thurs|fri)day|星期|周[一二三四五]", text, re.IGNORECASE)
    return bool(named and CONFIRMING.search(text))
