"""Handing over to an agent and taking the conversation back: every way in and every way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from controller.dialogue.agent.options import AgentOptions, Endpoint
from controller.dialogue.agent.ports import AskedCall, AskedCalls, ChatRequest, Piece, Words
from controller.dialogue.agent.strategy import AgentStrategy
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.agent import HAND_BACK, HAND_BACK_CARD
from controller.session.ports import Cause, Propose, Remember, ReplyItem, ReplyRequest, Say
from tests.unit.dialogue.conversation import Conversation

FLOW = """
flow: tiny
languages: [en]
start: ask
variables: {product: lamp}
slots:
  name: {type: name}
  when: {type: day_time}
  score: {type: rating}
intents: {person: person}
nodes:
  ask: {kind: ask, slot: name, prompt: "Who?", next: talk}
  talk:
    kind: agent
    agent: manual
    say: "What would you like to know about the {{ product }}?"
    goal: Explain the {{ product }} to {{ name }}.
    collect: [when, score]
    max_turns: 3
    next: done
    otherwise: failed
  done: {kind: ask, slot: when, prompt: "When?", next: end}
  end: {kind: hangup, say: "{{ when }}, {{ score }}. Goodbye.", reason: done}
  failed: {kind: hangup, say: Sorry. Goodbye., reason: failed}
  person: {kind: hangup, say: A colleague. Goodbye., reason: person}
"""
QUESTION = "What would you like to know about the lamp?"
Reply = Callable[[ReplyRequest], Iterator[ReplyItem]]


class Agent:
    """Plays one scripted reply after the other; counts in its memory."""

    def __init__(self, *replies: Sequence[ReplyItem | Exception]) -> None:
        self.replies = list(replies)
        self.requests: list[ReplyRequest] = []

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        self.requests.append(request)
        turn = request.memory or 0
        yield Remember(turn + 1)
        for item in self.replies[turn]:
            if isinstance(item, Exception):
                raise item
            yield item

    def prompts(self) -> Sequence[str]:
        return ["I'm the manual."]


def _back(outcome: str = "done", **slots: Any) -> Propose:
    return Propose(HAND_BACK, {"outcome": outcome, "slots": slots})


def _caller(agent: Agent, text: str = FLOW) -> Conversation:
    return Conversation(parse_flow(text), "en", agents={"manual": agent}).says("it's David")


def test_the_agent_has_the_word_until_it_hands_back() -> None:
    agent = Agent([Say("It shines. ")], [Say("Good. "), _back(when="Friday at ten", score="four")])
    caller = _caller(agent).hears(QUESTION)
    assert agent.requests == []
    caller.says("what does it do").hears("It shines.")
    assert caller.memory.agent.memory == 1
    caller.says("okay").hears("Good. Friday the 20th at ten, 4. Goodbye.")
    assert caller.hung_up == "done"
    assert caller.memory.agent is None
    assert [r.memory for r in agent.requests] == [None, 1]
    assert [r.text for r in agent.requests] == ["what does it do", "okay"]
    assert agent.requests[0].variables["goal"] == "Explain the lamp to David."
    assert agent.requests[0].variables["name"] == "David"
    assert agent.requests[0].variables["collect"] == "when, score"


def test_what_it_collects_is_parsed_and_never_taken_as_it_is() -> None:
    for nasty in ("{{ name }}", "purple", "99", {"value": 5}, ["x"], None, "x" * 9999, "<script>"):
        caller = _caller(Agent([_back(when=nasty, score=nasty, name="Mallory")]))
        caller.says("hello there")
        assert caller.slot("name") == "David"
        assert "score" not in caller.memory.slots
        assert caller.hung_up is None
    caller = _caller(Agent([_back(when="yesterday at ten", score=3)])).says("hello there")
    assert "when" not in caller.memory.slots
    assert caller.slot("score") == 3
    assert caller.memory.slots["score"].unsure


@pytest.mark.parametrize("arguments", [{}, {"outcome": "failed"}, {"outcome": ["done"]}, {"slots": 5}])
def test_a_failed_or_senseless_hand_back_goes_otherwise(arguments: dict[str, Any]) -> None:
    caller = _caller(Agent([Propose(HAND_BACK, arguments)])).says("hello there")
    assert caller.hung_up == "failed"


def test_it_has_so_many_turns() -> None:
    caller = _caller(Agent(*[[Say("Tell me more. ")]] * 9))
    for _ in range(3):
        caller.says("purple").hears("Tell me more.")
    assert caller.says("purple").hung_up == "failed"


@pytest.mark.parametrize("said", [[], [Say("Well, ")]])
def test_an_agent_that_raises_is_left(said: list[ReplyItem]) -> None:
    caller = _caller(Agent([*said, RuntimeError("no model")])).says("purple")
    assert caller.hung_up == "failed"


def test_an_agent_without_words_is_left() -> None:
    assert _caller(Agent([])).says("purple").hung_up == "failed"


def test_without_the_agent_the_flow_goes_otherwise() -> None:
    caller = Conversation(parse_flow(FLOW), "en").says("it's David")
    assert caller.hung_up == "failed"
    caller.hears("Sorry. Goodbye.")


def test_goodbye_and_a_person_are_the_flows() -> None:
    for said, reason in (("goodbye", "goodbye"), ("I want to speak to an agent", "person")):
        agent = Agent([Say("Yes. ")])
        assert _caller(agent).says(said).hung_up == reason
        assert agent.requests == []


def test_other_interjections_and_keys_are_the_agents() -> None:
    agent = Agent(*[[Say("Yes. ")]] * 3)
    caller = _caller(agent)
    caller.says("that's wrong").says("wait").presses("5")
    assert [r.text for r in agent.requests] == ["that's wrong", "wait", "5"]


def test_its_tools_run_and_it_is_told() -> None:
    agent = Agent([Say("Let me look. "), Propose("lookup_record", {"key": "1"})], [Say("Found it. ")])
    caller = _caller(agent).says("where is my order").hears("Let me look. Found it.")
    assert [tool.name for tool in caller.tools] == ["lookup_record"]
    assert agent.requests[1].cause is Cause.TOOL
    assert agent.requests[1].tool is not None
    assert agent.requests[1].memory == 1


def test_when_it_hangs_up_the_conversation_is_over() -> None:
    caller = _caller(Agent([Say("Bye now. "), Propose("hangup", {"reason": "agent"})])).says("purple")
    assert caller.hung_up == "agent"
    assert caller.memory.phase is Phase.ENDED


def test_silence_is_told_to_the_agent_and_bounded() -> None:
    agent = Agent(*[[Say("Still there? ")]] * 5)
    caller = _caller(agent).is_silent().hears("Still there?").is_silent()
    assert [r.cause for r in agent.requests] == [Cause.SILENCE] * 2 or len(agent.requests) == 2
    assert caller.is_silent().hung_up == "silence"


def test_it_may_speak_first() -> None:
    line = '    say: "What would you like to know about the {{ product }}?"\n'
    agent = Agent([Say("Hello David. ")], [_back("failed")])
    caller = Conversation(parse_flow(FLOW.replace(line, "")), "en", agents={"manual": agent})
    caller.says("it's David").hears("Hello David.")
    assert caller.says("hm").hung_up == "failed"


def test_agents_that_hand_back_at_once_come_to_an_end() -> None:
    line = '    say: "What would you like to know about the {{ product }}?"\n'
    text = FLOW.replace(line, "").replace("    next: done\n", "    next: again\n") + (
        "  again: {kind: agent, agent: manual, goal: Help again., next: talk, otherwise: done}\n"
    )
    agent = Agent([_back()])
    caller = Conversation(parse_flow(text), "en", agents={"manual": agent}).says("it's David")
    assert caller.hung_up == "not_understood"
    assert len(agent.requests) == 2


def test_a_dropped_reply_closes_the_agents_stream() -> None:
    closed = []

    class Open(Agent):
        def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
            try:
                yield Say("One. ")
                yield Say("Two. ")
            finally:
                closed.append(True)

    caller = _caller(Open())
    stream = caller.strategy.reply(ReplyRequest(Cause.SPEECH, "purple", memory=caller.memory))
    while not (isinstance(item := next(stream), Say) and item.text == "One. "):
        pass
    stream.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_the_card_describes_what_is_understood() -> None:
    Draft202012Validator.check_schema(HAND_BACK_CARD.schema)
    check = Draft202012Validator(HAND_BACK_CARD.schema)
    assert check.is_valid({"outcome": "done", "slots": {"when": "Friday"}})
    assert not check.is_valid({"outcome": "perhaps"})
    assert HAND_BACK_CARD.name == HAND_BACK


def test_its_sentences_are_made_ahead() -> None:
    caller = _caller(Agent())
    assert "I'm the manual." in caller.strategy.prompts()


class Model:
    """A language model that speaks once and then hands back."""

    name = "scripted"

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []

    def stream(self, request: ChatRequest) -> Iterator[Piece]:
        self.asked.append(request)
        if len(self.asked) == 1:
            yield Words("It shines all day.")
        else:
            slots = {"when": "Friday at ten", "score": "four"}
            yield AskedCalls((AskedCall(HAND_BACK, json.dumps({"outcome": "done", "slots": slots})),))


def test_an_agent_strategy_hands_back_through_its_tool() -> None:
    model = Model()
    options = AgentOptions(Endpoint("http://127.0.0.1:9", ("none",)), "en", "You know lamps.")
    caller = Conversation(
        parse_flow(FLOW), "en", agents={"manual": AgentStrategy(options, model, [HAND_BACK_CARD])}
    )
    caller.says("it's David").says("what does it do").hears("It shines all day.")
    caller.says("Friday at ten would suit me")
    assert caller.hung_up == "done"
    assert caller.slot("score") == 4
    assert "Explain the lamp to David." in str(model.asked[0].messages[0])
    assert [tool.name for tool in model.asked[0].tools] == [HAND_BACK]
