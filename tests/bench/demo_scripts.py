"""Who calls which bot in the demonstration, what they say, and what the bot must have said by the end.

Data, and the two ways to hold a conversation: answering the bot's questions, and going through a list.
It must never know how a call is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from tests.simulator.caller import REPLY_LIMIT_S, Caller, CallFailed
from tests.simulator.persona import CHINESE, ENGLISH, Answer, Persona, converse

Talk = Callable[[Caller[Any]], bool]
"""Holds a conversation; whether the bot ended it. Raises CallFailed."""
PAUSE_MS = 500.0


@dataclass(frozen=True, slots=True)
class Script:
    """One demonstration."""

    bot: str
    voice: str
    talk: Talk
    expected: tuple[str, ...]
    """Patterns; names are allowed their other spellings, which sound the same."""
    end_reason: str
    cited: str = ""
    """A document that must have been cited."""
    variables: dict[str, str] = field(default_factory=dict)


class By(Enum):
    """How a person gives an answer."""

    VOICE = "voice"
    TYPING = "typing"  # what nobody recorded; on the web only
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Line:
    """`words` are said, typed or pressed; then the bot's words match `answer`."""

    words: str
    answer: str
    by: By = By.VOICE


@runtime_checkable
class Types(Protocol):
    """A caller with a keyboard: on the web, not on the phone."""

    def types(self, text: str) -> None: ...


def answering(*answers: Answer) -> Talk:
    """Answers whatever the bot asks."""
    return lambda caller: converse(caller, Persona(answers))


def going_through(*lines: Line) -> Talk:
    """Says or types one line after the other; typed ones are left out on the phone."""

    def talk(caller: Caller[Any]) -> bool:
        caller.waits_for_reply()
        for line in lines:
            caller.waits(PAUSE_MS)
            from_ms = caller.line.now_ms
            if line.by is By.VOICE:
                caller.says(line.words)
            elif line.by is By.KEYS:
                for key in line.words:
                    caller.presses(key)
            elif isinstance(caller, Types):
                caller.types(line.words)
            else:
                continue
            _answered(caller, line, from_ms)
        return bool(caller.line.wait(lambda: caller.over, REPLY_LIMIT_S))

    return talk


def _answered(caller: Caller[Any], line: Line, from_ms: float) -> None:
    wanted = re.compile(line.answer, re.IGNORECASE)
    if not caller.line.wait(lambda: bool(wanted.search(caller.bot_text(from_ms))), REPLY_LIMIT_S):
        raise CallFailed(f"no answer like {line.answer!r} to {line.words!r}\n{caller.transcript()}")
    caller.waits_for_silence()


_DEBTOR_EN = (
    Answer(r"am i speaking|are you ", ("yes", "yes please")),
    Answer(r"four digits|digits of your account", ("four two seven nine",)),
    Answer(r"have you paid already|you could say, i'll pay", ("yes please", "yes")),
    Answer(r"which day|by which", ("Thursday at ten", "the fourth of July")),
    *ENGLISH,
)
_DEBTOR_ZH = (
    Line("是的", r"后四位"),
    Line("4279", r"一百二十元", By.KEYS),
    Line("好的可以", r"哪天"),
    Line("下周二上午十点半", r"星期二.*对吗"),
    Line("没错", r"再见"),
)
_HELPED_EN = (
    Line("The internet light on my router is red. What can I do?", r"Internet light", By.TYPING),
    Line("where is my order", r"order number"),
    Line("zero eight three one five", r"on its way"),
    Line("The router shows error E50. Please open a ticket.", r"ticket; its number", By.TYPING),
    Line("thank you that is all", r"goodbye"),
)
_HELPED_ZH = (
    Line("我想把路由器恢复出厂设置，怎么操作？", r"恢复出厂设置", By.TYPING),
    Line("我的订单到哪里了", r"订单号"),
    Line("订单号是08315", r"运输途中", By.TYPING),
    Line("路由器显示错误代码E50，请帮我开工单。", r"工单已经创建", By.TYPING),
    Line("谢谢没有别的了", r"再见"),
)
SCRIPTS = {
    script.bot: script
    for script in (
        Script("demo", "slt", answering(*ENGLISH), (r"\bSarah?\b", r"\bThursday\b"), "booked"),
        Script("appointment_en", "slt", answering(*ENGLISH), (r"\bSarah?\b", r"\bThursday\b"), "booked"),
        Script(
            "appointment_zh", "baker", answering(*CHINESE), (r"李[伟玮威维薇]", r"(星期|周)四"), "booked"
        ),
        Script("survey_en", "slt", answering(*ENGLISH), (), "completed"),
        Script("survey_zh", "baker", answering(*CHINESE), (), "completed"),
        Script(
            "reminder_en",
            "slt",
            answering(*_DEBTOR_EN),
            (r"hundred and twenty", r"\bThursday\b"),
            "promised",
        ),
        Script(
            "reminder_zh",
            "baker",
            going_through(*_DEBTOR_ZH),
            (r"一百二十元", r"周二|星期二"),
            "promised",
        ),
        Script("support_en", "slt", going_through(*_HELPED_EN), (), "done", "marlow_r1_manual.md"),
        Script("support_zh", "baker", going_through(*_HELPED_ZH), (), "done", "marlow_r1_shouce.md"),
    )
}
LANGUAGES = {"en": "demo", "zh": "appointment_zh"}


def script_for(bot: str | None, language: str) -> Script:
    """The script of a bot; of the language's own bot without one. Another bot is called by somebody who
    answers what they are asked, and nothing is expected of it but that it ends the call."""
    known = SCRIPTS.get(bot or LANGUAGES[language])
    if known is not None:
        return known
    voice, answers = ("baker", CHINESE) if language == "zh" else ("slt", ENGLISH)
    return Script(bot or "", voice, answering(*answers), (), "")
