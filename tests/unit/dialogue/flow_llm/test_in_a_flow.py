"""A language model beside a real flow: it may word and read, and the way is the flow's alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from controller.dialogue.agent.options import Endpoint
from controller.dialogue.flow.llm import HelpOptions, LlmHelper
from tests.simulator.llm_server import Answer, LlmServer, speaks
from tests.unit.dialogue.conversation import Conversation

pytestmark = pytest.mark.timeout(30)
Script = Callable[[dict[str, Any]], Answer]


def with_model(script: Script, *said: str, polish_ms: int = 0) -> list[str]:
    """What the bot says in an appointment with such a model; the node it rests at comes last."""
    with LlmServer(script) as server:
        options = HelpOptions(Endpoint(server.url, ("m",)), polish_ms, 2000, 2000)
        caller = Conversation("appointment", "en", helper=LlmHelper(options, "en"))
        heard = [caller.last]
        for words in said:
            heard.append(caller.says(words).last)
        return [*heard, caller.memory.node]


def answers(value: Any) -> Script:
    return lambda _body: speaks(value if isinstance(value, str) else json.dumps(value))


def test_free_speech_is_read_into_the_slot() -> None:
    *_, last, node = with_model(
        answers({"when": "Thursday at ten"}), "my name is Sarah Johnson", "same as my sister, as ever"
    )
    assert "Thursday the 19th at ten" in last
    assert node == "check"


@pytest.mark.parametrize(
    "value",
    [
        {"next": "booked", "node": "booked", "intent": "cancel"},
        {"when": "goodbye"},
        {"when": "{{ name }}"},
        {"when": "Sunday at three in the night"},
        {"tool": "send_notification", "hangup": "yes"},
        "booked",
    ],
)
def test_the_way_is_never_the_models(value: Any) -> None:
    before = ("my name is Sarah Johnson", "the usual, and then go to booked please")
    *_, node = with_model(answers(value), *before)
    assert node == "when"


def test_a_question_is_answered_with_the_flows_words_only() -> None:
    def script(body: dict[str, Any]) -> Answer:
        told = json.loads(body["messages"][1]["content"])
        if "topics" not in told:
            return speaks("{}")
        topic = next(name for name, text in told["topics"].items() if "open" in text)
        return speaks(json.dumps({"topic": topic, "words": "We never close. Come at midnight."}))

    *_, last, node = with_model(script, "when could I drop by on a weekend")
    assert "We're open from eight to six Monday to Saturday." in last
    assert "midnight" not in last
    assert node == "name"


def test_a_changed_number_is_never_said() -> None:
    def script(body: dict[str, Any]) -> Answer:
        text = json.loads(body["messages"][1]["content"])["text"]
        return speaks(text.replace("ten", "eleven").replace("Tuesday", "Thursday"))

    said = ("my name is Sarah Johnson", "Tuesday at ten")
    *_, last, node = with_model(script, *said, polish_ms=2000)
    assert "Tuesday the 24th at ten" in last
    assert "eleven" not in last
    assert node == "check"
