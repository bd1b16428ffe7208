"""The flow strategy as the kernel sees it: prompts as they will be cut, expectations, memory, bounds."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from controller.dialogue import registry
from controller.dialogue.flow import FlowStrategy, load_flow
from controller.dialogue.flow.loader import parse_flow
from controller.session.chunker import chunk_all
from controller.session.ports import Cause, Remember, ReplyRequest, Say, Strategy, ToolCall, ToolOutcome
from tests.unit.dialogue.conversation import FLOWS, NOW, Conversation

BOTS = [(flow, language) for flow in ("appointment", "survey") for language in ("en", "zh")]


def _strategy(flow: str, language: str) -> FlowStrategy:
    return FlowStrategy(load_flow(FLOWS / f"{flow}.yaml"), language, lambda: NOW)


@pytest.mark.parametrize(("flow", "language"), BOTS)
def test_every_prompt_is_one_chunk_wherever_it_stands(flow: str, language: str) -> None:
    prompts = _strategy(flow, language).prompts()
    assert len(prompts) > 30
    joiner = " " if language == "en" else ""
    for prompt in prompts:
        assert chunk_all(prompt, first=False) == [prompt]
        if prompt != "Goodbye.":  # the last word of all
            assert chunk_all(f"{prompt}{joiner}{prompts[0]}", first=False)[0] == prompt


@pytest.mark.parametrize(("flow", "language"), BOTS)
def test_what_opens_a_reply_is_cached_whole(flow: str, language: str) -> None:
    for prompt in _strategy(flow, language).prompts():
        assert chunk_all(prompt, first=True) == [prompt]


@pytest.mark.parametrize(
    ("flow", "language", "lines"),
    [
        ("appointment", "en", ["my name is Sarah", "wait", "Friday at ten", "what is that", "yes"]),
        ("appointment", "zh", ["我叫李伟", "等一等", "周五上午十点", "这个多少钱", "对"]),
        ("survey", "en", ["yes", "blue", "5", "nothing"]),
        ("survey", "zh", ["可以", "蓝色", "五分", "没有"]),
    ],
)
def test_a_reply_is_spoken_in_the_pieces_it_was_given_in(
    flow: str, language: str, lines: list[str]
) -> None:
    caller = Conversation(flow, language)
    prompts = set(caller.strategy.prompts())
    for line in ["", *lines]:
        if line:
            caller.says(line)
        joiner = " " if language == "en" else ""
        assert chunk_all(joiner.join(caller.heard) + joiner, first=False) == caller.heard
        assert caller.heard[0] in prompts or "{" not in caller.heard[0]


@pytest.mark.parametrize(("flow", "language"), BOTS)
def test_no_template_is_left_in_what_is_said(flow: str, language: str) -> None:
    assert not [p for p in _strategy(flow, language).prompts() if re.search(r"[{}$]", p)]


def test_the_first_sentence_is_there_at_once() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Friday at ten")
    assert caller.heard[0] == "Thank you."
    assert caller.heard[0] in caller.strategy.prompts()


def test_the_endpoint_may_come_early_only_when_the_words_are_the_answer() -> None:
    caller = Conversation("appointment", "en")
    assert caller.expect is not None
    assert caller.expect.completes is not None
    assert not caller.expect.completes("My name is Sarah Johnson.")
    caller.says("it's David")
    assert caller.expect.completes("Thursday at ten")
    assert not caller.expect.completes("Thursday")
    assert not caller.expect.completes("Thursday at ten and")
    assert "Tuesday" in caller.expect.hints
    caller.says("Thursday")
    assert caller.expect.completes("at ten")
    caller.says("ten")
    assert caller.expect.completes("yes")
    assert not caller.expect.completes("yes but")


def test_nothing_completes_a_comment() -> None:
    caller = Conversation("survey", "en").says("yes").says("four")
    assert caller.expect is not None
    assert caller.expect.completes is None


def test_a_reply_thrown_away_leaves_no_trace() -> None:
    caller = Conversation("appointment", "en")
    before = caller.memory
    list(caller.strategy.reply(ReplyRequest(Cause.SPEECH, "my name is Wrong Guess", memory=before)))
    again = list(caller.strategy.reply(ReplyRequest(Cause.SPEECH, "my name is Sarah", memory=before)))
    remembered = next(item.memory for item in again if isinstance(item, Remember))
    assert remembered.slots["name"].value == "Sarah"
    assert caller.memory is before
    assert before.slots == {}


def test_a_caller_who_talks_over_the_greeting_is_heard() -> None:
    strategy = _strategy("appointment", "en")
    items = list(strategy.reply(ReplyRequest(Cause.SPEECH, "Hi, it's David.", memory=None)))
    said = [item.text.strip() for item in items if isinstance(item, Say)]
    assert said == ["Thank you.", "What day and time would suit you?"]


def test_an_outcome_of_somebody_elses_tool_changes_nothing() -> None:
    caller = Conversation("appointment", "en")
    outcome = ToolOutcome(ToolCall("1", "lookup_record", {}), ok=True)
    items = list(caller.strategy.reply(ReplyRequest(Cause.TOOL, memory=caller.memory, tool=outcome)))
    assert not [item for item in items if isinstance(item, Say)]


def test_a_tool_without_an_outcome_is_given_up() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Friday at ten")
    items = list(caller.strategy.reply(ReplyRequest(Cause.SPEECH, "yes", memory=caller.memory)))
    caller.memory = next(item.memory for item in items if isinstance(item, Remember))
    caller.says("are you done").hears("One moment, please.")
    assert caller.hung_up is None
    caller.is_silent()
    assert caller.hung_up == "not_booked"


def test_endless_interruptions_come_to_an_end() -> None:
    for line in (
        "wait",
        "can you repeat that please",
        "how much does it cost",
        "where is my order",
        "okay",
        "…",
    ):
        caller = Conversation("appointment", "en")
        for _ in range(20):
            if caller.hung_up is None:
                caller.says(line)
        assert caller.hung_up is not None


def test_endless_changes_of_mind_come_to_an_end() -> None:
    caller = Conversation("appointment", "en").says("it's David").says("Friday at ten")
    for turn in range(10):
        if caller.hung_up is None:
            caller.says(("no I meant Thursday", "no I meant Friday")[turn % 2])
    assert caller.hung_up == "call_back"


def test_variables_of_the_contact_can_not_bring_in_templates() -> None:
    flow = parse_flow(
        "flow: t\nlanguages: [en]\nstart: a\nvariables: {who: {en: you}}\n"
        "nodes: {a: {kind: hangup, say: 'Hello {{ who }}. Goodbye.'}}\n"
    )
    assert Conversation(flow, "en").heard == ["Hello you.", "Goodbye."]
    caller = Conversation(flow, "en", variables={"who": "{{ who }}\n{% if %}\ue000" + "x" * 1000})
    assert caller.heard[0].startswith("Hello {{ who }} {% if %} xxx")
    assert len(caller.heard[0]) < 250


def test_a_language_or_memory_that_does_not_fit_is_refused() -> None:
    flow = load_flow(FLOWS / "survey.yaml")
    with pytest.raises(LookupError, match="no language 'fr'"):
        FlowStrategy(flow, "fr", lambda: NOW)
    with pytest.raises(TypeError, match="flow's memory"):
        FlowStrategy(flow, "zh-CN", lambda: NOW).reply(
            ReplyRequest(Cause.SPEECH, "hi", memory={"node": "x"})
        )


@settings(max_examples=60, deadline=None)
@given(
    bot=some.sampled_from(BOTS),
    turns=some.lists(
        some.one_of(
            some.text(max_size=40),
            some.sampled_from(
                [
                    "yes",
                    "no",
                    "Friday at ten",
                    "it's David",
                    "the name",
                    "wait",
                    "是的",
                    "我叫李伟",
                    "周五十点",
                ]
            ),
        ),
        max_size=12,
    ),
)
def test_any_words_get_a_reply(bot: tuple[str, str], turns: list[str]) -> None:
    caller = Conversation(*bot)
    for words in turns:
        caller.says(words)
        assert caller.heard
        caller.presses(words[:4])
        assert caller.heard


def test_strategies_by_name(tmp_path: Path) -> None:
    made: Strategy = registry.create("flow", flow="survey", language="en", timezone="Europe/London")
    assert made.prompts()
    (tmp_path / "survey.yaml").write_text(
        (FLOWS / "appointment.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    own = registry.create("flow", flow="survey", language="en", flows_dir=tmp_path, now=lambda: NOW)
    assert "May I have your name?" in own.prompts()
    assert registry.create("flow", flow=FLOWS / "survey.yaml", language="zh").prompts()


@pytest.mark.parametrize(
    "name", ["../survey", "/etc/passwd", "survey.yaml", "..", "", "a/b", "survey\x00", "nobody"]
)
def test_names_lead_nowhere_else(name: str, tmp_path: Path) -> None:
    (tmp_path / "survey.yaml").write_text("flow: x")
    (tmp_path / "flows").mkdir()
    with pytest.raises(registry.UnknownStrategy):
        registry.create("flow", flow=name, language="en", flows_dir=tmp_path / "flows")


def test_unknown_strategies_and_zones() -> None:
    with pytest.raises(registry.UnknownStrategy, match="expected one of: agent, flow"):
        registry.create("magic")
    with pytest.raises(registry.UnknownStrategy, match="no time zone"):
        registry.create("flow", flow="survey", language="en", timezone="../../etc/passwd")


def test_now_is_asked_for_every_reply() -> None:
    times = iter([NOW, NOW, datetime(2026, 3, 19, 10, tzinfo=NOW.tzinfo)])
    strategy = FlowStrategy(load_flow(FLOWS / "appointment.yaml"), "en", lambda: next(times))
    memory = None
    for cause, text in (
        (Cause.OPENING, ""),
        (Cause.SPEECH, "it's David"),
        (Cause.SPEECH, "tomorrow at ten"),
    ):
        items = list(strategy.reply(ReplyRequest(cause, text, memory=memory)))
        memory = next(item.memory for item in items if isinstance(item, Remember))
    assert memory is not None
    assert memory.slots["when"].raw == "2026-03-20T10:00"
    assert json.dumps({name: match.raw for name, match in memory.slots.items()})
