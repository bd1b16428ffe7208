"""Handing a caller to a person.

    attended:  caller hears hold music ─► the target's phone rings ─┬─► answered: bridged, the bot leaves
                                                                    └─► not: the bot has the caller back
    blind:     the caller's channel is sent to the extension, and we leave

Responsible for the order of these steps and for leaving nothing behind when somebody hangs up in
between. Targets pass the same guard as calls that we make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

import gevent
import structlog

from controller.telephony.call import Call, Phase
from controller.telephony.commands import (
    Api,
    App,
    BadArgument,
    HangupCause,
    check_number,
    execute,
    originate,
    uuid_break,
    uuid_bridge,
    uuid_kill,
    uuid_setvar,
    uuid_transfer,
)
from controller.telephony.dial import Dial, ParkApp
from controller.telephony.dispositions import Disposition, cause_of_refusal, disposition_of
from controller.telephony.endpoints import Endpoints
from controller.telephony.esl.errors import EslError, EslRefused
from controller.telephony.esl.inbound import FreeSwitchLink
from controller.telephony.guard import Guard
from controller.telephony.overhearing import Overhearings

DIAL_EXTRA_S = 10.0

log = structlog.get_logger(__name__)


class TransferMode(StrEnum):
    """Whether somebody must have answered before the bot leaves."""

    BLIND = "blind"
    ATTENDED = "attended"


class TransferFailed(Exception):
    """The caller is still with the bot. `disposition` is how the target was (not) reached."""

    def __init__(self, disposition: Disposition, why: str) -> None:
        super().__init__(why)
        self.disposition = disposition


@dataclass(frozen=True, slots=True)
class Transfers:
    """`context`: dialplan context of blind transfers; `hold_music`: what the caller hears meanwhile;
    `overhearings`: who writes down what the two say then."""

    link: FreeSwitchLink
    guard: Guard
    endpoints: Endpoints
    context: str
    hold_music: str
    overhearings: Overhearings

    def transfer(self, call: Call, destination: str, mode: TransferMode) -> None:
        """Returns when the caller has been handed over: the session is ending then.

        Raises CallRefused (the guard), TransferFailed; the conversation goes on. Blocks for as long
        as the target may ring.
        """
        with self.guard.call(destination) as number:
            if call.phase is not Phase.TALKING:
                raise TransferFailed(Disposition.FAILED, "the call is over")
            self._must(lambda: call.ask(uuid_setvar(call.uuid, "hangup_after_bridge", "true")))
            if mode is TransferMode.BLIND:
                self._must(lambda: call.hand_over(uuid_transfer(call.uuid, number, self.context)))
            else:
                self._attended(call, number)

    def _attended(self, call: Call, number: str) -> None:
        target = str(uuid4())
        with self._on_hold(call), self._hanging_up(target) as keep:
            self._dial(call, number, target)
            self._must(lambda: call.hand_over(uuid_bridge(call.uuid, target)))
            keep()
            self.overhearings.begin(call, target, number)

    def _dial(self, call: Call, number: str, target: str) -> None:
        """Ring the target until it answers. Raises TransferFailed, also when the caller leaves."""
        dial = Dial(
            endpoint=self.endpoints.of(number),
            uuid=target,
            caller_id_number=self._shown(call),
            caller_id_name=self.endpoints.caller_name,
            ring_s=self.endpoints.ring_s,
            then=ParkApp(),
        )
        try:
            command = originate(dial)
        except BadArgument as error:
            raise TransferFailed(Disposition.FAILED, str(error)) from error
        dialling = gevent.spawn(self._ring, command, dial.ring_s)
        gevent.wait([dialling, call.over, call.leaving], count=1)
        if not dialling.dead:
            dialling.kill(block=False)
            raise TransferFailed(Disposition.CANCELLED, "the caller left")
        if (failure := dialling.get()) is not None:
            raise failure

    def _shown(self, call: Call) -> str:
        """The caller's number, if it is one ("anonymous" is none), else ours."""
        try:
            return check_number(call.route.variables.get("caller_number", ""))
        except BadArgument:
            return self.endpoints.caller_id

    def _ring(self, command: Api, ring_s: int) -> TransferFailed | None:
        """How it failed; None when the target has answered."""
        try:
            self.link.bgapi(command, ring_s + DIAL_EXTRA_S)
        except EslRefused as error:
            cause = cause_of_refusal(error.reply)
            return TransferFailed(disposition_of(cause), f"not reached: {cause}")
        except EslError as error:
            return TransferFailed(Disposition.FAILED, f"FreeSWITCH can't dial: {error}")
        return None

    def _must(self, how: Callable[[], object]) -> None:
        try:
            how()
        except EslError as error:
            raise TransferFailed(Disposition.FAILED, f"FreeSWITCH refused: {error}") from error

    @contextmanager
    def _on_hold(self, call: Call) -> Iterator[None]:
        """Hold music for the caller: after what the bot is saying, until the end or a failure."""
        try:
            call.tell(execute(App.PLAYBACK, self.hold_music, event_uuid=f"hold-{uuid4().hex[:8]}"))
        except EslError as error:
            raise TransferFailed(Disposition.FAILED, f"FreeSWITCH refused: {error}") from error
        try:
            yield
        finally:
            if call.phase is Phase.TALKING:
                try:
                    call.ask(uuid_break(call.uuid))
                except EslError as error:
                    log.warning("hold music goes on", call=call.uuid, error=str(error))

    @contextmanager
    def _hanging_up(self, target: str) -> Iterator[Callable[[], None]]:
        """Whatever happens, the target's channel doesn't outlive a transfer that failed."""
        kept: list[bool] = []
        try:
            yield lambda: kept.append(True)
        finally:
            if not kept:
                try:
                    self.link.api(uuid_kill(target, HangupCause.ORIGINATOR_CANCEL))
                except EslError as error:
                    log.debug("the target was gone already", channel=target, error=str(error))
