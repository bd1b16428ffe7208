"""Digressions: chains of nodes entered by words anywhere, that lead back to the open question."""

from __future__ import annotations

import pytest

from controller.dialogue.flow import Flow, FlowError
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import MAX_NESTED
from tests.unit.dialogue.conversation import Conversation

FLOW = """
flow: tiny
languages: [en, zh]
start: name
give_up: lost
slots:
  name: {type: name, change_words: {en: [name], zh: [名字]}}
  when: {type: day_time}
  sure: {type: yes_no}
  number: {type: rating}
digressions:
  - words: {en: [parking, park], zh: [停车]}
    start: parking
  - words: {en: [wheelchair], zh: [轮椅]}
    start: wheels
  - {intent: robot, start: machine}
  - words: {en: [loop], zh: [转圈]}
    start: loop
  - words: {en: [deeper], zh: [再深]}
    start: deeper
  - words: {en: [deepest], zh: [最深]}
    start: deepest
nodes:
  name: {kind: ask, slot: name, prompt: {en: "Who?", zh: 您是哪位？}, next: when}
  when:
    kind: ask
    slot: when
    prompt: {en: "When?", zh: 什么时候？}
    reprompts: [{en: Which day., zh: 哪一天。}]
    confirm: always
    next: end
  end: {kind: hangup, say: {en: Goodbye., zh: 再见。}, reason: done}
  lost: {kind: hangup, say: {en: Lost. Goodbye., zh: 再见。}, reason: lost}
  parking: {kind: ask, slot: sure, prompt: {en: "By car?", zh: 您开车吗？}, next: told}
  told:
    kind: branch
    slot: sure
    cases: [{equals: true, next: behind}]
    otherwise: no_car
  behind: {kind: say, say: {en: Park behind the house., zh: 车停在楼后面。}, next: return}
  no_car: {kind: say, say: {en: Take the bus., zh: 请坐公交车。}, next: return}
  wheels: {kind: say, say: {en: There is a ramp., zh: 有坡道。}, next: return}
  machine: {kind: say, say: {en: I am a machine., zh: 我是机器。}, next: return}
  loop: {kind: ask, slot: number, prompt: What number., next: return}
  deeper: {kind: confirm, corrects: [number], prompt: Deeper., yes: return}
  deepest: {kind: confirm, corrects: [number], prompt: Deepest., yes: return}
"""


def _flow() -> Flow:
    return parse_flow(FLOW)


def test_a_digression_returns_to_the_open_question() -> None:
    caller = Conversation(_flow(), "en").says("it's David")
    caller.says("is there a wheelchair ramp").hears("There is a ramp. When?")
    caller.says("where can I park").hears("By car?")
    caller.says("yes").hears("Park behind the house. When?")
    assert caller.memory.left == ()
    assert caller.says("Friday at ten").says("yes").hung_up == "done"


def test_a_digression_in_chinese() -> None:
    caller = Conversation(_flow(), "zh").says("我叫李伟").says("哪里可以停车").hears("您开车吗？")
    caller.says("不是").hears("请坐公交车。什么时候？")


def test_an_intent_begins_a_digression() -> None:
    caller = Conversation(_flow(), "en").says("it's David")
    caller.says("are you a robot").hears("I am a machine. When?")
    with pytest.raises(FlowError, match="needs one of: words, intent"):
        parse_flow(FLOW.replace("intent: robot, ", ""))


def test_it_returns_to_what_was_being_read_back() -> None:
    caller = Conversation(_flow(), "en").says("it's David").says("Friday at ten")
    caller.says("is there a wheelchair ramp")
    caller.hears("There is a ramp. Friday the 20th at ten. Is that right?")
    assert caller.says("yes").hung_up == "done"


def test_tries_are_those_of_the_question() -> None:
    caller = Conversation(_flow(), "en").says("it's David").says("purple")
    assert caller.memory.tries == 1
    caller.says("parking").says("purple").says("no")
    assert caller.memory.tries == 1


def test_a_digression_within_a_digression() -> None:
    caller = Conversation(_flow(), "en").says("it's David").says("parking").hears("By car?")
    caller.says("wheelchair").hears("There is a ramp. By car?")
    caller.says("parking").hears("Sorry, I didn't catch that. By car?")  # it is under way
    caller.says("no").hears("Take the bus. When?")


def test_nesting_is_bounded() -> None:
    caller = Conversation(_flow(), "en").says("it's David")
    for words in ("parking", "loop", "deeper"):
        caller.says(words)
    assert len(caller.memory.left) == MAX_NESTED
    caller.says("deepest").hears("Sorry, I didn't catch that. Deeper.")
    caller.says("yes").hears("What number.").says("four").hears("By car?").says("yes")
    caller.hears("Park behind the house. When?")


def test_endless_digressions_come_to_an_end() -> None:
    caller = Conversation(_flow(), "en").says("it's David")
    for _ in range(20):
        if caller.hung_up is None:
            caller.says("wheelchair")
    assert caller.hung_up == "lost"


def test_a_place_that_was_moved_away_from_is_forgotten() -> None:
    caller = Conversation(_flow(), "en").says("it's David").says("parking").hears("By car?")
    caller.says("I want to change the name").hears("No problem. Who?")
    assert caller.memory.left == ()
    caller.says("it's Ann").hears("When?")
    caller.says("wheelchair").hears("There is a ramp. When?")


def test_a_question_that_a_digression_answered_is_not_asked_again() -> None:
    asks_name = "  loop: {kind: ask, slot: name, prompt: What name., next: other}\n  other: "
    flow = parse_flow(FLOW.replace("  loop: ", asks_name))
    caller = Conversation(flow, "en").says("what about the loop").hears("What name.").says("12")
    caller.says("it's David").hears("What number.").says("four").hears("When?")


def test_silence_and_goodbye_within_a_digression() -> None:
    caller = Conversation(_flow(), "en").says("where can I park")
    caller.is_silent().hears("Are you still there? By car?")
    assert caller.says("goodbye").hung_up == "goodbye"
