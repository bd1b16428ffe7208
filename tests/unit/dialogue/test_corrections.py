"""Callers who take back what they said: "that's wrong", "go back"."""

from __future__ import annotations

from tests.unit.dialogue.conversation import Conversation
from tests.unit.dialogue.tiny_flow import talk

THREE = """\
one: {kind: ask, slot: name, prompt: Who?, next: two}
two: {kind: ask, slot: when, prompt: When?, next: three}
three: {kind: ask, slot: score, prompt: A mark?, next: end}
"""


def test_something_wrong_is_the_only_answer_there_is() -> None:
    caller = talk(THREE).says("it's David")
    caller.says("that's wrong").hears("No problem. Who?")
    caller.says("it's Daniel").hears("When?")


def test_something_wrong_among_several_is_asked_for() -> None:
    for said, heard in (
        ("the name", "No problem. Who?"),
        ("the time please", "When?"),
        ("no, Thursday at ten", "No problem. A mark?"),
        ("blah blah", "When?"),
    ):
        caller = talk(THREE).says("it's David").says("Friday at ten")
        caller.says("that's not right").hears("The name, the time. Which one should I change?")
        assert caller.says(said).last in (heard, heard.removeprefix("No problem. "))
    caller = talk(THREE).says("it's David").says("Friday at ten").says("that is wrong").presses("1")
    caller.hears("Who?")


def test_wrong_is_a_no_where_yes_or_no_was_asked() -> None:
    caller = talk("one: {kind: ask, slot: sure, prompt: Sure?, next: end}\n").says("that's wrong")
    assert caller.slot("sure") is False


def test_nothing_is_wrong_yet() -> None:
    talk(THREE).says("that's wrong").hears("No problem. Who?")


def test_going_back_question_by_question() -> None:
    caller = talk(THREE).says("it's David").says("Friday at ten")
    caller.says("go back").hears("No problem. When?")
    caller.says("back").hears("No problem. Who?")
    caller.says("the previous question").hears("Who?")
    caller.says("it's Ann").hears("When?")


def test_endless_wrongs_and_backs_come_to_an_end() -> None:
    for line in ("that's wrong", "go back"):
        caller = talk(THREE).says("it's David").says("Friday at ten")
        for _ in range(30):
            if caller.hung_up is None:
                caller.says(line)
        assert caller.hung_up == "lost"


def test_wrong_and_back_in_chinese() -> None:
    caller = Conversation("appointment", "zh").says("我叫李伟")
    for line in ("不对", "上一个问题", "错了", "返回上一步"):
        caller.says(line).hears("没问题。请问您叫什么名字？")
        caller.says("我叫李伟").hears("谢谢您。您想约哪天几点？")


def test_a_confirm_node_has_branches_for_what_was_not_said() -> None:
    nodes = """\
    one: {kind: ask, slot: sure, prompt: "Sure?", next: two}
    two:
      kind: confirm
      corrects: [sure]
      prompt: So you are?
      reprompts: ["Yes or no?"]
      no_match: {say: Pardon me., next: other}
      no_input: {say: Anybody there?, next: alone}
      yes: end
    other: {kind: hangup, say: Another way. Goodbye., reason: other}
    alone: {kind: hangup, say: All alone. Goodbye., reason: alone}
    """
    caller = talk(nodes).says("yes")
    caller.says("purple").hears("Pardon me. Yes or no?")
    caller.says("purple")
    assert caller.says("purple").hung_up == "other"
    caller = talk(nodes).says("yes")
    caller.is_silent().hears("Anybody there? So you are?")
    assert caller.is_silent().hung_up == "alone"
