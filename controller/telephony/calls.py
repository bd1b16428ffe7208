"""The live phone calls of this process: by channel and by session.

Responsible for giving each call that FreeSWITCH hands over to the Call that has it already, or to a new
one, and for forgetting those that are over. One that we dial has its Call, and its ears, before anybody
answers; it is no live call until FreeSWITCH hands it over. Must never know what a call does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gevent
import structlog

from controller.telephony.call import HANGUP_S, Call
from controller.telephony.call_kit import CallKit
from controller.telephony.commands import HangupCause, hangup
from controller.telephony.esl.errors import EslError
from controller.telephony.esl.event import Event
from controller.telephony.esl.outbound import CallSocket
from controller.telephony.routing import Route, UnknownNumber

log = structlog.get_logger(__name__)


class Calls:
    """`route(channel)` says where a new call goes, or raises UnknownNumber; `began` and `over` are told
    of every call."""

    def __init__(
        self,
        kit: CallKit,
        route: Callable[[Event], Route],
        *,
        began: Callable[[Call], None],
        over: Callable[[Call], None],
    ) -> None:
        self._kit = kit
        self._route = route
        self._began = began
        self._over = over
        self._live: dict[str, Call] = {}
        self._dialled: dict[str, Call] = {}

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._live.values()))

    def get(self, uuid: str) -> Call | None:
        """The call on this channel."""
        return self._live.get(uuid)

    def of_session(self, session_id: str) -> Call | None:
        """The call that this session talks on."""
        return next((c for c in self._live.values() if c.live and c.live.session_id == session_id), None)

    def expect(self, uuid: str, route: Route, within_s: float) -> str:
        """A call that we dial: where FreeSWITCH shall bring what is said from the answer on, which comes
        within that time or never. Until it is handed over it can be dropped by `give_up`."""
        call = self._dialled[uuid] = Call(uuid, route, self._kit)
        return call.listen_from_answer(within_s)

    def give_up(self, uuid: str) -> None:
        """Nobody is dialled any more; nothing happens when the call has been handed over."""
        call = self._dialled.pop(uuid, None)
        if call is not None:
            call.never_came()

    def on_fork_event(self, event: Event) -> None:
        """mod_audio_stream's word on some channel, told on the controller's own connection."""
        call = self._live.get(event.uuid) or self._dialled.get(event.uuid)
        if call is not None:
            call.on_event(event)

    def take(self, socket: CallSocket) -> None:
        """Serve a call that FreeSWITCH hands over, until it or its socket is over."""
        uuid = socket.data.uuid
        held = self._live.get(uuid)
        if held is not None:
            held.serve(socket)
            return
        try:
            call = self._dialled.pop(uuid, None) or Call(uuid, self._route(socket.data), self._kit)
        except UnknownNumber as error:
            log.warning("a call to no bot", call=uuid, error=str(error))
            self._refuse(socket)
            return
        self._live[uuid] = call
        self._began(call)
        try:
            call.serve(socket)
            call.over.wait()  # on another socket, perhaps
        finally:
            self._live.pop(uuid, None)
            self._over(call)

    def reconcile(self, uuids: list[str]) -> None:
        """FreeSWITCH is back and has these channels: all other calls are gone."""
        alive = set(uuids)
        for call in self:
            if call.uuid not in alive and not call.controlled:  # a call that began meanwhile is
                call.hung_up("FREESWITCH_RESTARTED")

    def _refuse(self, socket: CallSocket) -> None:
        try:
            socket.command(hangup(HangupCause.UNALLOCATED_NUMBER))
            gevent.wait([socket.hung_up, socket.ended], timeout=HANGUP_S, count=1)
        except EslError as error:
            log.info("a call could not be refused", error=str(error))
