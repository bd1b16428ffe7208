"""When a changed flow file is taken up, and what happens when it is wrong. Each `look` is one poll."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from controller.bots import Bot
from controller.dialogue.flow import FlowError
from controller.dialogue.registry import FlowSource
from controller.flow_watch import FlowMetrics, FlowWatch
from controller.session.profile import Profile
from controller.settings import BotSettings
from tests.unit.dialogue.test_loader import GOOD, NOTIFY

SECOND = GOOD.replace("Well then.", "Fare well then.")


class Voice:
    """Takes texts to prepare."""

    def __init__(self) -> None:
        self.prepared: list[str] = []

    def prepare(self, texts: list[str]) -> None:
        self.prepared += texts


class OneBot:
    """The part of `Bots` that a watch uses."""

    def __init__(self, path: Path) -> None:
        self.flow_sources = {"tiny": FlowSource(path, "en")}
        loaded, strategy = self.flow_sources["tiny"].load()
        self.voice: Any = Voice()
        nobody: Any = None
        self.bot = Bot(Profile(name="tiny"), BotSettings(), nobody, self.voice, strategy, loaded)

    def get(self, _name: str) -> Bot:
        return self.bot

    def put(self, bot: Bot) -> None:
        self.bot = bot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bots(path: Path) -> Any:
    return OneBot(path)


@pytest.fixture
def watch(bots: Any) -> Iterator[FlowWatch]:
    watch = FlowWatch(bots, lambda _bot: {})
    yield watch
    watch.stop()


def test_a_change_is_taken_up_when_it_has_settled(watch: FlowWatch, bots: Any, path: Path) -> None:
    first = bots.bot
    watch._look()
    assert bots.bot is first
    path.write_text(SECOND[:-30])
    watch._look()
    path.write_text(SECOND)  # the half that was there before was never read
    watch._look()
    assert bots.bot is first
    assert watch.refused == 0
    watch._look()
    assert bots.bot.flow.version == watch.status()[0].version != first.flow.version
    assert bots.bot.strategy is not first.strategy
    assert "Fare well then." in bots.voice.prepared


def test_a_wrong_file_is_told_once_and_mended(watch: FlowWatch, bots: Any, path: Path) -> None:
    first = bots.bot
    path.write_text(GOOD.replace("next: end", "next: ende"))
    for _ in range(4):
        watch._look()
    assert (watch.refused, bots.bot) == (1, first)
    assert "did you mean 'end'?" in watch.status()[0].problems[0]
    path.write_text(GOOD)
    assert watch.reload()[0].problems == ()
    assert watch.reloads == 0  # it is the old version again


def test_a_file_that_vanishes_changes_nothing(watch: FlowWatch, bots: Any, path: Path) -> None:
    first = bots.bot
    path.unlink()
    assert "can't be read" in watch.reload()[0].problems[0]
    assert bots.bot is first


def test_tools_are_checked_when_it_starts_and_later(bots: Any, path: Path) -> None:
    path.write_text(GOOD[: GOOD.index("  end:")] + NOTIFY)
    watch = FlowWatch(bots, lambda _bot: {})
    assert "there is no tool 'notify'" in watch.reload()[0].problems[0]
    with pytest.raises(FlowError, match="there is no tool 'notify'"):
        FlowWatch(OneBot(path), lambda _bot: {}).check_tools()  # type: ignore[arg-type]
    watch.stop()


def test_metrics(watch: FlowWatch, path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(FlowMetrics(watch))
    path.write_text("nonsense")
    watch.reload()
    shown = generate_latest(registry).decode()
    assert (
        f'switchtalk_flow_info{{bot="tiny",flow="tiny",version="{watch.status()[0].version}"}} 1.0'
        in shown
    )
    assert 'switchtalk_flow_problems{bot="tiny"} 1.0' in shown
    assert 'switchtalk_flow_reloads_total{ok="false"} 1.0' in shown
