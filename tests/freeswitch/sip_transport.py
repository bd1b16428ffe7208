"""SIP over UDP: a request gets its answer or none, a request that comes again gets the same answer.

Responsible for transactions: repeating what may be lost, matching answers, digest challenges. It must
never know what a call is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

import gevent
from gevent import socket
from gevent.queue import Empty, SimpleQueue

from tests.freeswitch.sip_message import (
    BadMessage,
    SipMessage,
    authorization,
    parse,
    request,
    response,
)

T1_S = 0.5
"""RFC 3261 17.1.1.1: what is not answered is sent again after this, then after twice as long…"""
TRANSACTION_S = 64 * T1_S
CHALLENGES = {
    401: ("www-authenticate", "authorization"),
    407: ("proxy-authenticate", "proxy-authorization"),
}

Answered = Callable[[SipMessage], None]
log = logging.getLogger(__name__)


def ignore(message: SipMessage) -> None:
    """For who does not care."""


class SipTransport:
    """One UDP port that talks with one server. `on_request` is called on the reading greenlet and must
    not wait for anything of the network."""

    def __init__(
        self,
        server: tuple[str, int],
        host: str,
        credentials: tuple[str, str],
        on_request: Callable[[SipMessage], None],
    ) -> None:
        self.server = server
        self._credentials = credentials
        self._on_request = on_request
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._via = f"SIP/2.0/UDP {host}:{self.port}"
        self._contact = f"<sip:{credentials[0]}@{host}:{self.port}>"
        self._numbers: dict[str, int] = {}  # Call-ID → the last CSeq
        self._pending: dict[tuple[str, str], SimpleQueue[SipMessage]] = {}
        self._answered: dict[tuple[str, str], bytes] = {}
        self._acks: dict[tuple[str, str], SipMessage] = {}
        self._reader = gevent.spawn(self._read)

    def make(self, method: str, uri: str, about: Mapping[str, str], body: str = "") -> SipMessage:
        """A new request of a dialog; `about` has from, to, call-id, and may have more."""
        call = about["call-id"]
        self._numbers[call] = number = self._numbers.get(call, 0) + 1
        own = {"via": self._via, "cseq": f"{number} {method}", "contact": self._contact}
        return request(method, uri, {**own, **about}, body)

    def ask(
        self, asked: SipMessage, on_progress: Answered = ignore, limit_s: float = TRANSACTION_S
    ) -> tuple[SipMessage, SipMessage | None]:
        """The request (as it was sent last: a challenge is answered once) and its final response; None
        if there was none in time. An INVITE that is ringing has no limit. Raises BadMessage."""
        final = self._transact(asked, on_progress, limit_s)
        if final is None or final.code not in CHALLENGES:
            return asked, final
        theirs, ours = CHALLENGES[final.code]
        method, uri = asked.method, asked.start.split()[1]
        proof = authorization(final.get(theirs), method, uri, *self._credentials)
        about = {name: value for name, value in asked.headers if name not in ("via", "cseq")}
        again = self.make(method, uri, {**about, ours: proof}, asked.body)
        on_progress(again)
        return again, self._transact(again, on_progress, limit_s)

    def acknowledge(self, accepted: SipMessage, uri: str, about: Mapping[str, str]) -> None:
        """ACK a 2xx; also when it comes again."""
        number = accepted.get("cseq").split()[0]
        ack = request("ACK", uri, {"via": self._via, "cseq": f"{number} ACK", **about})
        self._acks[accepted.get("call-id"), number] = ack
        self.transmit(ack)

    def cancel(self, invitation: SipMessage) -> None:
        """CANCEL an INVITE that is not answered; its own final response follows."""
        self._transact(_same_branch(invitation, "CANCEL", invitation.get("to")), ignore, T1_S * 4)

    def answer(self, asked: SipMessage, code: int, tag: str, body: str = "") -> None:
        """A response; what it answers gets the same one when it comes again."""
        message = response(asked, code, tag, {"contact": self._contact}, body)
        self._answered[asked.branch, asked.method] = message.to_bytes()
        self.transmit(message)

    def transmit(self, message: SipMessage) -> None:
        """Once, with no care for its fate."""
        self._send(message.to_bytes())

    def close(self) -> None:
        """May be called twice."""
        self._reader.kill()
        self._socket.close()

    def _transact(self, asked: SipMessage, on_progress: Answered, limit_s: float) -> SipMessage | None:
        queue = self._pending[asked.branch, asked.method] = SimpleQueue()
        until_s, wait_s, proceeding = monotonic() + limit_s, T1_S, False
        self.transmit(asked)
        try:
            while True:
                answer = self._next(queue, None if proceeding else min(wait_s, until_s - monotonic()))
                if answer is None:
                    if monotonic() >= until_s:
                        return None
                    self.transmit(asked)
                    wait_s *= 2
                elif answer.code >= 200:
                    if asked.method == "INVITE" and answer.code >= 300:
                        self.transmit(_same_branch(asked, "ACK", answer.get("to")))
                    return answer
                else:
                    proceeding = asked.method == "INVITE"
                    on_progress(answer)
        finally:
            del self._pending[asked.branch, asked.method]

    @staticmethod
    def _next(queue: SimpleQueue[SipMessage], timeout_s: float | None) -> SipMessage | None:
        try:
            message: SipMessage = queue.get(timeout=None if timeout_s is None else max(0.0, timeout_s))
        except Empty:
            return None
        return message

    def _read(self) -> None:
        while True:
            try:
                self._take(parse(self._socket.recv(65536)))
            except ConnectionRefusedError:
                continue  # nobody listened there: whoever waits for an answer gets none in time
            except BadMessage as exc:
                log.warning("ignored: %s", exc)

    def _take(self, message: SipMessage) -> None:
        if not message.code:
            if (known := self._answered.get((message.branch, message.method))) is not None:
                self._send(known)
            else:
                self._on_request(message)
            return
        queue = self._pending.get((message.branch, message.method))
        if queue is not None:
            queue.put(message)
        elif ack := self._acks.get((message.get("call-id"), message.get("cseq").split()[0])):
            self.transmit(ack)  # our first one was lost

    def _send(self, datagram: bytes) -> None:
        with suppress(ConnectionRefusedError):  # of a datagram before: `_transact` notices the silence
            self._socket.sendto(datagram, self.server)


def _same_branch(invitation: SipMessage, method: str, to: str) -> SipMessage:
    """ACK of a refusal and CANCEL belong to the INVITE's transaction (RFC 3261 9.1, 17.1.1.3)."""
    uri, number = invitation.start.split()[1], invitation.get("cseq").split()[0]
    headers = [(name, invitation.get(name)) for name in ("via", "from", "call-id")]
    more = (("to", to), ("cseq", f"{number} {method}"), ("max-forwards", "70"))
    return SipMessage(f"{method} {uri} SIP/2.0", (*headers, *more))
