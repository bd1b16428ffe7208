"""The strict protocol: every way in which a call can fail becomes one form of outcome."""

from __future__ import annotations

from typing import Any

import gevent
import pytest

from controller.session.ports import ToolCall
from controller.tools.base import ToolError
from controller.tools.hangup import Hangup
from controller.tools.runner import Runner
from tests.unit.tools.fakes import EN, ZH, FakeTool, call, fails


def test_a_good_call() -> None:
    outcome = Runner([FakeTool(lambda: {"answer": 42})], ["fake"], EN).run(call(count=1))
    assert outcome.ok
    assert outcome.data == {"answer": 42}
    assert (outcome.code, outcome.say, outcome.hang_up) == ("", "", "")


@pytest.mark.parametrize(
    ("run", "code", "retryable"),
    [
        (fails(ValueError("boom")), "failed", False),
        (fails(ToolError("not now", code="busy", retryable=True)), "busy", True),
        (fails(ToolError("never")), "failed", False),
        (lambda: gevent.sleep(5), "timeout", True),
        (lambda: "not a mapping", "failed", False),
        (lambda: None, "failed", False),
    ],
)
def test_failures_have_one_form(run: Any, code: str, retryable: bool) -> None:
    tool = FakeTool(run, timeout_s=0.05)
    outcome = Runner([tool], ["fake"], EN).run(call())
    assert tool.ran == 1
    assert (outcome.ok, outcome.code, outcome.retryable) == (False, code, retryable)
    assert outcome.say
    assert outcome.data == {}
    assert not outcome.hang_up


@pytest.mark.parametrize(
    ("proposed", "allowed", "code"),
    [
        (call("rm_rf"), ["rm_rf"], "unknown_tool"),
        (call(), [], "not_allowed"),
        (call(count=0), ["fake"], "bad_arguments"),
        (call(count="1"), ["fake"], "bad_arguments"),
        (call(other=1), ["fake"], "bad_arguments"),
        (ToolCall("1", "fake", "count=1"), ["fake"], "bad_arguments"),  # type: ignore[arg-type]
        (call(count=[9] * 20_000), ["fake"], "bad_arguments"),
    ],
)
def test_what_may_not_run_does_not_run(proposed: ToolCall, allowed: list[str], code: str) -> None:
    tool = FakeTool()
    outcome = Runner([tool], allowed, EN).run(proposed)
    assert (outcome.ok, outcome.code) == (False, code)
    assert tool.ran == 0


def test_what_the_caller_hears_is_in_their_language_and_holds_no_detail() -> None:
    tool = FakeTool(fails(RuntimeError("password=hunter2")))
    assert Runner([tool], ["fake"], EN).run(call()).say == "That didn't work, I'm sorry."
    assert Runner([tool], ["fake"], ZH).run(call()).say == "抱歉，刚才没有办成。"


def test_the_time_limit_of_someone_else_passes_through() -> None:
    tool = FakeTool(lambda: gevent.sleep(5), timeout_s=5)
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        Runner([tool], ["fake"], EN).run(call())


def test_killing_the_greenlet_ends_a_running_tool() -> None:
    tool = FakeTool(lambda: gevent.sleep(5), timeout_s=5)
    running = gevent.spawn(Runner([tool], ["fake"], EN).run, call())
    gevent.sleep(0)
    running.kill(timeout=1)
    assert isinstance(running.value, gevent.GreenletExit)


def test_cancellable_is_the_tools_word() -> None:
    runner = Runner([FakeTool(), Hangup()], ["fake", "hangup"], EN)
    assert runner.cancellable("fake")
    assert not runner.cancellable("hangup")
    assert not runner.cancellable("nobody")


def test_hangup_asks_for_the_end() -> None:
    outcome = Runner([Hangup()], ["hangup"], EN).run(call("hangup", reason="all\n done"))
    assert outcome.ok
    assert outcome.hang_up == "all done"
    for arguments in (
        {},
        {"reason": ""},
        {"reason": "x" * 101},
        {"reason": "x", "force": True},
        {"reason": 1},
    ):
        assert (
            Runner([Hangup()], ["hangup"], EN).run(call("hangup", **arguments)).code == "bad_arguments"
        )
