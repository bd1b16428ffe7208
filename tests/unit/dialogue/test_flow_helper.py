"""What a helper may do for a flow, and that nothing it says is believed unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from controller.dialogue.flow.helper import NoHelper, polished
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import Phase
from tests.unit.dialogue.conversation import Conversation

FLOW = """
flow: tiny
languages: [en]
start: hello
give_up: lost
variables: {who: Ada, sum: 120}
slots:
  when: {type: day_time}
  score: {type: rating}
answers:
  - {words: {en: [cost]}, say: It costs nothing.}
nodes:
  hello: {kind: say, say: "Dear {{ who }}, you owe {{ sum }}.", polish: true, next: when}
  when: {kind: ask, slot: when, prompt: "When?", thanks: Thank you., confirm: unsure, next: score}
  score: {kind: ask, slot: score, prompt: "A mark?", next: end}
  end: {kind: hangup, say: Goodbye., reason: done}
  lost: {kind: hangup, say: Lost. Goodbye., reason: lost}
"""
PLAIN = "Dear Ada, you owe 120."


class Helper(NoHelper):
    """Answers everything with the same, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.told: list[tuple[Any, ...]] = []

    def _give(self, *told: Any) -> Any:
        self.told.append(told)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def polish(self, text: str, facts: Sequence[str], language: str) -> Any:
        return self._give("polish", text, list(facts), language)

    def understand(self, question: str, heard: str, slots: Mapping[str, str]) -> Any:
        return self._give("understand", question, heard, dict(slots))

    def explain(self, question: str, heard: str, topics: Mapping[str, str]) -> Any:
        return self._give("explain", question, heard, dict(topics))


def _talk(helper: Helper) -> Conversation:
    return Conversation(parse_flow(FLOW), "en", helper=helper)


def test_polished_words_that_keep_the_facts_are_said() -> None:
    helper = Helper("Hi Ada! It seems you still owe us 120, thank you.")
    _talk(helper).hears("Hi Ada! It seems you still owe us 120, thank you. When?")
    assert helper.told == [("polish", PLAIN, ["Ada", "120"], "en")]


@pytest.mark.parametrize(
    "words",
    [
        "Hi there, you owe 120.",
        "Hi Ada, you owe 1200.",
        "Hi Ada, you owe 120 by the 5th.",
        "Hi Ada, you owe 120, or 200.",
        "Hi Ada, " + "you owe 120 " + "very " * 50,
        "Hi Ada, you owe 120. {{ x }}",
        "Hi **Ada**, you owe 120.",
        "Ada 120 https://pay.example",
        "",
        None,
        ["Ada"],
        ValueError("no model"),
        TimeoutError(),
    ],
)
def test_otherwise_the_flows_own_words_are(words: Any) -> None:
    assert _talk(Helper(words)).heard[0] == PLAIN


def test_a_say_node_is_not_polished_unless_it_says_so() -> None:
    helper = Helper("x")
    Conversation(parse_flow(FLOW.replace("polish: true, ", "")), "en", helper=helper)
    assert helper.told == []
    assert polished(NoHelper(), "As it is.", [], "en") == "As it is."


def test_free_speech_is_understood_through_the_slots() -> None:
    helper = Helper({"when": "Friday at ten", "score": "4", "other": "x"})
    caller = _talk(helper).says("whenever my sister comes by as ever")
    told = next(t for t in helper.told if t[0] == "understand")
    assert told[1:3] == ("When?", "whenever my sister comes by as ever")
    assert set(told[3]) == {"when", "score"}
    caller.hears("Friday the 20th at ten. Is that right?")  # a guess is unsure
    assert caller.memory.phase is Phase.READBACK
    assert caller.says("yes").hung_up == "done"
    assert caller.slot("score") == 4


def test_only_another_slot_was_understood() -> None:
    caller = _talk(Helper({"score": "4"})).says("blah the purple")
    caller.hears("Thank you. When?")
    assert caller.slot("score") == 4


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"when": "purple"}, {"when": 5}, {"when": None}, {"lost": "x"}, None, "when", ["when"],
        {"when": "{{ who }}"}, RuntimeError("down"),
    ],
)  # fmt: skip
def test_nonsense_helps_nobody(answer: Any) -> None:
    caller = _talk(Helper(answer)).says("blah the purple")
    caller.hears("Sorry, I didn't catch that. When?")
    assert caller.memory.tries == 1


def test_what_the_flow_understands_needs_no_helper() -> None:
    helper = Helper(RuntimeError("never asked"))
    caller = _talk(helper)
    helper.told.clear()
    caller.says("Friday at ten").says("how much does it cost").says("wait").presses("3")
    assert caller.hung_up == "done"
    assert helper.told == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Because the office is closed today", "Because the office is closed today. When?"),
        (None, "I'm afraid I can't answer that. When?"),
        ("x" * 5000, "I'm afraid I can't answer that. When?"),
        ("Use {{ this }}", "I'm afraid I can't answer that. When?"),
        (RuntimeError("down"), "I'm afraid I can't answer that. When?"),
    ],
)
def test_a_question_may_be_explained(words: Any, said: str) -> None:
    helper = Helper(words)
    _talk(helper).says("why is that so").hears(said)
    assert helper.told[-1] == ("explain", "When?", "why is that so", {"cost": "It costs nothing."})
