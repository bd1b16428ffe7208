"""Notices that a flow's file has changed and gives new sessions the new version.

A changed file is read and checked on a native thread once it has stayed the same from one look to the
next (so not half-written), its sentences are synthesised ahead, then the bot is exchanged. Sessions hold
their strategy, so a call in progress ends with the words it began with. A file that is wrong changes
nothing: the log, `/metrics` and the API say what is wrong with it. Knows bots, never sessions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic

import gevent
import structlog
from gevent.lock import BoundedSemaphore
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.bots import Bot, Bots
from controller.dialogue.flow.loader import FlowError, Loaded, Stamp, stamp_of
from controller.dialogue.flow.tool_checks import Tools, check_tools
from controller.dialogue.registry import FlowSource, UnknownStrategy
from controller.storage.off_hub import OffHub
from media.tts.cache import CachedSynthesiser

POLL_S = 1.0
AHEAD_S = 20.0
"""The new sentences may take so long to synthesise; what is missing then is made when it is said."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """Which version of its flow a bot gives new sessions; `problems`: why a newer one is not used."""

    bot: str
    flow: str
    file: str
    version: str
    since: datetime
    problems: tuple[str, ...] = ()


class FlowWatch:
    """Between `start` and `stop` it looks every `poll_s`. Use it on the hub.

    `tools_of` gives the tools that a bot may use: their arguments' JSON Schema by name.
    """

    def __init__(self, bots: Bots, tools_of: Callable[[Bot], Tools], poll_s: float = POLL_S) -> None:
        self._bots = bots
        self._tools_of = tools_of
        self._poll_s = poll_s
        self._thread = OffHub("flows")
        self._one = BoundedSemaphore(1)
        self._watching: gevent.Greenlet | None = None
        self._tried: dict[str, Stamp | None] = {}
        self._seen: dict[str, Stamp | None] = {}
        self._status: dict[str, FlowStatus] = {}
        self.reloads = 0
        self.refused = 0
        for name in bots.flow_sources:
            if (bot := bots.get(name)) is not None and bot.flow is not None:
                self._tried[name] = self._seen[name] = bot.flow.stamp
                self._status[name] = _status(bot)

    def check_tools(self) -> None:
        """Raises FlowError when a bot's flow uses a tool that it hasn't got, or wrongly."""
        for name, source in self._bots.flow_sources.items():
            bot = self._bots.get(name)
            if bot and bot.flow and any(check_tools(bot.flow.flow, tools := self._tools_of(bot))):
                source.load(tools)

    def start(self) -> None:
        """Begin to watch."""
        self._watching = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Watch no more."""
        if self._watching is not None:
            self._watching.kill()
        self._thread.close()

    def status(self) -> list[FlowStatus]:
        """Every bot with a flow."""
        return list(self._status.values())

    def reload(self) -> list[FlowStatus]:
        """Take up what has changed now, without waiting for the next looks; the state after it."""
        self._look(at_once=True)
        return self.status()

    def _watch(self) -> None:
        while True:
            gevent.sleep(self._poll_s)
            self._look()

    def _look(self, *, at_once: bool = False) -> None:
        with self._one:
            sources = self._bots.flow_sources
            stamps = self._thread.run(lambda: {n: _stamp(source) for n, source in sources.items()})
            for name, stamp in stamps.items():
                settled = at_once or stamp == self._seen[name]
                self._seen[name] = stamp
                if settled and stamp != self._tried[name]:
                    self._tried[name] = stamp
                    self._renew(name)

    def _renew(self, name: str) -> None:
        bot = self._bots.get(name)
        if bot is None:
            return
        source, tools = self._bots.flow_sources[name], self._tools_of(bot)
        try:
            loaded, new, ahead = self._thread.run(lambda: _made(bot, source, tools))
        except FlowError as error:
            self._refuse(name, [str(problem) for problem in error.problems])
        except LookupError as error:
            self._refuse(name, [str(error.args[0] if error.args else error)])
        else:
            before = self._status[name]
            if (loaded.version, str(loaded.path)) != (before.version, before.file):
                self._synthesise(new, ahead)
                self._bots.put(new)
                self.reloads += 1
                log.info("flow_reloaded", bot=name, file=str(loaded.path), version=loaded.version)
                self._status[name] = _status(new)
            self._status[name] = replace(self._status[name], problems=())

    def _refuse(self, name: str, problems: list[str]) -> None:
        self.refused += 1
        self._status[name] = replace(self._status[name], problems=tuple(problems))
        kept = self._status[name].version
        log.warning("flow_not_reloaded", bot=name, kept_version=kept, problems=problems)

    def _synthesise(self, bot: Bot, ahead: list[str]) -> None:
        bot.synthesiser.prepare(ahead)
        until_s = monotonic() + AHEAD_S
        voice = bot.synthesiser
        while isinstance(voice, CachedSynthesiser) and voice.preparing and monotonic() < until_s:
            gevent.sleep(0.05)


class FlowMetrics(Collector):
    """What a watch has done, for `/metrics`. Bots and versions come from the operator's own files."""

    def __init__(self, watch: FlowWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """Read at each scrape."""
        info = GaugeMetricFamily(
            "switchtalk_flow_info",
            "The version of its flow a bot plays.",
            labels=["bot", "flow", "version"],
        )
        problems = GaugeMetricFamily(
            "switchtalk_flow_problems", "Problems of a changed flow that is not used.", labels=["bot"]
        )
        for status in self._watch.status():
            info.add_metric([status.bot, status.flow, status.version], 1)
            problems.add_metric([status.bot], len(status.problems))
        reloads = CounterMetricFamily(
            "switchtalk_flow_reloads", "Changed flow files by outcome.", labels=["ok"]
        )
        reloads.add_metric(["true"], self._watch.reloads)
        reloads.add_metric(["false"], self._watch.refused)
        yield from (info, problems, reloads)


def _status(bot: Bot) -> FlowStatus:
    assert bot.flow is not None
    flow = bot.flow
    return FlowStatus(bot.profile.name, flow.flow.flow, str(flow.path), flow.version, datetime.now(UTC))


def _stamp(source: FlowSource) -> Stamp | None:
    """None when there is no such file."""
    try:
        return stamp_of(source.path().stat())
    except (OSError, UnknownStrategy):
        return None


def _made(bot: Bot, source: FlowSource, tools: Tools) -> tuple[Loaded, Bot, list[str]]:
    loaded, strategy = source.load(tools)
    new = replace(bot, strategy=strategy, flow=loaded)
    return loaded, new, new.ahead()
