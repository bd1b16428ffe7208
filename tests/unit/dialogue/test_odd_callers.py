"""Callers who answer anything but the question: every conversation comes to its end, and soon.

A thousand conversations in a run, over every flow that is shipped, in each of its languages, with each
kind of caller, scripted and random by turns; some of them through the session's core on a virtual clock.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any

import pytest

from controller.dialogue.flow import Flow, FlowStrategy, load_flow
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import MAX_ASKED, MAX_NESTED, MAX_TURNS, Phase
from controller.session import happenings as hp
from controller.session.core import State
from controller.session.ports import Propose, ToolCall, ToolOutcome
from controller.session.profile import Profile, phrases_for
from tests.unit.dialogue import odd_callers, test_digressions
from tests.unit.dialogue.conversation import FLOWS, NOW, Conversation
from tests.unit.dialogue.odd_callers import (
    CALLERS,
    Act,
    Caller,
    Chooser,
    InOrder,
    Nothing,
    Presses,
    Seat,
)
from tests.unit.session.world import World

SHIPPED = {path.stem: load_flow(path) for path in sorted(FLOWS.glob("*.yaml"))}
LANGUAGES = [(flow, language) for flow, found in SHIPPED.items() for language in found.languages]
PAIRS = [(flow, language, caller) for flow, language in LANGUAGES for caller in CALLERS]
CONVERSATIONS, THROUGH_THE_CORE = 1000, 120
EACH = ceil(CONVERSATIONS / len(PAIRS))
EACH_IN_CORE = ceil(THROUGH_THE_CORE / len(PAIRS))
LONGEST_S, LONGEST_SPEECH_MS = 890.0, 4000
"""A session's own limit is 900 s; a flow has to come to its end before."""
TALKS_OVER = 0.05
"""How often, every 0.3 s of the bot's speech, a caller doesn't wait for its end."""
SAME_WORDS = 4
"""How often in a row a caller may hear exactly the same."""


def _chooser(seed: int) -> Chooser:
    return InOrder(seed // 2) if seed % 2 else random.Random(seed)


def _seat(caller: Conversation, flow: Flow) -> Seat:
    keys = caller.expect.dtmf_digits if caller.expect else 1
    return Seat(flow, caller.language, caller.memory, keys)


def _do(caller: Conversation, act: Act) -> None:
    match act:
        case Nothing():
            caller.is_silent()
        case Presses(keys):
            caller.presses(keys)
        case odd_callers.Says(text):
            caller.says(text)


def _tool(dice: random.Random) -> Any:
    def answer(_: Propose) -> Mapping[str, Any]:
        return {"ok": dice.random() < 0.6, "code": "busy", "say": "Nobody answered."}

    return answer


def _over(caller: Conversation) -> bool:
    """The bot has hung up, or a person has the caller."""
    return caller.memory.phase is Phase.ENDED


def _converse(flow: Flow, language: str, kind: Caller, seed: int) -> Conversation:
    """One whole conversation. It moves on all the time, and comes to its end."""
    choose = _chooser(seed)
    caller = Conversation(flow, language, tool=_tool(random.Random(seed)))
    same, before = 1, caller.last
    for _ in range(MAX_TURNS):
        if _over(caller):
            break
        _do(caller, kind(_seat(caller, flow), choose))
        assert caller.heard, "the bot has nothing to say"
        same, before = (same + 1 if caller.last == before else 1), caller.last
        assert same <= SAME_WORDS, f"{before!r}, again and again"
    assert _over(caller), f"caller {seed} is still talking"
    assert max(caller.memory.asked.values(), default=0) <= MAX_ASKED + 1
    assert len(caller.memory.left) <= MAX_NESTED
    return caller


@pytest.mark.parametrize(("flow", "language", "kind"), PAIRS)
def test_odd_callers_come_to_an_end(flow: str, language: str, kind: Caller) -> None:
    ends = Counter(
        _converse(SHIPPED[flow], language, kind, seed).hung_up for seed in range(EACH - EACH_IN_CORE)
    )
    assert "too_long" not in ends


class Line:
    """A caller of one kind on a session's core: answers when it is their turn, or before."""

    def __init__(self, flow: Flow, language: str, kind: Caller, seed: int) -> None:
        self._flow, self._language, self._kind = flow, language, kind
        self._choose, self._dice = _chooser(seed), random.Random(seed)
        strategy = FlowStrategy(flow, language, lambda: NOW)
        profile = Profile(name=flow.flow, language=language, phrases=phrases_for(language))
        self.world = World(strategy.reply, profile)
        self.world.tool_result = self._tool
        self._until = 0.0

    def talk(self) -> None:
        """The whole conversation, at most as long as a session may be."""
        while self.world.ended is None and self._until < LONGEST_S:
            self._run(0.3)
            core = self.world.core
            waits = core.state is State.LISTENING and core.turn is None
            if waits or (core.state is State.SPEAKING and self._dice.random() < TALKS_OVER):
                self._act()

    def _act(self) -> None:
        core = self.world.core
        act = self._kind(
            Seat(self._flow, self._language, core.memory, core.expect.dtmf_digits), self._choose
        )
        match act:
            case Nothing():
                self._run(core.profile.silence.prompt_s + 0.5)
            case Presses(keys):
                for digit in keys:
                    self.world.presses(digit, at=self._until + 0.1)
                    self._run(0.3)
                self._run(core.profile.limits.dtmf_gap_s)
            case odd_callers.Says(text):
                ms = 300 + 60 * len(text)
                self.world.says(text, at=self._until + 0.1, ms=min(ms, LONGEST_SPEECH_MS))
                self._run(min(ms, LONGEST_SPEECH_MS) / 1000 + 1.7)

    def _run(self, seconds: float) -> None:
        self._until += seconds
        self.world.run(until=self._until)

    def _tool(self, call: ToolCall) -> ToolOutcome:
        if call.name == "hangup":
            return ToolOutcome(call, ok=True, hang_up=str(call.arguments["reason"]))
        if call.name == "transfer_to_human" and self._dice.random() < 0.5:
            return ToolOutcome(call, ok=True, hang_up="transferred")
        return ToolOutcome(call, ok=self._dice.random() < 0.6, code="busy", say="Nobody answered.")


@pytest.mark.parametrize(("flow", "language", "kind"), PAIRS)
def test_odd_callers_come_to_an_end_on_the_line(flow: str, language: str, kind: Caller) -> None:
    for seed in range(EACH - EACH_IN_CORE, EACH):
        line = Line(SHIPPED[flow], language, kind, seed)
        line.talk()
        assert line.world.ended is not None, f"caller {seed} is still talking"
        assert line.world.ended not in ("error", "time_limit", "too_long"), seed
        assert not line.world.told(hp.Trouble), seed
        assert not line.world.core.unexpected, seed


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", CALLERS)
def test_odd_callers_come_to_an_end_among_digressions(language: str, kind: Caller) -> None:
    text = test_digressions.FLOW.replace("confirm: always", "confirm: always\n    max_tries: 5")
    flow = parse_flow(text)
    assert "too_long" not in {_converse(flow, language, kind, seed).hung_up for seed in range(8)}


@pytest.mark.parametrize(("flow", "language"), LANGUAGES)
def test_a_caller_with_one_line_comes_to_an_end(flow: str, language: str) -> None:
    lines = (odd_callers.ASIDES, odd_callers.CHANGES, odd_callers.SWEARING, odd_callers.LETTERS)
    for line in (line for those in lines for line in those[language]):
        caller = Conversation(SHIPPED[flow], language)
        replies = 0
        while not _over(caller):
            caller.says(line)
            replies += 1
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
