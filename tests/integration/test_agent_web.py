"""An agent bot in the whole product: the web, a model over HTTP, documents, tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.dialogue.knowledge.base import KnowledgeBase
from tests.simulator.caller import WebCaller
from tests.simulator.llm_server import Answer, LlmServer, calls, done, speaks
from tests.simulator.server_process import ServerProcess

pytestmark = [pytest.mark.engines, pytest.mark.timeout(120)]
MANUAL = """# Kettle K2

## Descaling

Fill the kettle with one part of vinegar and two parts of water, boil it once and rinse it twice.
"""


def script(body: dict[str, Any]) -> Answer:
    """Answers from the passages it is given; hangs up when asked to."""
    said = str(body["messages"][-1]["content"])
    if "goodbye" in said:
        return Answer([calls(0, "c1", "hangup", '{"reason": "done"}'), done("tool_calls")])
    told = "vinegar" in str(body["messages"])
    return speaks("Use vinegar and water." if told else "I could not find that.")


@pytest.fixture(scope="module")
def llm() -> Iterator[LlmServer]:
    with LlmServer(script) as server:
        yield server


@pytest.fixture(scope="module")
def server(llm: LlmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    home: Path = tmp_path_factory.mktemp("agent")
    KnowledgeBase(home / "knowledge").add(MANUAL.encode(), "kettle.md")
    bot = "SWITCHTALK_BOTS__HELP__"
    settings = {
        "SWITCHTALK_VAR_DIR": str(home),
        f"{bot}STRATEGY": "agent",
        f"{bot}AGENT__BASE_URL": llm.url,
        f"{bot}AGENT__MODEL": "m",
        f"{bot}AGENT__KNOWLEDGE": "true",
    }
    with ServerProcess(settings=settings) as process:
        yield process


def test_it_answers_from_the_manual_and_cites_it(server: ServerProcess, llm: LlmServer) -> None:
    with WebCaller(server.ws_url, bot="help") as caller:
        assert "how can I help" in caller.waits_for_reply()
        caller.types("How do I descale the kettle?")
        caller.hears("vinegar and water")
        cited = [reply.body["citations"] for reply in caller.of_type("reply") if reply.body["citations"]]
        assert any("kettle.md" in citation for citation in cited[0])
        names = {tool["function"]["name"] for tool in llm.requests[-1]["tools"]}
        assert names == {"hangup", "send_notification"}


def test_it_hangs_up_by_its_tool(server: ServerProcess) -> None:
    with WebCaller(server.ws_url, bot="help") as caller:
        caller.waits_for_reply()
        caller.types("goodbye")
        assert caller.line.wait(lambda: caller.over, 15), caller.transcript()
        assert caller.end_reason == "done"
