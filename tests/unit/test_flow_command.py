"""`switchtalk flow`: what a person who writes flows sees."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from controller.dialogue.flow.graph import draw
from controller.dialogue.flow.loader import parse_flow
from controller.flow_command import flow
from tests.unit.dialogue.test_loader import GOOD

SVG = "{http://www.w3.org/2000/svg}"


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(flow, words, input=typed, catch_exceptions=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("next: end", "next: ende"), encoding="utf-8")
    return path


def test_check_of_a_good_flow(good: Path) -> None:
    done = run("check", str(good))
    assert done.exit_code == 0
    assert f"ok  {good}: 2 nodes, 1 slots, en; version " in done.output


def test_check_of_a_bad_flow(good: Path, bad: Path) -> None:
    done = run("check", str(good), str(bad))
    assert done.exit_code == 1
    assert f"!!  {bad}:11:5: nodes.ask.next: there is no node 'ende'; did you mean 'end'?" in done.output
    assert "1 problem(s)." in done.output
    told = json.loads(run("check", "--json", str(good), str(bad)).output)
    assert [(p["file"], p["line"], p["column"]) for p in told["problems"]] == [(str(bad), 11, 5)]
    assert [each["flow"] for each in told["flows"]] == ["tiny"]


def test_check_by_name_looks_at_the_tools_of_the_bots_that_use_it(tmp_path: Path) -> None:
    config = tmp_path / "switchtalk.toml"
    config.write_text('[bots.demo]\ntools = ["hangup"]\n', encoding="utf-8")
    done = run("--config", str(config), "check", "appointment")
    assert done.exit_code == 1
    assert "there is no tool 'send_notification' that this bot may use" in done.output
    assert run("check", "nosuchflow").exit_code == 1


def test_all_flows_that_come_with_it_are_good() -> None:
    assert run("check").exit_code == 0


def test_a_picture_shows_every_node_once(tmp_path: Path) -> None:
    path = tmp_path / "flow.svg"
    assert run("graph", "appointment", "--language", "zh", "-o", str(path)).exit_code == 0
    texts = [text.text or "" for text in ElementTree.parse(path).iter(f"{SVG}text")]
    for name in (
        "greeting · say",
        "check · confirm",
        "book · tool",
        "the call begins",
        "请问您叫什么名字？",
    ):
        assert texts.count(name) == 1, (name, texts)
    assert "on error" in texts


def test_a_picture_carries_no_script() -> None:
    evil = parse_flow(GOOD.replace("Are you sure?", "<script>alert(1)</script> & so on"))
    tree = ElementTree.fromstring(draw(evil, "en"))
    assert not list(tree.iter(f"{SVG}script"))
    assert "<script>" in "".join(tree.itertext())


def test_a_picture_of_a_loop() -> None:
    looped = GOOD.replace("prompt: Are", "otherwise: ask\n    prompt: Are")
    assert "otherwise" in draw(parse_flow(looped), "en")


def test_a_typed_chat(good: Path) -> None:
    done = run("try", str(good), typed="what\n\n#1\n")
    assert done.exit_code == 0
    shown = done.output
    assert shown.index("caller: what") < shown.index("caller: (silence)") < shown.index("caller: #1")
    assert "bot: Well then. Goodbye." in shown
    assert "slot sure = " in shown
    assert "tool hangup(reason='goodbye') → ok" in shown
    assert "3 turn(s)" not in shown  # silence is no turn
    assert "2 turn(s), the flow hung up: goodbye" in shown


def test_a_chat_that_ends_early_and_one_with_a_failing_tool(good: Path) -> None:
    assert "0 turn(s), left open" in run("try", str(good)).output
    words = "Sarah Johnson\nnext Tuesday at ten\nyes\n"
    failed = run("try", "appointment", "--fails", "send_notification", typed=words).output
    assert "failed: failed" in failed
    assert "the flow hung up: not_booked" in failed


def test_a_chat_with_the_real_tools(tmp_path: Path) -> None:
    words = "Sarah Johnson\nnext Tuesday at ten\nyes\n"
    home = f"var_dir={tmp_path}"
    done = run("--set", home, "try", "appointment", "--real-tools", typed=words)
    assert "the flow hung up: booked" in done.output, done.output


def test_wrong_words(good: Path) -> None:
    assert "the flow has: en" in run("try", str(good), "--language", "zh").output
    assert "expected NAME=VALUE" in run("try", str(good), "--var", "x").output
    assert "no time zone" in run("try", str(good), "--timezone", "Nowhere").output
