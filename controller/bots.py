"""Bots: what a section of the settings becomes, with the engines they share.

Responsible for making and warming up engines once per (engine, language, voice) and for handing a
session its parts. Knows the settings and the factories; knows nothing of entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

from controller.dialogue import registry as strategies
from controller.dialogue.flow.helper import FlowHelper, NoHelper
from controller.dialogue.flow.loader import Loaded
from controller.dialogue.registry import FlowSource
from controller.session.chunker import chunk_all
from controller.session.ports import Strategy
from controller.session.profile import Profile
from controller.settings import BotSettings, Settings
from media.asr import factory as recognisers
from media.asr.base import Recogniser
from media.pool import EnginePool
from media.speakable import speakable
from media.tts import factory as synthesisers
from media.tts.base import Synthesiser
from media.vad import factory as detectors
from media.vad.segmenter import Segmenter, SegmenterSettings

if TYPE_CHECKING:
    from controller.dialogue.knowledge.base import KnowledgeBase, Meaning
    from controller.dialogue.knowledge.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Bot:
    """One persona, ready to talk."""

    profile: Profile
    settings: BotSettings
    recogniser: Recogniser
    synthesiser: Synthesiser
    strategy: Strategy
    flow: Loaded | None = None
    """What the strategy plays, when that is a flow."""

    def speakable(self, text: str) -> str:
        """A chunk as the synthesiser is to be given it."""
        return speakable(text, self.profile.language)

    def segmenter(self) -> Segmenter:
        """A fresh ear for one session."""
        vad = self.settings.vad
        params = {"mode": vad.aggressiveness} if vad.engine == "webrtc" else {}
        return Segmenter(
            detectors.create(vad.engine, **params),
            SegmenterSettings(
                on_probability=vad.on_probability,
                off_probability=vad.off_probability,
                start_ms=vad.start_ms,
            ),
        )

    def ahead(self) -> list[str]:
        """All that can be synthesised before anyone calls, as the synthesiser will be asked for it."""
        texts = [*self.strategy.prompts(), *self.profile.phrases.model_dump().values()]
        chunks = {c for t in texts for first in (True, False) for c in chunk_all(t, first=first)}
        return [self.speakable(chunk) for chunk in sorted(chunks)]


class Bots:
    """All bots of the settings. Raises what factories raise: typed errors that say what to do."""

    def __init__(self, settings: Settings, pool: EnginePool) -> None:
        self._settings = settings
        self._pool = pool
        self._recognisers: dict[tuple[str, str], Recogniser] = {}
        self._synthesisers: dict[tuple[str, str, str, float], Synthesiser] = {}
        self._cold: dict[str, Callable[[], None]] = {}
        self._knowledge: KnowledgeBase | None = None
        self._meaning: Meaning | None = None
        self._warming: list[tuple[str, gevent.Greenlet]] = []
        self._sources: dict[str, FlowSource] = {}
        self.agents = self._handed_over()
        self._bots = {name: self._make(name, bot) for name, bot in settings.bots.items()}

    def __iter__(self) -> Iterator[Bot]:
        return iter(self._bots.values())

    def get(self, name: str) -> Bot | None:
        """The bot of that name, or None."""
        return self._bots.get(name)

    @property
    def flow_sources(self) -> Mapping[str, FlowSource]:
        """By bot, for those that play a flow: where it comes from."""
        return self._sources

    def put(self, bot: Bot) -> None:
        """From now on new sessions get this one of that name; live ones keep what they have."""
        self._bots[bot.profile.name] = bot

    @property
    def cold(self) -> list[str]:
        """Engines that are not warmed up yet, in words."""
        return list(self._cold)

    def warm_ups(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What is not warmed up yet: name, and the blocking call that does it in a native thread."""
        return iter(list(self._cold.items()))

    def start_warming(self) -> None:
        """Begin to load every engine in native threads; returns at once. See `warm_up`."""
        self._warming = [(n, gevent.spawn(self._pool.run, load)) for n, load in self.warm_ups()]
        gevent.sleep(0)

    def warm_up(self, tell: Callable[[str], None] = lambda _name: None) -> None:
        """Wait until every engine is loaded, then have the prompts synthesised ahead.

        Blocks the calling greenlet only. Raises what an engine raises.
        """
        if not self._warming:
            self.start_warming()
        for name, loading in self._warming:
            loading.get()
            del self._cold[name]
            tell(name)
        for bot in self:
            bot.synthesiser.prepare(bot.ahead())

    def _make(self, name: str, bot: BotSettings) -> Bot:
        profile = Profile(
            name=name,
            language=bot.language,
            endpoint=bot.endpoint,
            barge_in=bot.barge_in,
            silence=bot.silence,
            limits=bot.limits,
            phrases=bot.spoken_phrases(),
        )
        engines = (self._recogniser(bot), self._synthesiser(bot))
        if bot.strategy == "flow":
            self._sources[name] = source = self._flow_source(bot)
            loaded, strategy = source.load()
            return Bot(profile, bot, *engines, strategy, loaded)
        return Bot(profile, bot, *engines, self._strategy(bot))

    def _recogniser(self, bot: BotSettings) -> Recogniser:
        key = (bot.asr, bot.language)
        if key not in self._recognisers:
            engines = self._settings.engines
            made = recognisers.create(
                bot.asr,
                bot.language,
                self._pool,
                engines.models_dir,
                self._settings.var_dir / "cache",
                partial_every_ms=engines.partial_every_ms,
            )
            self._recognisers[key] = made
            self._cold[f"{made.name} recogniser ({made.language})"] = made.warm_up
        return self._recognisers[key]

    def _synthesiser(self, bot: BotSettings) -> Synthesiser:
        key = (bot.tts, bot.language, bot.voice, bot.speed)
        if key not in self._synthesisers:
            engines = self._settings.engines
            made = synthesisers.create(
                bot.tts,
                bot.language,
                bot.voice,
                self._pool,
                engines.models_dir,
                self._settings.var_dir / "cache",
                cache_mb=engines.cache_mb,
                speed=bot.speed,
            )
            self._synthesisers[key] = made
            self._cold[f"{made.name} voice ({made.language})"] = made.warm_up
        return self._synthesisers[key]

    def _searcher(self, bot: BotSettings) -> Searcher | None:
        """What this bot looks things up in; one base for all bots."""
        if not bot.agent.knowledge:
            return None
        # here, because other bots needn't wait for the model's libraries
        from controller.dialogue.knowledge.base import KnowledgeBase
        from controller.dialogue.knowledge.searcher import Searcher

        if self._knowledge is None:
            place = self._settings.var_dir / "knowledge"
            embedder = self._settings.knowledge.embedder(place)
            self._knowledge = KnowledgeBase(place, embedder)
            self._meaning = self._settings.knowledge.in_time(embedder)
        return Searcher(
            self._knowledge,
            self._pool,
            limit=bot.agent.passages,
            sources=bot.agent.sources,
            meaning=self._meaning,
        )

    def _strategy(self, bot: BotSettings) -> Strategy:
        if bot.strategy == "agent":
            options = bot.agent.options(bot.language)
            return strategies.create("agent", options=options, knowledge=self._searcher(bot))
        return strategies.create(bot.strategy, language=bot.language, timezone=bot.time_zone)

    def _flow_source(self, bot: BotSettings) -> FlowSource:
        return FlowSource(
            Path(bot.flow) if bot.flow.endswith((".yaml", ".yml")) else bot.flow,
            bot.language,
            bot.time_zone,
            self._settings.flows_dir,
            helper=_flow_helper(bot),
            agents=self.agents,
        )

    def _handed_over(self) -> dict[str, Strategy]:
        """By bot, the agents that a flow may hand over to: apart from those that talk to callers
        alone, because they may give the word back."""
        bots = self._settings.bots
        if not any(bot.strategy == "flow" for bot in bots.values()):
            return {}
        return {name: self._strategy(bot) for name, bot in bots.items() if bot.strategy == "agent"}


def _flow_helper(bot: BotSettings) -> FlowHelper:
    """The language model beside a flow; one that does nothing unless the settings want it."""
    options = bot.flow_help.options()
    if options is None:
        return NoHelper()
    from controller.dialogue.flow.llm import LlmHelper  # loads openai

    return LlmHelper(options, bot.language)


def titles(bots: Mapping[str, BotSettings]) -> list[tuple[str, str, str]]:
    """(name, title, language) of every bot, for pages."""
    return [(name, bot.title or name, bot.language) for name, bot in bots.items()]
