"""The dialer on the telephone: its calls are those of `telephony.outgoing`.

Responsible for putting the two together: an order becomes a call whose conversation first finds out who
answered, and what became of the call becomes an outcome. Decides nothing about who is called and when.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import gevent
import structlog
from gevent.event import Event

from controller.dialer.dialer import Dialer
from controller.dialer.machine.answering import Answering, AnsweringStrategy, MachinePolicy
from controller.dialer.machine.answering import Memory as AnsweringMemory
from controller.dialer.machine.line_ears import LineEars
from controller.dialer.model import AttemptState, Disposition, Outcome, Progress
from controller.dialer.ports import CallerAway, CallOrder
from controller.dialogue.flow.memory import Memory as FlowMemory
from controller.session.chunker import chunk_all
from controller.session.happenings import ChunkSpoken, Happening, SessionEnded, ToolRan
from controller.session.registry import SessionRefused, UnknownBot
from controller.session.session import Parts
from controller.settings import Settings
from controller.storage.dialer_store import SqlDialerStore
from controller.telephony.commands import HangupCause, uuid_kill
from controller.telephony.dial import BadArgument
from controller.telephony.dispositions import Disposition as Ended
from controller.telephony.esl.errors import EslError, EslRefused
from controller.telephony.guard import DestinationRefused, TooManyCalls
from controller.telephony.outgoing import Order, OutgoingCall, OutgoingState
from controller.telephony.service import Telephony
from controller.tools.do_not_call import NAME as DO_NOT_CALL
from media.vad import factory as detectors

SETTLE_S = 3.0
"""At the end of the process: the last calls go on record."""
STOPPED = "campaign_stopped"
"""Reason of a session's end when its campaign is stopped and live calls are to be hung up."""
_NO_ROOM = frozenset({"server_full", "draining"})
_BY_REASON = {
    "machine": Disposition.MACHINE,
    "machine_message": Disposition.MACHINE_MESSAGE,
    "do_not_call": Disposition.DO_NOT_CALL,
}
_STATES = {
    OutgoingState.DIALLING: AttemptState.DIALLING,
    OutgoingState.RINGING: AttemptState.RINGING,
    OutgoingState.TALKING: AttemptState.TALKING,
    OutgoingState.ENDED: AttemptState.TALKING,  # the outcome says the rest
}

log = structlog.get_logger(__name__)


class DialingClock:
    """The real time, for the dialer: its sleep ends early when `wake` is called."""

    def __init__(self) -> None:
        self._woken = Event()

    def now(self) -> datetime:
        """In UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds."""
        return monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, at most so long."""
        self._woken.wait(seconds)
        self._woken.clear()

    def wake(self) -> None:
        """Something has changed."""
        self._woken.set()


class DialledCall:
    """A `PlacedCall` on its way through telephony, and a watcher of its conversation."""

    def __init__(self, order: CallOrder) -> None:
        self._order = order
        self._memory: object = None
        self._strategy: AnsweringStrategy | None = None
        self._ears: LineEars | None = None
        self._listed = False
        self.call: OutgoingCall | None = None
        self.telephony: Telephony | None = None
        self.refused: Outcome | None = None

    @property
    def attempt_id(self) -> str:
        """The channel's uuid too."""
        return self._order.attempt_id

    @property
    def progress(self) -> Progress:
        """How far it is."""
        call = self.call
        if call is None or (call.state is OutgoingState.ENDED and call.answered_at is None):
            return Progress()
        at = call.answered_at or call.ringing_at
        live = self.telephony.calls.get(call.call_id) if self.telephony else None
        session_id = live.live.session_id if live is not None and live.live is not None else ""
        return Progress(_STATES[call.state], at, call.session_id or session_id)

    def wait(self, timeout_s: float | None = None) -> Outcome | None:
        """Its outcome, once it has ended."""
        if self.refused is not None or self.call is None:
            return self.refused
        return self._outcome(self.call) if self.call.ended.wait(timeout_s) else None

    def hang_up(self, politely: bool = True) -> None:
        """End it."""
        if self.call is None or self.telephony is None or self.call.ended.is_set():
            return
        live = self.telephony.calls.get(self.call.call_id)
        if live is not None and live.live is not None and politely:
            live.live.say_goodbye(STOPPED)
        elif live is not None:
            live.hang_up(STOPPED)
        else:
            self.telephony.outgoing.cancel(self.call.call_id)

    # --- the conversation -------------------------------------------------------------------

    def prepare(self, parts: Parts) -> Parts:
        """The same session, which first listens who answered."""
        order = self._order
        ears = LineEars(parts.audio_in, detectors.create("webrtc", mode=3))
        answering = Answering(MachinePolicy(order.machine), order.message, order.introduction)
        words = [text for text in (order.message, order.introduction) if text]
        chunks = [chunk for text in words for chunk in chunk_all(text, first=True)]
        parts.synthesiser.prepare([parts.speakable(chunk) for chunk in chunks])
        self._ears = ears
        self._strategy = AnsweringStrategy(parts.strategy, ears, answering)
        return replace(
            parts,
            audio_in=ears,
            strategy=self._strategy,
            watchers=[*parts.watchers, self._watch],
        )

    def _watch(self, _session_id: str, happening: Happening) -> None:
        match happening:
            case ToolRan(outcome=outcome) if outcome.ok and outcome.call.name == DO_NOT_CALL:
                self._listed = True
            case ChunkSpoken() if self._ears is not None:
                self._ears.release()
            case SessionEnded(memory=memory):
                self._memory = memory

    def _outcome(self, call: OutgoingCall) -> Outcome:
        return Outcome(
            self._disposition(call),
            call.cause,
            session_id=call.session_id,
            slots=slots_of(self._memory),
            recording_path=str(call.recording or ""),
            ringing_at=call.ringing_at,
            answered_at=call.answered_at,
        )

    def _disposition(self, call: OutgoingCall) -> Disposition:
        ended = call.disposition or Ended.FAILED
        if call.cause == "NOT_HANDED_OVER" or call.end_reason in _NO_ROOM:
            return Disposition.ABANDONED
        if ended is not Ended.COMPLETED:
            return Disposition(ended.value)
        if self._listed:
            return Disposition.DO_NOT_CALL
        found = self._strategy is not None and self._strategy.is_machine
        usual = Disposition.MACHINE if found else Disposition.COMPLETED  # who may have hung up first
        return _BY_REASON.get(call.end_reason, usual)


def slots_of(memory: object) -> dict[str, str]:
    """What a flow has filled, for machines, by a session's last memory; nothing for another strategy."""
    if isinstance(memory, AnsweringMemory):
        memory = memory.inner
    if not isinstance(memory, FlowMemory):
        return {}
    return {name: match.raw or match.spoken for name, match in memory.slots.items() if match.filled}


class PhoneCaller:
    """Implements `controller.dialer.ports.Caller` and `controller.dialer.lost.DialMemory`.

    `wake` is called when a call has changed."""

    def __init__(self, telephony: Telephony, clock: DialingClock) -> None:
        self._telephony = telephony
        self._clock = clock

    def room(self) -> int:
        """As the guard against toll fraud says."""
        return self._telephony.guard.room() if self._telephony.up else 0

    def place(self, order: CallOrder) -> DialledCall:
        """Begin to dial."""
        dialled = DialledCall(order)
        wanted = Order(
            order.number,
            order.bot,
            {**order.variables, "language": order.language} if order.language else order.variables,
            order.gateway,
            order.caller_id,
            order.ring_s,
            order.attempt_id,
            dialled.prepare,
            self._clock.wake,
        )
        try:
            dialled.call = self._telephony.outgoing.place(wanted)
            dialled.telephony = self._telephony
        except (DestinationRefused, UnknownBot, BadArgument) as error:
            log.warning("call_refused", attempt_id=order.attempt_id, why=str(error))
            cause = getattr(error, "code", "bad_argument").upper()
            dialled.refused = Outcome(Disposition.FAILED, cause)
            self._clock.wake()
        except (TooManyCalls, SessionRefused, EslError) as error:
            raise CallerAway(str(error) or "FreeSWITCH is away") from error
        return dialled

    def live(self) -> Collection[str]:
        """All channels of FreeSWITCH."""
        try:
            return self._telephony.link.channels()
        except EslError as error:
            raise CallerAway(str(error)) from error

    def dialled(self, attempt_id: str) -> bool | None:
        """As FreeSWITCH has noted; see `DialNotes`."""
        try:
            return self._telephony.notes.sent(attempt_id)
        except EslError as error:
            raise CallerAway(str(error)) from error

    def forget(self, attempt_id: str) -> None:
        """The note is no longer needed."""
        self._telephony.notes.forget(attempt_id)

    def end(self, attempt_id: str) -> None:
        """Hang up a channel that nobody talks on."""
        with suppress(EslRefused):  # it is gone already
            try:
                self._telephony.link.api(uuid_kill(attempt_id, HangupCause.NORMAL_CLEARING))
            except EslRefused:
                raise
            except EslError as error:
                raise CallerAway(str(error)) from error


class Dialing:
    """The dialer of this process, between `start` and `stop`."""

    def __init__(self, settings: Settings, telephony: Telephony) -> None:
        given = settings.dialer
        self._store = SqlDialerStore(settings.database_url)
        self._clock = DialingClock()
        caller = PhoneCaller(telephony, self._clock)  # it keeps this process's own limit
        self._dialer = Dialer(self._store, caller, self._clock, given.max_calls, given.lease_s, caller)
        self._running: gevent.Greenlet | None = None

    def start(self) -> None:
        """Run the campaigns that are to run, in the background."""
        self._running = gevent.spawn(self._dialer.run_for_ever)

    def no_more_calls(self) -> None:
        """From now on nobody is dialled; who has not answered is given up."""
        self._dialer.stop()
        self._clock.wake()

    def stop(self) -> None:
        """Put the last calls on record, and let the database go."""
        self.no_more_calls()
        if self._running is not None:
            self._running.join(SETTLE_S)
            if not self._running.dead:
                log.warning("calls without an end on record", calls=self._dialer.live_calls)
                self._running.kill()
        self._store.close()

    @property
    def live_calls(self) -> int:
        """Calls that are dialled or talked on."""
        return self._dialer.live_calls


def open_dialing(settings: Settings, telephony: Telephony | None) -> Dialing | None:
    """None where nothing is dialled: without a FreeSWITCH, or as the settings say."""
    return Dialing(settings, telephony) if telephony is not None and settings.dialer.enabled else None
