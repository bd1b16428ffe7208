"""Flow files that are wrong: the error says where (line, column) and what was expected."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from controller.dialogue.flow import FlowError, load_flow
from controller.dialogue.flow.loader import load_version, parse_flow

GOOD = dedent(
    """\
    flow: tiny
    languages: [en]
    start: ask
    slots:
      sure: {type: yes_no}
    nodes:
      ask:
        kind: ask
        slot: sure
        prompt: Are you sure?
        next: end
      end:
        kind: hangup
        say: {en: Well then. Goodbye.}
    """
)


def _complaint(text: str) -> str:
    with pytest.raises(FlowError) as caught:
        parse_flow(text, "tiny.yaml")
    return str(caught.value)


def test_a_good_one_loads() -> None:
    flow = parse_flow(GOOD)
    assert list(flow.nodes) == ["ask", "end"]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        (
            "prompt: Are",
            "promt: Are",
            "10:5",
            "'promt'; did you mean 'prompt'? expected one of: ",
        ),
        ("    slot: sure\n", "", "7:3", "'slot' is missing"),
        ("kind: ask", "kind: aks", "8:5", "unknown kind 'aks'; did you mean 'ask'? expected one of: a"),
        ("    kind: ask\n", "", "7:3", "'kind' is missing"),
        ("type: yes_no", "type: yes_know", "5:10", "unknown type 'yes_know'; did you mean 'yes_no'?"),
        (
            "next: end",
            "next: ende",
            "11:5",
            "no node 'ende'; did you mean 'end'? expected one of: ask",
        ),
        (
            "slot: sure",
            "slot: shure",
            "9:5",
            "no slot 'shure'; did you mean 'sure'? expected one of: ",
        ),
        ("Are you sure?", "Are you {{ shure }}?", "10:5", "there is no slot or variable 'shure'"),
        ("Are you sure?", '"Are you {sure?"', "10:5", "a stray brace"),
        ("{en: Well", "{zh: Well", "14:5", "no text for language 'en'"),
        (
            "languages: [en]",
            "languages: [en, xx]",
            "2:17",
            "unknown language 'xx'; expected one of: en, zh",
        ),
        ("start: ask", "start: [ask", "4:6", "not valid YAML"),
        ("start: ask", "start: ask\nstart: end", "4:1", "'start' is there twice"),
        ("start: ask", "start: end", "7:3", "nothing leads to node 'ask'"),
        ("prompt: Are", "max_tries: 0\n    prompt: Are", "10:5", "greater than or equal to 1"),
        ("flow: tiny", "flow: ../tiny", "1:1", "match pattern"),
        ("prompt: Are you sure?", "prompt: 5", "10:5", "should be a valid dictionary"),
    ],
)
def test_errors_point_to_the_place(old: str, new: str, place: str, message: str) -> None:
    assert old in GOOD
    complaint = _complaint(GOOD.replace(old, new, 1))
    told = [line for line in complaint.splitlines() if line.startswith(f"tiny.yaml:{place}: ")]
    assert any(message in line for line in told), complaint


def test_every_error_is_told_at_once() -> None:
    complaint = _complaint(
        GOOD.replace("next: end", "next: nowhere").replace("start: ask", "start: here")
    )
    assert "'nowhere'" in complaint
    assert "'here'" in complaint


def test_a_circle_without_the_caller_is_refused() -> None:
    circle = GOOD.replace("next: end", "next: one") + dedent(
        """\
          one: {kind: say, say: One more., next: two}
          two: {kind: branch, slot: sure, cases: [{equals: true, next: one}], otherwise: end}
        """
    ).replace("\n", "\n  ").rstrip(" ").replace("one:", "  one:", 1)
    assert "go round in a circle without waiting" in _complaint(circle)


def test_words_such_as_no_and_times_need_no_quotes() -> None:
    flow = parse_flow(
        GOOD.replace(
            "sure: {type: yes_no}",
            "sure: {type: day_time, opens: 08:30, change_words: {en: [no, yes, on]}}",
        )
    )
    assert flow.slots["sure"].change_words["en"] == ("no", "yes", "on")


@pytest.mark.parametrize(
    "text", ["", "- 1", "just words", "a: !!python/object/apply:os.system [ls]", "a: &x [*x]", "\x00"]
)
def test_what_is_no_flow_at_all(text: str) -> None:
    assert "tiny.yaml:" in _complaint(text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="can't be read"):
        load_flow(tmp_path / "none.yaml")


def test_a_flow_can_not_be_changed() -> None:
    flow = parse_flow(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        flow.start = "end"  # type: ignore[misc]


def test_all_misspelt_keys_are_told_with_what_was_meant() -> None:
    text = GOOD.replace("prompt:", "promt:").replace("next: end", "nxt: end").replace("reason", "why")
    complaint = _complaint(text.replace("start: ask", "start: ask\nlanguage: en"))
    for wrong, meant in (("language", "languages"), ("promt", "prompt"), ("nxt", "next")):
        assert f"unknown key '{wrong}'; did you mean '{meant}'?" in complaint
    lines = [int(line.split(":")[1]) for line in complaint.splitlines()]
    assert lines == sorted(lines)


def test_a_key_that_is_named_like_its_node_is_found() -> None:
    text = GOOD.replace("say: {en:", "sya: x\n    say: {en:")
    assert "tiny.yaml:14:5: nodes.end.sya: unknown key 'sya'; did you mean 'say'?" in _complaint(text)


def test_nodes_from_which_the_call_never_ends() -> None:
    round_ = "  more: {kind: ask, slot: sure, prompt: And now., next: again}\n"
    round_ += "  again: {kind: ask, slot: sure, prompt: Again., next: more}\n"
    text = GOOD.replace("prompt: Are", "otherwise: more\n    prompt: Are") + round_
    complaint = _complaint(text)
    assert complaint.startswith("tiny.yaml:16:3: nodes.more: no way leads to an end")
    assert "from 'more', 'again'" in complaint


def test_a_slot_that_nobody_fills() -> None:
    complaint = _complaint(GOOD.replace("slots:\n", "slots:\n  who: {type: name}\n"))
    assert complaint == "tiny.yaml:5:3: slots.who: slot 'who' is never filled: no ask or set node has it"


def test_a_slot_that_is_used_before_anything_was_asked() -> None:
    hello = "nodes:\n  hello: {kind: say, say: 'So {{ sure }} it is.', next: ask}\n"
    text = GOOD.replace("nodes:\n", hello).replace("start: ask", "start: hello")
    assert "slot 'sure' is still empty here" in _complaint(text)
    assert parse_flow(GOOD.replace("Well then. Goodbye.", "'{{ sure }}. Goodbye.'"))


def test_too_long_a_text() -> None:
    text = GOOD.replace("Are you sure?", "Are you sure? " * 100)
    assert "tiny.yaml:10:5: nodes.ask.prompt: 1399 characters; expected at most 1000" in _complaint(text)


NOTIFY = """\
  end:
    kind: tool
    tool: notify
    arguments: {to: "{{ sure }}", count: {expression: 1 + 1}, channel: fax}
    next: out
    on_error: out
  out: {kind: hangup}
"""
TOOLS = {
    "notify": {
        "type": "object",
        "properties": {
            "to": {"type": "string", "maxLength": 3},
            "channel": {"enum": ["log", "sms"]},
            "text": {"type": "string"},
            "count": {"type": "integer"},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
}


def test_a_tool_that_is_called_wrongly() -> None:
    text = GOOD[: GOOD.index("  end:")] + NOTIFY
    assert parse_flow(text).nodes["end"].kind == "tool"  # the tools are not known here
    with pytest.raises(FlowError) as caught:
        parse_flow(text, "tiny.yaml", TOOLS)
    told = str(caught.value)
    assert "'notify' would refuse this: 'fax' is not one of ['log', 'sms']" in told
    assert "'text' is a required property" in told
    assert "sure" not in told  # only the call will show what that is
    assert "count" not in told
    with pytest.raises(FlowError, match="no tool 'notify' that this bot may use; there are none"):
        parse_flow(text, "tiny.yaml", {})


def test_the_version_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD)
    first = load_version(path)
    path.write_text(GOOD + "# a remark\n")
    second = load_version(path)
    assert len(first.version) == 12
    assert first.version != second.version
    assert first.flow == second.flow


WORDS = """\
flow: tiny
languages: [en, zh]
start: ask
slots:
  sure: {type: yes_no}
answers:
  - words: {en: [parking]}
    say: {en: Behind the house., zh: 在房子后面。}
digressions:
  - words: {zh: [停车], fr: [parking]}
    start: ask
nodes:
  ask: {kind: ask, slot: sure, prompt: {en: Sure., zh: 对吗。}, next: talk}
  talk: {kind: agent, agent: suport, goal: {en: Help., zh: 帮忙。}, next: end, otherwise: end}
  end: {kind: hangup, say: {en: Goodbye., zh: 再见。}}
"""


def test_words_are_wanted_in_every_language_and_agents_must_be_there() -> None:
    with pytest.raises(FlowError) as caught:
        parse_flow(WORDS, "tiny.yaml", agents=["support"])
    told = [f"{problem.line}: {problem.message}" for problem in caught.value.problems]
    assert told == [
        "7: no words for language 'zh'",
        "10: no words for language 'en'",
        "10: 'fr' is none of the flow's languages; expected one of: en, zh",
        "14: there is no bot 'suport' that is an agent; did you mean 'support'? "
        "expected one of: support",
    ]


def test_agents_are_not_checked_where_nobody_knows_them() -> None:
    right = WORDS.replace("{en: [parking]}", "{en: [parking], zh: [停车]}")
    right = right.replace("{zh: [停车], fr: [parking]}", "{en: [cars], zh: [汽车]}")
    assert parse_flow(right).flow == "tiny"
    with pytest.raises(FlowError):
        parse_flow(right, agents=[])
