"""Flow files that are wrong: the error says where (line, column) and what was expected."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from controller.dialogue.flow import FlowError, load_flow
from controller.dialogue.flow.loader import parse_flow

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
        ("prompt: Are", "promt: Are", "10:5", "unknown key 'promt'; expected one of: "),
        ("    slot: sure\n", "", "7:3", "'slot' is missing"),
        ("kind: ask", "kind: aks", "7:3", "'ask', 'confirm', 'branch', 'tool', 'hangup'"),
        ("type: yes_no", "type: yes_know", "5:3", "'yes_no', 'choice', 'rating'"),
        ("next: end", "next: ende", "11:5", "there is no node 'ende'; expected one of: ask, end"),
        ("slot: sure", "slot: shure", "9:5", "there is no slot 'shure'; expected one of: sure"),
        ("Are you sure?", "Are you {shure}?", "10:5", "there is no slot or variable 'shure'"),
        ("Are you sure?", '"Are you {sure?"', "10:5", "a brace that belongs to no {name}"),
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
    assert complaint.startswith(f"tiny.yaml:{place}: ")
    assert message in complaint


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
