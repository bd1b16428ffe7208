"""Calls that we make: asked for, guarded, dialled, and what became of them.

    place ─► guard ─► originate ─► (ringing) ─► answered: FreeSWITCH hands us the call ─► ended
                          └─► busy, no answer, rejected, …: ended with that disposition

Responsible for one order becoming one call with one disposition. The channel's uuid is chosen before
dialling, so that a call can be found again whatever breaks. Talk starts at answer: early media is no
answer (`ignore_early_media`), and the socket is the application of the *answered* channel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

import gevent
import structlog
from gevent.event import Event as Flag

from controller.session.registry import Prepare, SessionOpener
from controller.telephony.call import Call
from controller.telephony.calls import Calls
from controller.telephony.commands import (
    Api,
    HangupCause,
    check_value,
    check_variable_name,
    note_dial,
    originate,
    uuid_exists,
    uuid_kill,
)
from controller.telephony.dial import Dial, SocketApp
from controller.telephony.dial_notes import DialNotes
from controller.telephony.dispositions import Disposition, cause_of_refusal, disposition_of
from controller.telephony.endpoints import Endpoints
from controller.telephony.esl.errors import EslClosed, EslError, EslRefused
from controller.telephony.esl.inbound import FreeSwitchLink
from controller.telephony.guard import Guard
from controller.telephony.routing import Route

HANDED_OVER_S = 5.0
"""From the answer to FreeSWITCH's connection to us: some 20 ms."""
DIAL_EXTRA_S = 15.0
"""An originate says how it ended; this long after the ring time it no longer will."""
NEVER_DIALLED = "NEVER_DIALLED"
"""Cause of a call that FreeSWITCH was never told to make: the link broke first."""
LOST_SIGHT = "LOST_SIGHT"
"""Cause of a call whose channel was gone when the link was back."""
REPLY_LOST_S = 2.0
"""How often a call is looked for whose originate got no answer."""
KEPT = 1000
"""Ended calls that are remembered."""

log = structlog.get_logger(__name__)


class OutgoingState(StrEnum):
    """How far a call is."""

    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Order:
    """A call to be made. `gateway`, `caller_id` and `ring_s` empty: as in the settings; `call_id`: a
    UUID of one's own choice, whose dialling FreeSWITCH notes (see `DialNotes`); `prepare`: see
    `SessionOpener`; `changed`: told of every new state."""

    number: str
    bot: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    gateway: str = ""
    caller_id: str = ""
    ring_s: int = 0
    call_id: str = ""
    prepare: Prepare | None = None
    changed: Callable[[], None] = lambda: None


@dataclass(slots=True)
class OutgoingCall:
    """One order on its way. `call_id` is the channel's uuid too."""

    call_id: str
    order: Order
    placed_at: datetime
    state: OutgoingState = OutgoingState.DIALLING
    disposition: Disposition | None = None
    cause: str = ""
    session_id: str = ""
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str = ""
    recording: Path | None = None
    cancelled: bool = False
    taken: Flag = field(default_factory=Flag)
    ended: Flag = field(default_factory=Flag)


class Outgoing:
    """Places calls over `link`. They are among `calls` before they are answered; answered ones come to
    the OutboundServer."""

    def __init__(
        self,
        link: FreeSwitchLink,
        calls: Calls,
        opener: SessionOpener,
        guard: Guard,
        endpoints: Endpoints,
        hand_over_to: SocketApp,
        notes: DialNotes,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._link = link
        self._handed_over = calls
        self._opener = opener
        self._guard = guard
        self._endpoints = endpoints
        self._hand_over_to = hand_over_to
        self._notes = notes
        self._now = now
        self._calls: dict[str, OutgoingCall] = {}
        self._ended: deque[str] = deque()

    # --- for who wants a call ----------------------------------------------------------------

    def place(self, order: Order) -> OutgoingCall:
        """Begin to dial, and return at once. Raises CallRefused, SessionRefused (no such bot, no room),
        BadArgument (a variable, gateway or caller id), EslError when FreeSWITCH is away."""
        self._opener.check_room(order.bot)
        for name, value in order.variables.items():
            check_value(value)
            check_variable_name(name)
        with ExitStack() as held:
            number = held.enter_context(self._guard.call(order.number))
            dial = self._dial(order, number, held)
            command = originate(dial)  # what can't be said is refused here
            if not self._link.up:
                raise EslClosed("FreeSWITCH is away")
            call = OutgoingCall(dial.uuid, order, self._now())
            self._calls[call.call_id] = call
            gevent.spawn(self._run, call, command, dial.ring_s, held.pop_all())
        log.info("calling", call=call.call_id, bot=order.bot)
        return call

    def get(self, call_id: str) -> OutgoingCall | None:
        """A call, also a while after its end."""
        return self._calls.get(call_id)

    def recent(self) -> list[OutgoingCall]:
        """Calls, newest first."""
        return list(reversed(self._calls.values()))

    def cancel(self, call_id: str) -> bool:
        """Hang up a call that is not answered yet; False when there is none such."""
        call = self._calls.get(call_id)
        if call is None or call.taken.is_set() or call.ended.is_set():
            return False
        call.cancelled = True
        gevent.spawn(self._kill, call.call_id)
        return True

    # --- for the rest of telephony -----------------------------------------------------------

    def answered(self, call: Call) -> None:
        """FreeSWITCH has handed us this call."""
        if mine := self._calls.get(call.uuid):
            mine.state, mine.answered_at = OutgoingState.TALKING, self._now()
            mine.taken.set()
            mine.order.changed()

    def over(self, call: Call) -> None:
        """A call that was answered has ended."""
        mine = self._calls.get(call.uuid)
        if mine is None:
            return
        mine.session_id = call.live.session_id if call.live is not None else ""
        mine.end_reason, mine.recording = call.end_reason, call.recording
        if call.end_reason == "transferred":
            self._end(mine, Disposition.TRANSFERRED, call.cause or "NORMAL_CLEARING")
        elif call.live is None or call.end_reason == "error":
            self._end(mine, Disposition.FAILED, call.cause or call.end_reason)
        else:
            self._end(mine, Disposition.COMPLETED, call.cause or "NORMAL_CLEARING")

    def ringing(self, uuid: str) -> None:
        """FreeSWITCH says that this channel rings."""
        call = self._calls.get(uuid)
        if call is not None and call.state is OutgoingState.DIALLING:
            call.state, call.ringing_at = OutgoingState.RINGING, self._now()
            call.order.changed()
            if call.cancelled:  # before there was a channel to kill
                gevent.spawn(self._kill, uuid)

    # --- one call ----------------------------------------------------------------------------

    def _dial(self, order: Order, number: str, held: ExitStack) -> Dial:
        ring_s = order.ring_s or self._endpoints.ring_s
        uuid = order.call_id or str(uuid4())
        variables = {**order.variables, "called_number": order.number}
        route = Route(order.bot, "outbound", variables, order.prepare)
        held.callback(self._handed_over.give_up, uuid)
        return Dial(
            endpoint=self._endpoints.of(number, order.gateway),
            uuid=uuid,
            audio_url=self._handed_over.expect(uuid, route, ring_s + DIAL_EXTRA_S),
            caller_id_number=order.caller_id or self._endpoints.caller_id,
            caller_id_name=self._endpoints.caller_name,
            ring_s=ring_s,
            then=self._hand_over_to,
        )

    def _run(self, call: OutgoingCall, command: Api, ring_s: int, place: ExitStack) -> None:
        with place:
            try:
                note = note_dial(call.call_id) if call.order.call_id else None
                self._link.bgapi(command, ring_s + DIAL_EXTRA_S, ahead=note)
            except EslRefused as error:
                cause = cause_of_refusal(error.reply)
                self._end(call, self._unanswered(call, cause), cause)
                return
            except EslError as error:
                log.warning("lost sight of a call", call=call.call_id, error=str(error))
                if not self._search(call):
                    return
            if not call.taken.wait(HANDED_OVER_S) and not call.ended.is_set():
                self._kill(call.call_id)
                self._end(call, self._unanswered(call, ""), "NOT_HANDED_OVER")
            call.ended.wait()

    def _search(self, call: OutgoingCall) -> bool:
        """The originate's answer is lost: wait until the call is answered (True) or its channel is gone
        (False: the call is ended)."""
        while not call.taken.is_set():
            if self._link.up:
                try:
                    if self._link.api(uuid_exists(call.call_id)).strip() != "true":
                        if call.order.call_id and self._notes.sent(call.call_id) is False:
                            self._end(call, Disposition.CANCELLED, NEVER_DIALLED)
                        else:
                            self._end(call, self._unanswered(call, ""), LOST_SIGHT)
                        return False
                except EslError as error:
                    log.debug("FreeSWITCH can't be asked", error=str(error))
            call.taken.wait(REPLY_LOST_S)
        return True

    def _unanswered(self, call: OutgoingCall, cause: str) -> Disposition:
        return Disposition.CANCELLED if call.cancelled else disposition_of(cause)

    def _kill(self, uuid: str) -> None:
        try:
            self._link.api(uuid_kill(uuid, HangupCause.ORIGINATOR_CANCEL))
        except EslError as error:
            log.info("a call could not be cancelled", call=uuid, error=str(error))

    def _end(self, call: OutgoingCall, disposition: Disposition, cause: str) -> None:
        if call.ended.is_set():
            return
        call.disposition, call.cause = disposition, cause
        call.state, call.ended_at = OutgoingState.ENDED, self._now()
        call.ended.set()
        call.order.changed()
        log.info("call ended", call=call.call_id, disposition=disposition.value, cause=cause)
        self._ended.append(call.call_id)
        while len(self._ended) > KEPT:
            self._calls.pop(self._ended.popleft(), None)
