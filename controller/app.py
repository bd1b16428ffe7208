"""The one place where parts are introduced to each other.

`Controller` owns a process: engines, bots, live sessions, records, metrics, the gateway. It opens
sessions for entries, and ends the process politely.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import gevent
import structlog

from controller.access_wiring import AccessWiring
from controller.bots import Bot, Bots
from controller.campaign_desk import campaign_place, on_a_thread
from controller.campaign_office import CampaignOffice
from controller.dialer.desk import CampaignDesk
from controller.dialing import open_dialing
from controller.dialogue.agent.hearing import Hearing
from controller.dialogue.agent.ports import HearsAhead, TakesTools
from controller.dialogue.flow.nodes.agent import HAND_BACK_CARD
from controller.doors import console_deps, gateway_deps
from controller.flow_watch import FlowMetrics, FlowWatch
from controller.gateway.console.password import console_password
from controller.gateway.console.server import ConsoleServer
from controller.gateway.server import GatewayServer, create_app, serve
from controller.observe.hub_delay import HubDelay
from controller.observe.logs import LogStyle, SessionLog, configure_logging
from controller.observe.metrics import SessionMetrics
from controller.observe.transcripts import TranscriptHub
from controller.overhearing_wiring import scribes
from controller.phone_desk import Desk
from controller.phone_options import media_url, telephony_options
from controller.recording import Recording
from controller.session.happenings import Watcher
from controller.session.ports import AudioIn, AudioOut
from controller.session.registry import Prepare, SessionRegistry, UnknownBot
from controller.session.session import Parts, Session
from controller.settings import LogSettings, Settings
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.engine import DatabaseUnavailable
from controller.storage.migrations import migrate
from controller.storage.repository import RecordRepository
from controller.storage.writer import RecordWriter
from controller.telephony.service import Telephony
from controller.toolbox import Toolbox
from controller.verto_wiring import open_pages, transfer_for_bots
from media.pool import EnginePool

PURGE_EVERY_S = 3600.0
FAREWELL_S = 10.0
"""Time that goodbyes get when a drain ends."""

log = structlog.get_logger(__name__)


class Controller:
    """A running process. Make it on the main greenlet; `start` it; `stop` it."""

    def __init__(self, settings: Settings, pool: EnginePool, bots: Bots) -> None:
        self.settings = settings
        self.pool = pool
        self.bots = bots
        self.registry = SessionRegistry(settings.max_sessions)
        migrate(settings.database_url)
        self.access = AccessWiring(settings)
        self.records = RecordRepository(settings.database_url)
        self.writer = RecordWriter(settings.database_url)
        self.metrics = SessionMetrics()
        self._hub_delay = HubDelay()
        self.metrics.watch_pool(self.pool)
        self.metrics.watch_records(self.writer.counts)
        self.metrics.watch_hub_delay(self._hub_delay)
        self.transcripts = TranscriptHub()
        self._watchers: list[Watcher] = [self.writer, self.metrics, SessionLog(), self.transcripts]
        self.telephony = self._telephony() if settings.freeswitch.host else None
        self.desk = Desk(self.telephony) if self.telephony else None
        self.dialing = open_dialing(settings, self.telephony)
        self._lists = SqlDialerStore(settings.database_url)
        self.campaigns = CampaignOffice(
            CampaignDesk(self._lists, campaign_place(settings), aside=on_a_thread)
        )
        self.pages = open_pages(
            settings, self.telephony, self.registry, self.transcripts, self._watchers
        )
        if self.telephony is not None and settings.freeswitch.transcribe_handover:
            who = self.pages.agents.who if self.pages else lambda _number: ""
            pens = scribes(bots, pool, self._watchers, who)
            self.telephony.overhearings.pens = pens
        transfer = transfer_for_bots(self.pages, self.desk)
        self.toolbox = Toolbox(settings, transfer, settings.tools)
        self.metrics.watch_outbox(self.toolbox.outbox_counts)
        for bot in bots:
            if isinstance(bot.strategy, TakesTools):
                bot.strategy.grant(self.toolbox.cards(bot.settings.tools))
        for name, agent in bots.agents.items():
            if isinstance(agent, TakesTools):
                agent.grant((*self.toolbox.cards(settings.bots[name].tools), HAND_BACK_CARD))
        self.flows = FlowWatch(bots, lambda bot: self.toolbox.schemas(bot.settings.tools))
        self.flows.check_tools()
        self.metrics.registry.register(FlowMetrics(self.flows))
        self._console: ConsoleServer | None = None
        self._server: GatewayServer | None = None
        self._failed: str | None = None

    # --- life --------------------------------------------------------------------------------

    def listen(self) -> GatewayServer:
        """Open the gateway; it answers at once and is ready when the engines are."""
        http = self.settings.http
        self._server = serve(create_app(gateway_deps(self)), http.host, http.port)
        return self._server

    def warm_up(self, tell: Callable[[str], None] = lambda _name: None) -> None:
        """Load the engines. Raises what an engine raises."""
        self.bots.warm_up(tell)
        self._hub_delay.start()
        self.toolbox.start()
        self.flows.start()
        self.access.start()
        gevent.spawn(self._purge_for_ever)

    def take_calls(self) -> None:
        """Open the other doors, once everything is warm: the telephone, and the console.

        Raises OSError when an address is taken, ValueError for a console password that is none.
        """
        if self.telephony is not None and self._server is not None:
            self.telephony.start(media_url(self.settings, self._server.port))
            if self.dialing is not None:
                self.dialing.start()
        given = self.settings.console
        if given.enabled:
            password = console_password(given.password, self.settings.var_dir)
            self._console = ConsoleServer(given.host, given.port, password, console_deps(self))
            self._console.start()

    def stop(self, drain_s: float | None = None) -> None:
        """No new sessions; live ones finish up to `drain_s`, then are told goodbye, and tools that must
        finish get as long again; release all."""
        if self.dialing is not None:
            self.dialing.no_more_calls()
        self.registry.draining = True
        limit = self.settings.drain_s if drain_s is None else drain_s
        self._wait_for_sessions(limit)
        for session in self.registry:
            session.say_goodbye("drain")
        self._wait_for_sessions(FAREWELL_S if limit else 0)
        for session in self.registry:
            session.hang_up("drain")
        self._wait_for_sessions(max(2, limit))  # what is left has a tool that must finish
        if self.dialing is not None:
            self.dialing.stop()
        if self._console is not None:
            self._console.stop()
        if self.pages is not None:
            self.pages.stop()
        if self.telephony is not None:
            self.telephony.stop()
        if self._server is not None:
            self._server.stop(timeout=2)
        self._hub_delay.stop()
        self.flows.stop()
        self.toolbox.stop()
        self.writer.close()
        self.records.close()
        self.access.close()
        self.campaigns.close()
        self._lists.close()
        self.pool.close()

    def _wait_for_sessions(self, limit_s: float) -> None:
        deadline = monotonic() + limit_s
        for session in self.registry:
            session.join(max(0.0, deadline - monotonic()))

    def _purge_for_ever(self) -> None:
        days = self.settings.database.keep_days
        while days:
            try:
                before = datetime.now(UTC) - timedelta(days=days)
                purged = self.records.purge(before)
                self.toolbox.purge(before)
                for path in purged.recording_paths:
                    Path(path).unlink(missing_ok=True)
            except (DatabaseUnavailable, OSError) as error:
                log.warning("old records were not deleted", error=str(error))
            gevent.sleep(PURGE_EVERY_S)

    # --- sessions ----------------------------------------------------------------------------

    def open_session(
        self,
        *,
        entry: str,
        bot: str | None,
        audio_in: AudioIn,
        audio_out: AudioOut,
        variables: Mapping[str, str],
        watchers: Sequence[Watcher] = (),
        entry_records: bool = False,
        prepare: Prepare | None = None,
    ) -> Session:
        """Begin a session (see SessionOpener). Raises SessionRefused."""
        chosen = self._bot_with_room(bot)
        session_id = secrets.token_hex(8)
        everyone: list[Watcher] = [*watchers, *self._watchers]
        if chosen.settings.record and not entry_records:
            recording = Recording(self.settings.var_dir / "recordings", session_id, self._recorded)
            audio_in = recording.ears(audio_in)
            audio_out.tap(recording)
            everyone.append(recording)
        if isinstance(chosen.strategy, HearsAhead):
            everyone.append(Hearing(chosen.strategy))
        parts = Parts(
            audio_in=audio_in,
            audio_out=audio_out,
            segmenter=chosen.segmenter(),
            recogniser=chosen.recogniser,
            synthesiser=chosen.synthesiser,
            strategy=chosen.strategy,
            tools=self.toolbox.runner(
                session_id, chosen.profile, chosen.settings, entry=entry, variables=variables
            ),
            speakable=chosen.speakable,
            watchers=everyone,
        )
        parts = prepare(parts) if prepare is not None else parts
        remove = self.registry.remove
        session = Session(session_id, entry, chosen.profile, variables, parts, on_end=remove)
        self.registry.add(session)
        if chosen.flow is not None:
            log.info("flow_begun", session_id=session_id, version=chosen.flow.version)
        session.start()
        return session

    def check_room(self, bot: str | None) -> None:
        """Raises SessionRefused when a session of this bot could not begin now."""
        self._bot_with_room(bot)

    def _bot_with_room(self, name: str | None) -> Bot:
        self.registry.check_room()
        name = name or self.settings.default_bot
        chosen = self.bots.get(name)
        if chosen is None:
            raise UnknownBot(f"there is no bot {name!r}")
        return chosen

    def _recorded(self, session_id: str, path: Path) -> None:
        self.writer.recording_saved(session_id, str(path))

    # --- the gateway's view ------------------------------------------------------------------

    def missing(self) -> list[str]:
        """What is not ready yet; empty when sessions can be taken."""
        missing = [f"{name} is loading" for name in self.bots.cold]
        if self.telephony is not None and not self.telephony.up:
            missing.append("FreeSWITCH is not connected")
        return [*missing, "the server is stopping"] if self.registry.draining else missing

    # --- the telephone and the console --------------------------------------------------------

    def _telephony(self) -> Telephony:
        telephony = Telephony(
            telephony_options(self.settings),
            self,
            recorded=lambda bot: self.settings.bots[bot].record,
            saved=self._recorded,
        )
        self._watchers.append(telephony.bus)
        return telephony

    def stats(self) -> dict[str, object]:
        """Numbers for an operator at the console."""
        stats: dict[str, object] = {
            "sessions": len(self.registry),
            "max_sessions": self.registry.max_sessions,
            "draining": self.registry.draining,
            "hub_delay_p999_ms": round(self._hub_delay.quantile_ms(), 1),
        }
        return stats | (self.telephony.stats() if self.telephony else {"freeswitch": "not configured"})


def set_up_logging(settings: LogSettings) -> None:
    """Log to standard error as the settings say."""
    style = settings.style
    if style == "auto":
        style = "console" if sys.stderr.isatty() else "json"
    configure_logging(settings.level, LogStyle(style))
