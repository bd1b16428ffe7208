"""A flow's file changes while the product runs: calls in progress end with the words they began with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import gevent
import pytest

from tests.simulator.caller import WebCaller
from tests.simulator.server_process import ServerProcess

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]

LIMIT_S = 15.0
FLOW = dedent(
    """\
    flow: tiny
    languages: [en]
    start: hello
    slots:
      sure: {type: yes_no}
    nodes:
      hello: {kind: say, say: Now first version., next: ask}
      ask: {kind: ask, slot: sure, prompt: 'Go on?', next: end}
      end: {kind: hangup, say: Bye from first version.}
    """
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flows") / "tiny.yaml"
    path.write_text(FLOW, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[ServerProcess]:
    bot = "SWITCHTALK_BOTS__TINY__"
    settings = {
        f"{bot}FLOW": str(file),
        f"{bot}TTS": "espeak",
    }
    with ServerProcess(settings=settings) as process:
        yield process


def flow_of(server: ServerProcess) -> dict[str, Any]:
    """What the API says of the bot's flow."""
    flows: list[dict[str, Any]] = server.get("/api/v1/flows").json()["flows"]
    return next(flow for flow in flows if flow["bot"] == "tiny")


def becomes(server: ServerProcess, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The state of the flow, once it is so."""
    with gevent.Timeout(LIMIT_S, AssertionError(f"still {flow_of(server)}")):
        while not holds(state := flow_of(server)):
            gevent.sleep(0.1)
    return state


def test_a_call_ends_with_the_version_it_began_with(server: ServerProcess, file: Path) -> None:
    before = flow_of(server)
    with WebCaller(server.ws_url, bot="tiny") as early:
        early.hears("first version")
        file.write_text(FLOW.replace("first", "second"), encoding="utf-8")
        after = becomes(server, lambda flow: flow["version"] != before["version"])
        assert after["problems"] == []
        with WebCaller(server.ws_url, bot="tiny") as late:
            late.hears("second version")
            early.types("yes")
            early.hears("Bye from first version")
            late.types("yes")
            late.hears("Bye from second version")
    metrics = server.get("/metrics").text
    assert f'switchtalk_flow_info{{bot="tiny",flow="tiny",version="{after["version"]}"}} 1.0' in metrics


def test_a_broken_file_changes_nothing_and_is_told(server: ServerProcess, file: Path) -> None:
    good, before = file.read_text(encoding="utf-8"), flow_of(server)
    file.write_text(good.replace("next: end", "next: ende"), encoding="utf-8")
    broken = server.post("/api/v1/flows/reload").json()["flows"]
    problem, *_ = next(flow["problems"] for flow in broken if flow["bot"] == "tiny")
    assert problem.startswith(f"{file}:8:")
    assert "did you mean 'end'?" in problem
    assert flow_of(server)["version"] == before["version"]
    assert 'switchtalk_flow_problems{bot="tiny"} 1.0' in server.get("/metrics").text
    with WebCaller(server.ws_url, bot="tiny") as caller:
        caller.hears("second version")
    file.write_text(good, encoding="utf-8")
    mended = becomes(server, lambda flow: not flow["problems"])
    assert mended["version"] == before["version"]
