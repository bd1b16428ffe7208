"""The sample help desk as it is demonstrated: manuals, look-ups and tickets, by text, in both languages.

All is real but the voices: settings, documents, databases, tools, and a model's HTTP server.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from controller import configure
from controller.bots import Bot, Bots
from controller.dialogue.agent.ports import TakesTools
from controller.session.ports import Cause, Entry, Propose, Remember, ReplyRequest, Role, Say, ToolCall
from controller.settings import NEED_A_MODEL
from controller.storage.migrations import migrate
from controller.toolbox import Toolbox
from media.pool import EnginePool
from tests.bench.help_desk import help_desk

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("help-desk")


@pytest.fixture(scope="module")
def house(home: Path) -> Iterator[tuple[Bots, Toolbox]]:
    with help_desk(home) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = configure.load()
        settings = settings.model_copy(update={"bots": {n: settings.bots[n] for n in NEED_A_MODEL}})
        migrate(settings.database_url)
        pool = EnginePool(1)
        toolbox = Toolbox(settings, tools=settings.tools)
        yield Bots(settings, pool), toolbox
        toolbox.stop()
        pool.close()


class Talk:
    """A conversation with a bot; proposed tools run at once, as the kernel has them run."""

    def __init__(self, bot: Bot, toolbox: Toolbox, session: str) -> None:
        self.strategy = bot.strategy
        assert isinstance(self.strategy, TakesTools)
        self.strategy.grant(toolbox.cards(bot.settings.tools))
        self.tools: list[str] = []
        self.cited: set[str] = set()
        self.history: list[Entry] = []
        self.memory: Any = None
        self.hung_up = ""
        self._runner = toolbox.runner(session, bot.profile, bot.settings)
        self.greeting = self._turn(ReplyRequest(Cause.OPENING))

    def says(self, text: str) -> str:
        """The caller's words; the bot's answer."""
        self.history.append(Entry(Role.CALLER, text))
        return self._turn(ReplyRequest(Cause.SPEECH, text, tuple(self.history), self.memory))

    def _turn(self, request: ReplyRequest | None) -> str:
        said = ""
        while request is not None:
            asked, request = request, None
            for item in self.strategy.reply(asked):
                match item:
                    case Say():
                        said += item.text
                        self.cited |= set(item.citations)
                    case Remember():
                        self.memory = item.memory
                    case Propose():
                        request = self._run(item)
        self.history.append(Entry(Role.BOT, said))
        return said

    def _run(self, wanted: Propose) -> ReplyRequest | None:
        self.tools.append(wanted.name)
        call = ToolCall(f"call-{len(self.tools)}", wanted.name, wanted.arguments)
        outcome = self._runner.run(call)
        assert outcome.ok, outcome
        self.history.append(Entry(Role.TOOL, f"{wanted.name} -> {json.dumps(dict(outcome.data))}"))
        self.hung_up = outcome.hang_up
        if self.hung_up:
            return None
        return ReplyRequest(Cause.TOOL, history=tuple(self.history), memory=self.memory, tool=outcome)


def tickets(home: Path, session: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(home / "switchtalk.db")) as records:
        query = "SELECT subject, priority FROM tickets WHERE session_id = ?"
        return records.execute(query, [session]).fetchall()


def begun(house: tuple[Bots, Toolbox], name: str) -> Talk:
    bots, toolbox = house
    bot = bots.get(name)
    assert bot is not None
    return Talk(bot, toolbox, f"session-{name}")


def test_english(house: tuple[Bots, Toolbox], home: Path) -> None:
    talk = begun(house, "support_en")
    assert talk.greeting.startswith("Hello, this is the Marlow help desk, an automated assistant.")
    told = talk.says("The internet light on my router is red. What can I do?")
    assert "check that the cable in the blue WAN socket is firmly in place" in told
    assert any(source.startswith("marlow_r1_manual.md") for source in talk.cited)
    assert talk.says("where is my order") == "What is your order number, please?"
    assert "router is on its way" in talk.says("zero eight three one five")
    assert "until 2027-06-14" in talk.says("Is MR1204811 still under warranty?")
    assert "can't find that number" in talk.says("And order 99999?")
    assert "opened a ticket" in talk.says("The router shows error E50. Please open a ticket.")
    assert tickets(home, "session-support_en") == [("Marlow R1 to be exchanged", "high")]
    assert "Goodbye" in talk.says("thank you that is all")
    assert talk.hung_up == "done"
    assert talk.tools == ["lookup_record"] * 3 + ["create_ticket", "hangup"]


def test_chinese(house: tuple[Bots, Toolbox], home: Path) -> None:
    talk = begun(house, "support_zh")
    assert talk.greeting.startswith("您好，这里是麦洛客服，我是自动语音助手。")
    assert "恢复出厂设置：用回形针按住复位孔十秒" in talk.says("我想把路由器恢复出厂设置，怎么操作？")
    assert any(source.startswith("marlow_r1_shouce.md") for source in talk.cited)
    assert talk.says("我的订单到哪里了") == "请说一下五位数字的订单号。"
    assert "路由器运输途中" in talk.says("零八三一五")
    assert talk.says("MR1204811 还在保修吗") == "保修到 2027-06-14。"
    assert "工单已经创建" in talk.says("路由器显示错误代码E50，请帮我开工单。")
    assert tickets(home, "session-support_zh") == [("麦洛 R1 需要更换", "high")]
    assert "再见" in talk.says("谢谢没有别的了")
    assert talk.hung_up == "done"


def test_what_is_in_no_document_is_told_honestly(house: tuple[Bots, Toolbox]) -> None:
    assert "can't find that" in begun(house, "support_en").says("Who won the chess match of 1972?")


def test_without_a_model_the_help_desk_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SWITCHTALK_")]:
        monkeypatch.delenv(name)
    assert not set(NEED_A_MODEL) & configure.load().bots.keys()
    monkeypatch.setenv("SWITCHTALK_BOTS__SUPPORT_EN__AGENT__BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("SWITCHTALK_BOTS__SUPPORT_EN__AGENT__MODEL", "m")
    assert set(NEED_A_MODEL) & configure.load().bots.keys() == {"support_en"}
