"""The kinds of nodes, each in a flow of a few lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import dedent, indent
from typing import Any

import pytest

from controller.dialogue.flow import FlowError
from controller.dialogue.flow.loader import parse_flow
from controller.dialogue.flow.memory import Phase
from controller.session.ports import Cause, Propose, ReplyRequest, ToolCall, ToolOutcome
from tests.unit.dialogue.conversation import Conversation

HEAD = """\
flow: tiny
languages: [en]
start: one
give_up: lost
variables: {count: 0, who: nobody, rich: false}
slots:
  name: {type: name, label: the name, change_words: {en: [name]}}
  when: {type: day_time, label: the time, change_words: {en: [time, date]}}
  sure: {type: yes_no}
  score: {type: rating}
nodes:
  lost: {kind: hangup, say: I am lost. Goodbye., reason: lost}
  end: {kind: hangup, say: "So {{ name }}, {{ when }}. Goodbye.", reason: done}
  asks_score: {kind: ask, slot: score, prompt: What mark?, next: end}
  asks_sure: {kind: ask, slot: sure, prompt: Are you sure?, next: asks_score}
intents: {cancel: asks_sure}
"""


def _talk(nodes: str, **options: Any) -> Conversation:
    head, tail = HEAD.split("intents:")
    body = indent(dedent(nodes).rstrip() + "\n", "  ")
    used = [s for s in ("name", "when") if f"slot: {s}" not in nodes]
    body += "".join(
        f"  asks_{s}: {{kind: ask, slot: {s}, prompt: Which {s}?, next: end}}\n" for s in used
    )
    tail += "digressions:\n" * bool(used)
    tail += "".join(f"  - {{words: {{en: [zzz {s}]}}, start: asks_{s}}}\n" for s in used)
    text = re.sub(r"(?<=: )(\w[\w ']*\?)(?=,)", r'"\1"', f"{head}{body}intents:{tail}")
    return Conversation(parse_flow(text), "en", **options)


# --- ask: reading back ------------------------------------------------------------------------

ASK = """\
one:
  kind: ask
  slot: name
  prompt: Who are you?
  next: two
two:
  kind: ask
  slot: when
  prompt: When?
  reprompts: [Say a day., Say a day and an hour.]
  thanks: Thank you.
  confirm: always
  {more}
  next: end
"""


def test_an_answer_is_read_back() -> None:
    caller = _talk(ASK.format(more="")).says("it's David").says("Friday at ten")
    caller.hears("Friday the 20th at ten. Is that right?")
    assert caller.memory.phase is Phase.READBACK
    assert caller.expect is not None
    assert caller.expect.completes is not None
    assert caller.expect.completes("yes")
    caller.says("yes").hears("Thank you. So David, Friday the 20th at ten. Goodbye.")


def test_a_new_value_is_read_back_in_its_own_words() -> None:
    caller = _talk(ASK.format(more="readback: 'I have {{ when }}, yes or no?'"))
    caller.says("it's David").says("Friday at ten").hears("I have Friday the 20th at ten, yes or no?")
    caller.says("no, Thursday").hears("No problem. I have Thursday the 19th at ten, yes or no?")
    caller.says("what").hears("I have Thursday the 19th at ten, yes or no?")
    caller.says("Thursday at ten").hears("Thank you. So David, Thursday the 19th at ten. Goodbye.")


def test_a_no_asks_again_and_three_are_enough() -> None:
    caller = _talk(ASK.format(more="")).says("it's David").says("Friday at ten")
    caller.says("no").hears("No problem. Say a day.")
    assert "when" not in caller.memory.slots
    caller.says("Friday at ten").says("no that's wrong").hears("No problem. Say a day and an hour.")
    caller.says("Friday at ten").says("no")
    assert caller.hung_up == "lost"


def test_endless_new_values_come_to_an_end() -> None:
    caller = _talk(ASK.format(more="")).says("it's David").says("Friday at ten")
    for turn in range(6):
        if caller.hung_up is None:
            caller.says(("Thursday at ten", "Friday at ten")[turn % 2])
    assert caller.hung_up == "lost"


def test_what_was_said_ahead_is_read_back_when_its_turn_comes() -> None:
    caller = _talk(ASK.format(more="")).says("I'm David, Tuesday at ten")
    caller.hears("Tuesday the 24th at ten. Is that right?").says("yes")
    assert caller.hung_up == "done"


def test_a_corrected_answer_is_read_back_too() -> None:
    caller = _talk(
        ASK.format(more="").replace("  next: end", "  next: three")
        + "three: {kind: ask, slot: score, prompt: A mark?, next: end}\n"
    )
    caller.says("it's David").says("Friday at ten").says("yes").hears("Thank you. A mark?")
    caller.says("sorry, I meant Thursday at ten")
    caller.hears("No problem. Thursday the 19th at ten. Is that right?")
    caller.says("yes").hears("Thank you. A mark?")


def test_only_what_is_unsure_is_read_back() -> None:
    flow = """\
    one:
      kind: ask
      slot: score
      prompt: A mark?
      confirm: {policy}
      next: end
    """
    assert _talk(flow.format(policy="unsure")).says("four").hung_up == "done"
    assert _talk(flow.format(policy="never")).says("four").hung_up == "done"
    assert _talk(flow.format(policy="always")).says("four").hung_up is None


def test_keys_answer_what_is_read_back() -> None:
    caller = _talk(ASK.format(more="")).says("it's David").says("Friday at ten").presses("2")
    caller.hears("No problem. Say a day.")
    assert caller.says("Friday at ten").presses("1").hung_up == "done"


# --- ask: nothing came ------------------------------------------------------------------------


def test_no_match_and_no_input_have_their_own_words_and_ways() -> None:
    nodes = """\
    one:
      kind: ask
      slot: sure
      prompt: Are you sure?
      reprompts: ["Yes or no?", "Really, yes or no?"]
      no_match: {say: Pardon me., next: other}
      no_input: {say: Anybody there?, next: alone}
      next: end
    other: {kind: hangup, say: Another way. Goodbye., reason: other}
    alone: {kind: hangup, say: All alone. Goodbye., reason: alone}
    """
    caller = _talk(nodes)
    caller.says("purple").hears("Pardon me. Yes or no?")
    caller.says("purple").hears("Pardon me. Really, yes or no?")
    assert caller.says("purple").hung_up == "other"
    caller = _talk(nodes)
    caller.is_silent().hears("Anybody there? Are you sure?")
    assert caller.is_silent().hung_up == "alone"


def test_several_slots_from_one_answer_are_thanked_once() -> None:
    caller = _talk(
        """\
        one: {kind: ask, slot: name, prompt: Who?, thanks: Thank you., next: two}
        two: {kind: ask, slot: when, prompt: When?, thanks: Thank you., next: end}
        """
    )
    caller.says("Li Wei, Tuesday at ten")
    caller.hears("Thank you. So Li Wei, Tuesday the 24th at ten. Goodbye.")


# --- set, branch ------------------------------------------------------------------------------


def test_set_gives_slots_and_variables_a_value() -> None:
    caller = _talk(
        """\
        one:
          kind: set
          slots: {when: "{{ who }}", score: 4}
          variables: {count: {expression: count + 2}, rich: true, who: "{{ count }} of us"}
          next: two
        two:
          kind: branch
          variable: count
          cases: [{at_least: 5, when: score.value > 3 and rich, next: three}]
          otherwise: lost
        three: {kind: say, say: "{{ who }}, {{ score }}.", next: end}
        """,
        variables={"who": "Friday at ten", "count": "3"},
    )
    caller.hears("5 of us, 4. So,. Goodbye.")
    assert caller.memory.variables == {"count": 5, "rich": True, "who": "5 of us"}
    assert "when" not in caller.memory.slots  # variables come first: "5 of us" is no time


def test_set_parses_a_slots_value_and_null_forgets_it() -> None:
    caller = _talk(
        """\
        one: {kind: set, slots: {when: "{{ who }}", name: "it's Bob"}, next: two}
        two: {kind: set, slots: {name: null}, next: end}
        """,
        variables={"who": "Friday at ten"},
    )
    assert caller.slot("when").day.day == 20
    assert "name" not in caller.memory.slots
    assert "when" in caller.memory.confirmed


@pytest.mark.parametrize(
    ("given", "end"),
    [("5", "many"), ("1", "some"), ("many", "lost"), ("{{ 9 }}", "lost"), ("9" * 40, "lost")],
)
def test_a_variable_from_outside_keeps_its_kind(given: str, end: str) -> None:
    caller = _talk(
        """\
        one:
          kind: branch
          cases:
            - {when: count > 4, next: many}
            - {when: who > 4, next: many}
            - {when: count == 1, next: some}
          otherwise: lost
        many: {kind: hangup, reason: many}
        some: {kind: hangup, reason: some}
        """,
        variables={"count": given},
    )
    assert caller.hung_up == end


@pytest.mark.parametrize(
    ("nodes", "complaint"),
    [
        ("one: {kind: set, next: end}", "a set node needs one of: slots, variables"),
        ("one: {kind: set, variables: {nobody: 1}, next: end}", "there is no variable 'nobody'"),
        ("one: {kind: set, slots: {nobody: 1}, next: end}", "there is no slot 'nobody'"),
        ("one: {kind: branch, cases: [{equals: 1, next: end}], otherwise: end}", "slot or variable"),
        (
            "one: {kind: branch, cases: [{when: who(), next: end}], otherwise: end}",
            "'call' has no place",
        ),
        ("one: {kind: branch, cases: [{next: end}], otherwise: end}", "equals, at_least, at_most, when"),
        ("one: {kind: agent, agent: bot, goal: Help., next: end}", "'otherwise' is missing"),
        ("one: {kind: transfer, target: '{{ nobody }}', next: end}", "'nobody'"),
        ("one: {kind: say, say: Hi there., next: two}\ntwo: {kind: say, say: Hm., next: one}", "circle"),
    ],
)
def test_wrong_nodes_are_refused(nodes: str, complaint: str) -> None:
    with pytest.raises(FlowError, match=complaint):
        _talk(nodes + "\n")


def test_a_text_that_can_not_be_filled_is_a_failure_of_its_node() -> None:
    caller = _talk("one: {kind: say, say: '{% if who > 3 %}Many.{% endif %}', next: end}\n")
    assert caller.hears("I am lost. Goodbye.").hung_up == "lost"


def test_filled_questions_in_a_circle_come_to_an_end() -> None:
    caller = _talk(
        """\
        one: {kind: ask, slot: sure, prompt: Sure?, next: two}
        two: {kind: branch, slot: sure, cases: [{equals: true, next: one}], otherwise: end}
        """
    )
    assert caller.says("yes").hung_up == "not_understood"


# --- tool, transfer ---------------------------------------------------------------------------

LOOK_UP = """\
one:
  kind: tool
  tool: lookup_record
  arguments: {key: "{{ who }}", limit: {expression: count + 1}, deep: [{at: "{{ count }}"}]}
  assign: {who: tool.data.name, count: tool.data.visits}
  next: two
  on_error: failed
two:
  kind: say
  say: "Welcome {{ tool.data.name }}, {{ who }}, {{ count }}, {{ tool.data.none }}."
  next: end
failed: {kind: hangup, say: "Sorry. {{ tool.say }}", reason: "failed"}
"""


def _answers(data: Mapping[str, Any], **more: Any) -> Any:
    return lambda proposal: {"ok": True, "data": data, **more}


def test_a_tools_result_is_used_in_texts_and_variables() -> None:
    caller = _talk(LOOK_UP, tool=_answers({"name": "Ada", "visits": 7}), variables={"who": "A1"})
    assert caller.tools[0].arguments == {"key": "A1", "limit": 1, "deep": [{"at": "0"}]}
    assert caller.heard[0] == "Welcome Ada, Ada, 7,."


def test_a_tools_result_is_data() -> None:
    nasty = "{{ who }}\n{% for x in y %}\x00" + "x" * 5000
    caller = _talk(LOOK_UP, tool=_answers({"name": nasty, "visits": {"a": [1]}}))
    assert caller.heard[0].startswith("Welcome {{ who }} {% for x in y %} xxx")
    assert len(caller.heard[0]) < 500
    assert caller.memory.variables["count"] == ""
    assert len(str(caller.memory.tool)) < 1000


def test_a_failed_tool_tells_why() -> None:
    caller = _talk(LOOK_UP, tool=lambda _: {"ok": False, "say": "The list is closed."})
    caller.hears("Sorry. The list is closed.")


TRANSFER = """\
one: {kind: transfer, target: "10{{ count }}", summary: "It is about {{ who }}.", next: back}
back: {kind: hangup, say: Nobody there. Goodbye., reason: back}
"""


def test_a_transfer_that_succeeds_is_the_end() -> None:
    caller = _talk(TRANSFER)
    assert caller.tools == [
        Propose("transfer_to_human", {"destination": "100", "reason": "It is about nobody."})
    ]
    assert caller.memory.phase is Phase.ENDED
    caller.hears("One moment, please.")


def test_a_transfer_that_fails_goes_on() -> None:
    caller = _talk(TRANSFER, tool=lambda _: {"ok": False, "code": "no_answer"})
    assert caller.hung_up == "back"


def test_an_outcome_of_another_tool_is_no_transfer() -> None:
    caller = _talk(TRANSFER, tool=lambda _: {"ok": True})
    outcome = ToolOutcome(ToolCall("9", "lookup_record", {}), ok=False)
    before = caller.memory
    items = caller.strategy.reply(ReplyRequest(Cause.TOOL, memory=before, tool=outcome))
    assert len(list(items)) == 1


# --- "that's wrong" and "go back" ---------------------------------------------------------------

THREE = """\
one: {kind: ask, slot: name, prompt: Who?, next: two}
two: {kind: ask, slot: when, prompt: When?, next: three}
three: {kind: ask, slot: score, prompt: A mark?, next: end}
"""


def test_something_wrong_is_the_only_answer_there_is() -> None:
    caller = _talk(THREE).says("it's David")
    caller.says("that's wrong").hears("No problem. Who?")
    caller.says("it's Daniel").hears("When?")


def test_something_wrong_among_several_is_asked_for() -> None:
    for said, heard in (
        ("the name", "No problem. Who?"),
        ("the time please", "When?"),
        ("no, Thursday at ten", "No problem. A mark?"),
        ("blah blah", "When?"),
    ):
        caller = _talk(THREE).says("it's David").says("Friday at ten")
        caller.says("that's not right").hears("The name, the time. Which one should I change?")
        assert caller.says(said).last in (heard, heard.removeprefix("No problem. "))
    caller = _talk(THREE).says("it's David").says("Friday at ten").says("that is wrong").presses("1")
    caller.hears("Who?")


def test_wrong_is_a_no_where_yes_or_no_was_asked() -> None:
    caller = _talk("one: {kind: ask, slot: sure, prompt: Sure?, next: end}\n").says("that's wrong")
    assert caller.slot("sure") is False


def test_nothing_is_wrong_yet() -> None:
    _talk(THREE).says("that's wrong").hears("No problem. Who?")


def test_going_back_question_by_question() -> None:
    caller = _talk(THREE).says("it's David").says("Friday at ten")
    caller.says("go back").hears("No problem. When?")
    caller.says("back").hears("No problem. Who?")
    caller.says("the previous question").hears("Who?")
    caller.says("it's Ann").hears("When?")


def test_endless_wrongs_and_backs_come_to_an_end() -> None:
    for line in ("that's wrong", "go back"):
        caller = _talk(THREE).says("it's David").says("Friday at ten")
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
    caller = _talk(nodes).says("yes")
    caller.says("purple").hears("Pardon me. Yes or no?")
    caller.says("purple")
    assert caller.says("purple").hung_up == "other"
    caller = _talk(nodes).says("yes")
    caller.is_silent().hears("Anybody there? So you are?")
    assert caller.is_silent().hung_up == "alone"
