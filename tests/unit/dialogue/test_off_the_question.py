"""What odd callers have taught: swearing, words that only look like answers, a tool nobody heard of."""

from __future__ import annotations

from typing import Any

import pytest

from controller.dialogue.flow import Flow
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import MAX_DETOURS
from controller.session.ports import Cause, ReplyRequest, ToolCall, ToolOutcome
from tests.unit.dialogue.conversation import Conversation
from tests.unit.dialogue.test_payment_reminder import EN, ZH

PARKING = """\
flow: parking
languages: [en]
start: name
slots:
  name: {type: name}
answers:
  - words: {en: [parking, who is this]}
    say: There is parking behind the house.
digressions:
  - words: {en: [bathroom]}
    start: bathroom
nodes:
  name: {kind: ask, slot: name, prompt: "Your name?", next: work}
  work: {kind: tool, tool: note, say: One moment., next: end, on_error: failed}
  bathroom: {kind: say, say: The bathroom is upstairs., next: return}
  end: {kind: hangup, say: "Done, {{ name }}. Goodbye.", reason: done}
  failed: {kind: hangup, say: That failed. Goodbye., reason: failed}
"""


@pytest.fixture
def parking() -> Flow:
    """A flow that asks for a name and calls a tool."""
    return parse_flow(PARKING)


@pytest.mark.parametrize(
    ("language", "said", "heard"),
    [
        ("en", "shit yes", "To protect your data"),
        ("en", "what the hell, yes it is", "To protect your data"),
        ("en", "oh for fuck's sake no", "I'm sorry to disturb you."),
        ("zh", "他妈的 是的", "为了保护您的信息"),
        ("zh", "什么鬼东西 不是", "抱歉打扰您了。"),
        ("en", "you stupid machine", "I'm sorry for the trouble."),
        ("zh", "傻逼机器人", "抱歉给您添麻烦了。"),
        ("zh", "别再打了混蛋", "好的，非常抱歉。"),
        ("zh", "不要再打电话了", "好的，非常抱歉。"),
        ("en", "who is this", "This is the automated assistant of Larkfield Energy."),
        ("zh", "你是谁", "这里是云雀能源的自动语音助手。"),
    ],
)
def test_the_answer_is_heard_through_anger(language: str, said: str, heard: str) -> None:
    caller = Conversation("payment_reminder", language, variables=EN if language == "en" else ZH)
    assert caller.says(said).last.startswith(heard)


@pytest.mark.parametrize("said", ["shit", "damn it", "bullshit", "you idiot"])
def test_swearing_is_no_name(said: str) -> None:
    caller = Conversation("appointment", "en").says(said)
    assert "name" not in caller.memory.slots
    caller.hears("I'm sorry for the trouble. What's your name, please?")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("parking", "There is parking behind the house. Your name?"),
        ("Parking?", "There is parking behind the house. Your name?"),
        ("bathroom", "The bathroom is upstairs. Your name?"),
        ("where is the bathroom", "The bathroom is upstairs. Your name?"),
        ("my name is Parking", "Done, Parking. Goodbye."),
        ("Peter Parking", "Done, Peter Parking. Goodbye."),
    ],
)
def test_words_of_the_flow_are_no_name_unless_they_are_introduced(
    parking: Flow, said: str, heard: str
) -> None:
    caller = Conversation(parking, "en").says(said)
    assert caller.last.removeprefix("One moment. ") == heard


def test_questions_without_an_answer_change_the_question() -> None:
    caller = Conversation("survey", "en")
    caller.says("is it going to rain").hears(
        "I'm afraid I can't answer that. May I ask you two questions?"
    )
    caller.says("do you sell bicycles").hears(
        "I'm afraid I can't answer that. May I ask you two short questions? Please say yes or no."
    )
    caller.says("where is my order")
    assert caller.says("what is the time").hung_up == "goodbye"


def _waiting(flow: Flow) -> tuple[Any, Any]:
    """A strategy whose tool runs, and the memory the session holds meanwhile."""
    caller = Conversation(flow, "en", tool=lambda _: {"ok": True})
    items = list(caller.strategy.reply(ReplyRequest(Cause.SPEECH, "it's David", memory=caller.memory)))
    return caller.strategy, items[0].memory


def test_an_outcome_that_was_talked_over_is_told_again(parking: Flow) -> None:
    strategy, memory = _waiting(parking)
    outcome = ToolOutcome(ToolCall("c1", "note", {}), ok=True)
    request = ReplyRequest(Cause.SPEECH, "thank you so much", memory=memory, tool=outcome)
    said = " ".join(getattr(item, "text", "").strip() for item in strategy.reply(request))
    assert said.strip() == "Done, David. Goodbye."


def test_a_tool_whose_outcome_never_comes_is_not_waited_for_for_ever(parking: Flow) -> None:
    strategy, memory = _waiting(parking)
    for _ in range(MAX_DETOURS + 1):
        items = list(strategy.reply(ReplyRequest(Cause.SPEECH, "hello dear", memory=memory)))
        memory = items[0].memory
    assert "That failed." in [getattr(item, "text", "").strip() for item in items]
