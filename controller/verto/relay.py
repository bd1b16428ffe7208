"""One page's telephone: pairs the page's socket with a login at mod_verto, and outlives both.

              page gone                      grace is over
    PAIRED ──────────────► ALONE ──────────────────────────────► OVER (its calls are ended)
       ▲                     │
       └─────────────────────┘ the same page, by its ticket

Responsible for whose calls are whose, and for what each side missed while it was away. What may pass is
`policy`'s business. Everything runs on the hub; only a send to the page may block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import partial
from typing import Any

import gevent
import structlog

from controller.verto import policy
from controller.verto.caller import Caller, Right
from controller.verto.messages import (
    Code,
    Note,
    Reply,
    Request,
    RpcError,
    error_text,
    note_text,
    request_text,
    result_text,
)
from controller.verto.page import Page, PageCall, PageGone, Way
from controller.verto.policy import DestinationRefused, Destinations
from controller.verto.upstream import Upstream

MAX_CALLS = 4
"""At once on one page: one is talked to, others ring or are held."""
MAX_MISSED = 64
"""Messages kept for a page that is away."""
NO_CALL = RpcError(Code.CALL_ERROR, "CALL DOES NOT EXIST")

log = structlog.get_logger(__name__)


class Phase(Enum):
    """Whether the page is there."""

    ALONE = auto()
    PAIRED = auto()
    OVER = auto()


def _nothing() -> None:
    """An incoming call holds no place."""


class Relay:
    """`taken(call_id)`: whether another page has this call. `over` is told once, at the end."""

    def __init__(
        self,
        caller: Caller,
        ticket: str,
        connect: Callable[[Relay], Upstream],
        destinations: Destinations,
        *,
        grace_s: float,
        taken: Callable[[str], bool],
        over: Callable[[Relay], None],
    ) -> None:
        self.caller = caller
        self.ticket = ticket
        self.phase = Phase.ALONE
        self.calls: dict[str, PageCall] = {}
        self._destinations = destinations
        self._grace_s = grace_s
        self._taken = taken
        self._over = over
        self._page: Page | None = None
        self._missed: deque[str] = deque(maxlen=MAX_MISSED)
        self._grace: gevent.Greenlet | None = None
        self._before: frozenset[str] = frozenset()
        self.upstream = connect(self)

    # --- the page comes and goes -------------------------------------------------------------

    def pair(self, page: Page, welcome: Callable[[], str], holding: frozenset[str]) -> None:
        """A page speaks from now on; it still has the sound of the calls `holding`. Raises PageGone."""
        before, self._page = self._page, page
        if before is not None:
            before.replaced()
        if self._grace is not None:
            self._grace.kill(block=False)
            self._grace = None
        self.phase = Phase.PAIRED
        page.send(welcome())
        missed, self._missed = list(self._missed), deque(maxlen=MAX_MISSED)
        for text in missed:
            self._tell(text)
        mute = [
            call for call in self.calls.values() if call.offered is None and call.call_id not in holding
        ]
        if mute:
            self.upstream.connect_anew()

    def unpair(self, page: Page) -> None:
        """This socket is gone."""
        if self._page is page and self.phase is Phase.PAIRED:
            self._page = None
            self.phase = Phase.ALONE
            if not self.calls:
                self.close()  # nothing that it could come back to
                return
            self._grace = gevent.spawn_later(self._grace_s, self.close)

    def close(self) -> None:
        """End all calls, and the login."""
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.OVER
        for call_id in list(self.calls):
            self._refuse(call_id, 16)
            self._forget(call_id)
        self.upstream.close()
        self._over(self)

    def tell(self, text: str) -> None:
        """Something for the page; kept for it while it is away."""
        if self.phase is not Phase.OVER:
            self._tell(text)

    # --- what the page says ------------------------------------------------------------------

    def receive(self, message: Request | Reply | Note) -> None:
        """A message of the page, in its order."""
        if not isinstance(message, Request):
            return  # answers to our pushes tell nothing
        try:
            self._ask(message)
        except RpcError as error:
            self._tell(error_text(message.id, error))
        except DestinationRefused as error:
            self._tell(error_text(message.id, RpcError(Code.DESTINATION, str(error))))

    def _ask(self, asked: Request) -> None:
        params = policy.outward(asked.method, asked.params, self.caller)
        call_id = params["dialogParams"]["callID"]
        if asked.method == "verto.invite":
            self._begin(call_id, policy.destination_of(asked.params))
        elif call_id not in self.calls:
            raise NO_CALL
        call = self.calls[call_id]
        match asked.method:
            case "verto.bye" if not self.upstream.up:
                call.ending = params
                self._tell(result_text(asked.id, {"callID": call_id, "message": "CALL ENDED"}))
                return
            case "verto.modify" if params["action"] == "transfer":
                self._destinations.check(params["destination"], self.caller)
            case "verto.answer":
                if call.offered is None:
                    raise NO_CALL
                call.offered = None
        self.upstream.ask(asked.method, params, lambda reply: self._answer(asked, call, reply))

    def _begin(self, call_id: str, number: str) -> None:
        if call_id in self.calls or self._taken(call_id):
            raise RpcError(Code.CALL_ERROR, "this callID is in use")
        if len(self.calls) >= MAX_CALLS:
            raise RpcError(Code.DESTINATION, f"at most {MAX_CALLS} calls at once")
        leave = self._destinations.admit(number, self.caller)
        self.calls[call_id] = PageCall(call_id, Way.OUT, None, leave)

    def _answer(self, asked: Request, call: PageCall, reply: Reply) -> None:
        if reply.error is not None:
            if asked.method in ("verto.invite", "verto.bye"):
                self._forget(call.call_id)
            about = policy.inward_answer(reply.error.data)
            self._tell(error_text(asked.id, RpcError(reply.error.code, reply.error.message, about)))
            return
        if asked.method == "verto.bye":
            self._forget(call.call_id)
        self._tell(result_text(asked.id, policy.inward_answer(reply.result)))

    # --- what mod_verto says -----------------------------------------------------------------

    def on_request(self, method: str, params: Mapping[str, Any]) -> None:
        """A request of mod_verto; it has been acknowledged."""
        if method == "verto.clientReady":
            self._reconcile(params.get("reattached_sessions"))
            return
        told = policy.inward(method, params)
        if told is None:
            return
        call_id = told["callID"]
        match method:
            case "verto.invite":
                if not self._rings(call_id, told):
                    return
            case "verto.attach":
                call = self.calls.get(call_id)
                if call is None or call.ending is not None:
                    self._refuse(call_id, 16)
                    return
                call.offered = None
            case _ if call_id not in self.calls:
                return
        self._tell(request_text(0, method, told))
        if method == "verto.bye":
            self._forget(call_id)

    def _rings(self, call_id: str, told: Mapping[str, Any]) -> bool:
        nobody = self.phase is not Phase.PAIRED or Right.RECEIVE not in self.caller.rights
        if nobody or len(self.calls) >= MAX_CALLS:
            self._refuse(call_id, 17)
            return False
        self.calls[call_id] = PageCall(call_id, Way.IN, told, _nothing)
        return True

    def _reconcile(self, reattached: object) -> None:
        """After a login: calls from before it that are not offered again are asked for. mod_verto still
        has them when it had not noticed yet that the old connection was lost."""
        alive = reattached if isinstance(reattached, list) else []
        for call_id in [each for each in self.calls if each in self._before and each not in alive]:
            params = {"dialogParams": {"callID": call_id}, "action": "none"}
            self.upstream.ask("verto.modify", params, partial(self._asked_for, call_id))

    def _asked_for(self, call_id: str, reply: Reply) -> None:
        gone = reply.error is not None and reply.error.message == NO_CALL.message
        if gone and call_id in self.calls:
            lost = {"callID": call_id, "causeCode": 41, "cause": "FREESWITCH_RESTARTED"}
            self._tell(request_text(0, "verto.bye", lost))
            self._forget(call_id)

    def on_up(self) -> None:
        """Logged in."""
        self._before = frozenset(self.calls)
        self._tell(note_text("freeswitch", state="up"))

    def on_down(self, _why: str) -> None:
        """mod_verto is away; its calls go on without signalling."""
        self._tell(note_text("freeswitch", state="away"))

    # --- small things ------------------------------------------------------------------------

    def _refuse(self, call_id: str, code: int) -> None:
        """Hang up without the page."""
        params = {"dialogParams": {"callID": call_id}, "causeCode": code, "cause": policy.CAUSES[code]}
        self.upstream.ask("verto.bye", params, lambda _reply: None)

    def _forget(self, call_id: str) -> None:
        call = self.calls.pop(call_id, None)
        if call is not None:
            call.leave()

    def _tell(self, text: str) -> None:
        page = self._page
        if page is None:
            self._missed.append(text)
            return
        try:
            page.send(text)
        except PageGone:
            self._missed.append(text)
            self.unpair(page)
