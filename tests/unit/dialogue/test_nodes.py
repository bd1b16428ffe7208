"""Nodes that act: set, branch, tool, transfer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.dialogue.flow import FlowError
from controller.dialogue.flow.memory import Phase
from controller.session.ports import Cause, Propose, ReplyRequest, ToolCall, ToolOutcome
from tests.unit.dialogue.tiny_flow import talk

# --- set, branch ------------------------------------------------------------------------------


def test_set_gives_slots_and_variables_a_value() -> None:
    caller = talk(
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
    caller = talk(
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
    caller = talk(
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
        talk(nodes + "\n")


def test_a_text_that_can_not_be_filled_is_a_failure_of_its_node() -> None:
    caller = talk("one: {kind: say, say: '{% if who > 3 %}Many.{% endif %}', next: end}\n")
    assert caller.hears("I am lost. Goodbye.").hung_up == "lost"


def test_filled_questions_in_a_circle_come_to_an_end() -> None:
    caller = talk(
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
    caller = talk(LOOK_UP, tool=_answers({"name": "Ada", "visits": 7}), variables={"who": "A1"})
    assert caller.tools[0].arguments == {"key": "A1", "limit": 1, "deep": [{"at": "0"}]}
    assert caller.heard[0] == "Welcome Ada, Ada, 7,."


def test_a_tools_result_is_data() -> None:
    nasty = "{{ who }}\n{% for x in y %}\x00" + "x" * 5000
    caller = talk(LOOK_UP, tool=_answers({"name": nasty, "visits": {"a": [1]}}))
    assert caller.heard[0].startswith("Welcome {{ who }} {% for x in y %} xxx")
    assert len(caller.heard[0]) < 500
    assert caller.memory.variables["count"] == ""
    assert len(str(caller.memory.tool)) < 1000


def test_a_failed_tool_tells_why() -> None:
    caller = talk(LOOK_UP, tool=lambda _: {"ok": False, "say": "The list is closed."})
    caller.hears("Sorry. The list is closed.")


TRANSFER = """\
one: {kind: transfer, target: "10{{ count }}", summary: "It is about {{ who }}.", next: back}
back: {kind: hangup, say: Nobody there. Goodbye., reason: back}
"""


def test_a_transfer_that_succeeds_is_the_end() -> None:
    caller = talk(TRANSFER)
    assert caller.tools == [
        Propose("transfer_to_human", {"destination": "100", "reason": "It is about nobody."})
    ]
    assert caller.memory.phase is Phase.ENDED
    caller.hears("One moment, please.")


def test_a_transfer_that_fails_goes_on() -> None:
    caller = talk(TRANSFER, tool=lambda _: {"ok": False, "code": "no_answer"})
    assert caller.hung_up == "back"


def test_an_outcome_of_another_tool_is_no_transfer() -> None:
    caller = talk(TRANSFER, tool=lambda _: {"ok": True})
    outcome = ToolOutcome(ToolCall("9", "lookup_record", {}), ok=False)
    before = caller.memory
    items = caller.strategy.reply(ReplyRequest(Cause.TOOL, memory=before, tool=outcome))
    assert len(list(items)) == 1
