"""Introduces the pages' telephones to the rest: settings, the telephone side, sessions, transfers.

Responsible for putting `controller.verto` together; stands between it and telephony, because neither
knows the other. Decides nothing that a policy could.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

import structlog

from controller.dialogue.flow.memory import Memory
from controller.gateway.notices import clear, notice
from controller.observe.transcripts import LineKind, TranscriptHub
from controller.page_callers import LoginCallers
from controller.phone_desk import Desk
from controller.session.happenings import (
    BargedIn,
    Happening,
    PersonSpoke,
    SessionEnded,
    SessionStarted,
    Watcher,
)
from controller.session.registry import SessionRegistry
from controller.settings import Settings
from controller.telephony.guard import CallRefused, Guard
from controller.telephony.service import Telephony
from controller.tools.base import ToolError
from controller.tools.transfer_to_human import Transfer, no_phone
from controller.verto.caller import Caller, Right, WhoIs
from controller.verto.desk import AgentDesk, Card, NobodyReady, Spoken
from controller.verto.messages import note_text
from controller.verto.policy import DestinationRefused
from controller.verto.relay import Relay
from controller.verto.switchboard import Switchboard, SwitchboardLimits
from controller.verto.upstream import UpstreamOptions

MAX_TOLD = 400
"""Messages about one conversation that a page which is reloaded gets again."""
SPEAKERS = {
    LineKind.CALLER: "caller",
    LineKind.KEYS: "caller",
    LineKind.TYPED: "caller",
    LineKind.BOT: "bot",
    LineKind.AGENT: "agent",
}
DEFAULT_NUMBER = "7000"

log = structlog.get_logger(__name__)


class GuardedDestinations:
    """Implements `controller.verto.policy.Destinations`: bots for everybody who may talk to them, all
    other numbers by the guard of outbound calls, with its limits."""

    def __init__(self, bots: frozenset[str], guard: Guard) -> None:
        self._bots = bots
        self._guard = guard

    def check(self, number: str, caller: Caller) -> None:
        """Raises DestinationRefused."""
        if number in self._bots and Right.BOTS in caller.rights:
            return
        if Right.CALLS not in caller.rights:
            raise DestinationRefused("you may call bots only")
        try:
            self._guard.check_destination(number)
        except CallRefused as error:
            raise DestinationRefused(str(error)) from error

    def admit(self, number: str, caller: Caller) -> Callable[[], None]:
        """Hold the place of one call; the gift gives it back. Raises DestinationRefused."""
        self.check(number, caller)
        place = ExitStack()
        if number not in self._bots:
            try:
                place.enter_context(self._guard.call(number))
            except CallRefused as error:
                raise DestinationRefused(str(error)) from error
        return place.close


class VertoDesk:
    """Implements `controller.gateway.verto_ports.VertoDoor`; watches all sessions."""

    def __init__(
        self,
        settings: Settings,
        telephony: Telephony | None,
        registry: SessionRegistry,
        transcripts: TranscriptHub,
        who: WhoIs | None = None,
    ) -> None:
        given = settings.verto
        self.who: WhoIs = who or LoginCallers(settings)
        self.ice_servers: Sequence[str] = given.ice_servers
        self.numbers = bot_numbers(settings)
        self.agents = AgentDesk(given.agents_number)
        self._telephony = telephony
        self._registry = registry
        self._transcripts = transcripts
        self._told: dict[str, deque[str]] = {}  # by session
        self._call_of: dict[str, str] = {}  # session → channel
        self._over: set[str] = set()  # sessions that have ended
        self.switchboard = Switchboard(
            UpstreamOptions(given.url, given.password, given.domain, given.verify),
            GuardedDestinations(frozenset(self.numbers.values()), _guard(settings, telephony)),
            SwitchboardLimits(pages=given.max_pages, grace_s=given.grace_s),
            busy=lambda call_id: telephony is not None and telephony.calls.get(call_id) is not None,
            closed=self.agents.leave,
        )

    # --- conversations, for the pages they are on ------------------------------------------------

    def watch(self, session_id: str, happening: Happening) -> None:
        """A watcher: tells the page whose call it is what happens in a session."""
        if isinstance(happening, SessionStarted):
            if happening.entry == "web":
                return
            self._forget_over()
            first = note_text("session", session_id=session_id, bot=happening.bot)
            self._told[session_id] = deque([first], MAX_TOLD)
        if isinstance(happening, PersonSpoke):
            spoken = Spoken(happening.who, happening.text, happening.agent, happening.at)
            self.agents.tell(session_id, spoken)
        told = self._told.get(session_id)
        if told is None:
            return
        text = clear(happening.reply_id) if isinstance(happening, BargedIn) else notice(happening)
        if text is not None:
            told.append(text)
        relay = self._relay_of(session_id)
        if relay is not None:
            if isinstance(happening, SessionStarted):
                relay.tell(told[0])
            elif text is not None:
                relay.tell(text)
        if isinstance(happening, SessionEnded):
            self._over.add(session_id)
            self._forget_over()

    def stories(self, relay: Relay) -> Sequence[str]:
        """What was told of the sessions on its calls."""
        mine = [session for session, call in self._call_of.items() if call in relay.calls]
        return [text for session in mine for text in self._told.get(session, ())]

    def typed(self, relay: Relay, call_id: str, text: str) -> None:
        """Words for the session on one of the page's own calls."""
        call = self._telephony.calls.get(call_id) if self._telephony else None
        if call_id in relay.calls and call is not None and call.live is not None:
            call.live.typed(text)

    def _forget_over(self) -> None:
        """What was told of an ended session is kept while its call goes on: with a person, perhaps."""
        for session_id in [each for each in self._over if self._relay_of(each) is None]:
            self._over.discard(session_id)
            self._told.pop(session_id, None)
            self._call_of.pop(session_id, None)

    def _relay_of(self, session_id: str) -> Relay | None:
        call_id = self._call_of.get(session_id)
        if call_id is None:
            call = self._telephony.calls.of_session(session_id) if self._telephony else None
            if call is None:
                return None
            call_id = self._call_of[session_id] = call.uuid
        return self.switchboard.of_call(call_id)

    # --- people who take callers over ------------------------------------------------------------

    def stand_by(self, relay: Relay, on: bool) -> bool:
        """An agent comes or goes."""
        return self.agents.stand_by(relay, on)

    def transfer(self, desk: Desk, session_id: str, destination: str, reason: str) -> str:
        """What transfer_to_human does: rings whoever is ready, with all that is known of the caller on
        their screen. The name of who took the caller, "" for a phone's. Raises ToolError: the caller
        stays with the bot."""
        try:
            extension = self.agents.choose(destination)
        except NobodyReady as error:
            raise ToolError(str(error), code="no_answer", retryable=True) from error
        with self.agents.presented(extension, self._card(session_id, reason)):
            desk.transfer_for_bot(session_id, extension)
        return self.agents.who(extension)

    def _card(self, session_id: str, reason: str) -> Card:
        said = self._transcripts.transcript(session_id)
        lines = said.lines if said is not None else ()
        return Card(
            session_id=session_id,
            caller=said.caller if said is not None else "",
            bot=said.bot if said is not None else "",
            language=said.language if said is not None else "",
            summary=reason,
            slots=slots_of(getattr(self._registry.get(session_id), "memory", None)),
            lines=[Spoken(SPEAKERS[line.kind], line.text) for line in lines if line.kind in SPEAKERS],
        )

    def stop(self) -> None:
        """End the pages' calls."""
        self.switchboard.close()


def open_pages(
    settings: Settings,
    telephony: Telephony | None,
    registry: SessionRegistry,
    transcripts: TranscriptHub,
    watchers: list[Watcher],
) -> VertoDesk | None:
    """The pages' telephones, if there is a mod_verto; they watch all sessions."""
    if not settings.verto.password:
        return None
    desk = VertoDesk(settings, telephony, registry, transcripts)
    watchers.append(desk.watch)
    return desk


def transfer_for_bots(pages: VertoDesk | None, desk: Desk | None) -> Transfer:
    """What the tool transfer_to_human does here."""
    if desk is None:
        return no_phone
    return partial(pages.transfer, desk) if pages is not None else desk.transfer_for_bot


def slots_of(memory: object) -> dict[str, str]:
    """What a flow has found out, as it would be read back."""
    if not isinstance(memory, Memory):
        return {}
    return {name: match.spoken for name, match in memory.slots.items() if match.filled}


def bot_numbers(settings: Settings) -> dict[str, str]:
    """The number of each bot that has one, by name."""
    numbers = {
        name: f"70{bot.number:02}" for name, bot in settings.bots.items() if bot.number is not None
    }
    return {settings.default_bot: DEFAULT_NUMBER, **numbers}


def _guard(settings: Settings, telephony: Telephony | None) -> Guard:
    if telephony is not None:
        return telephony.guard
    out = settings.freeswitch.outbound
    return Guard(out.allowed, per_second=out.per_second, burst=out.burst, max_calls=out.max_calls)
