"""A SIP phone for a real FreeSWITCH: one user, one call, G.711 µ-law.

Responsible for the call: dial, be registered and called, hang up, from either side. What is said and
heard is a matter of `sip_media` and of whoever holds the phone, a PhoneLeg. It must never know
FreeSWITCH, nor what is being tested.

    with PhoneCaller(SipPhone(("127.0.0.1", 5060), "1001", password).dial("7000")) as caller: ...

    phone.registers()
    phone.behaviour = Refuses(486)      # whoever calls 1001 now meets that
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Self

import gevent
from gevent.event import Event

from tests.freeswitch.sip_behaviour import Answers, Behaviour, Phase, Refuses, RingsForever
from tests.freeswitch.sip_media import RtpSocket
from tests.freeswitch.sip_message import SipMessage, address_in, media_of, offer, reason_of
from tests.freeswitch.sip_transport import T1_S, TRANSACTION_S, SipTransport
from tests.simulator.audio import FRAME_MS, frames, tone
from tests.simulator.phone_leg import FRAME_BYTES, RATE, Heard

END_S = 2.0
"""A call that was hung up is over after this, whatever the other side says."""
HUNG_UP, NO_ANSWER = "NORMAL_CLEARING", "NO_ANSWER"


class NotRegistered(ConnectionError):
    """The registrar refused, or did not answer."""


class SipPhone:
    """`server` is where SIP goes to; `domain` the part after the @, its host without another.

    `cause` is the hang-up cause that the other side told, else its SIP code.
    """

    def __init__(
        self,
        server: tuple[str, int],
        user: str = "1001",
        password: str = "",
        *,
        domain: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        self.answered, self.ended, self.ringing = Event(), Event(), Event()
        self.cause = ""
        self.on_audio: Heard = lambda frame: None
        self.behaviour: Behaviour = Answers()
        self.invitation: SipMessage | None = None
        """The INVITE that made the call, sent or received."""
        self.codes: list[int] = []
        """All responses to our INVITE."""
        self.sdp_version = 0
        """Counts our offers and answers."""
        self.user, self.host, self.domain = user, host, domain or server[0]
        self.media = RtpSocket(host, lambda frame: self.on_audio(frame))
        self._sip = SipTransport(server, host, (user, password), self._take)
        self._phase = Phase.IDLE
        self._call_id, self._tag = secrets.token_hex(8), secrets.token_hex(4)
        self._local = self._remote = self._target = ""
        self._proceeding, self._acknowledged = Event(), Event()
        self._tasks: list[gevent.Greenlet] = []

    @property
    def port(self) -> int:
        """Where this phone is spoken to, UDP."""
        return self._sip.port

    @property
    def server(self) -> tuple[str, int]:
        """Where its SIP goes to."""
        return self._sip.server

    @server.setter
    def server(self, server: tuple[str, int]) -> None:
        self._sip.server = server

    # The phone in a person's hand

    def dial(self, number: str) -> Self:
        """Call; comes back at once. Raises RuntimeError on a phone that was used."""
        if self._phase is not Phase.IDLE:
            raise RuntimeError(f"this phone is {self._phase}: one call a phone")
        self._phase = Phase.CALLING
        self._target = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        self._local = f"<sip:{self.user}@{self.domain}>;tag={self._tag}"
        self._remote = f"<sip:{number}@{self.domain}>"
        self._spawn(self._call)
        return self

    def registers(self, expires_s: int = 300) -> Self:
        """Be reachable by the user's name; 0 s ends that. Raises NotRegistered."""
        me = f"<sip:{self.user}@{self.domain}>"
        about = {"from": f"{me};tag={secrets.token_hex(4)}", "to": me, "expires": str(expires_s)}
        about["call-id"] = secrets.token_hex(8)
        _, final = self._sip.ask(self._sip.make("REGISTER", f"sip:{self.domain}", about), limit_s=5)
        if final is None or final.code != 200:
            raise NotRegistered(final.start if final else f"no answer from {self.server}")
        return self

    def send(self, frame: bytes) -> None:
        """Say 20 ms: PCM16, 320 bytes."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame of {len(frame)} bytes, not {FRAME_BYTES}")
        if self._phase is Phase.TALKING:
            self.media.send(frame)

    def press(self, digit: str) -> None:
        """One key by RFC 2833, in the time of the next 200 ms that are said. Raises ValueError."""
        self.media.press(digit)

    def press_by_info(self, digit: str) -> None:
        """One key by SIP INFO; waits for its answer."""
        about = {**self._about(), "content-type": "application/dtmf-relay"}
        body = f"Signal={digit}\r\nDuration=160\r\n"
        self._sip.ask(self._sip.make("INFO", self._target, about, body), limit_s=END_S)

    def hang_up(self) -> None:
        """BYE, CANCEL or 486, as the call stands; `ended` is set when the other side knows."""
        todo: dict[Phase, Callable[[], None]] = {
            Phase.CALLING: self._cancel,
            Phase.TALKING: self._bye,
            Phase.CALLED: self._refuse,
        }
        if (task := todo.get(self._phase)) is not None:
            self._phase = Phase.ENDING
            self._spawn(task)
        elif self._phase is Phase.IDLE:
            self._over(HUNG_UP)

    def close(self) -> None:
        """Pull the plug: the other side is told nothing. May be called twice."""
        self._over(HUNG_UP)
        gevent.killall(self._tasks)
        self._sip.close()
        self.media.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self.ended.wait(2 * END_S)
        self.close()

    # Calling

    def _call(self) -> None:
        self.invitation = self._sip.make("INVITE", self._target, self._about(), self._sdp())
        _, final = self._sip.ask(self.invitation, self._progress)
        if final is None:
            return self._over(NO_ANSWER)
        self.codes.append(final.code)
        if final.code >= 300:
            return self._over(reason_of(final.all("reason")) or str(final.code))
        self._remote = final.get("to")
        self._target = address_in(final.get("contact")) or self._target
        self._sip.acknowledge(final, self._target, self._about())
        if self._phase is Phase.ENDING:  # hung up while the answer was on its way
            return self._bye()
        self._talk(final.body)

    def _progress(self, message: SipMessage) -> None:
        if not message.code:
            self.invitation = message  # once more, with the password
            self._proceeding.clear()
            return
        self.codes.append(message.code)
        self._proceeding.set()
        if message.code > 100:
            self.media.remote = media_of(message.body) or self.media.remote
            self.ringing.set()

    def _cancel(self) -> None:
        self._proceeding.wait(END_S)  # RFC 3261 9.1: not before something has answered
        if self.invitation:
            self._sip.cancel(self.invitation)
        self.ended.wait(END_S)  # by the 487 to the INVITE
        self._over(HUNG_UP)

    def _bye(self) -> None:
        self._sip.ask(self._sip.make("BYE", self._target, self._about()), limit_s=END_S)
        self._over(HUNG_UP)

    # Being called

    def _take(self, asked: SipMessage) -> None:
        """A request of the other side."""
        ours = asked.get("call-id") == self._call_id
        match asked.method:
            case "ACK":
                self._acknowledged.set()
            case "INVITE" if ours:  # again, in the call: hold, or media that moved
                self.media.remote = media_of(asked.body) or self.media.remote
                self._sip.answer(asked, 200, self._tag, self._sdp())
            case "INVITE" if self._phase is Phase.IDLE:
                self._phase, self._call_id = Phase.CALLED, asked.get("call-id")
                self._spawn(self._ring, asked)
            case "INVITE":
                self._sip.answer(asked, 486, self._tag)
            case "BYE" | "CANCEL" if not ours:
                self._sip.answer(asked, 481, self._tag)
            case "BYE" | "CANCEL":
                self._sip.answer(asked, 200, self._tag)
                if asked.method == "CANCEL" and self._phase is Phase.CALLED and self.invitation:
                    self._sip.answer(self.invitation, 487, self._tag)
                self._over(reason_of(asked.all("reason")) or asked.method)
            case _:
                self._sip.answer(asked, 200, self._tag)

    def _ring(self, invitation: SipMessage) -> None:
        self.invitation = invitation
        self._local = f"{invitation.get('to')};tag={self._tag}"
        self._remote, self._target = invitation.get("from"), address_in(invitation.get("contact"))
        self.media.remote = media_of(invitation.body)
        plan = self.behaviour
        early = isinstance(plan, Refuses) and plan.early_media
        self._sip.answer(invitation, 183 if early else 180, self._tag, self._sdp() if early else "")
        self.ringing.set()
        if isinstance(plan, RingsForever):
            return
        if early:
            self._spawn(self._busy_tone)
        if self.ended.wait(plan.after_ms / 1000) or self._phase is not Phase.CALLED:
            return
        if isinstance(plan, Refuses):
            self._refuse(plan.code)
        else:
            self._pick_up(invitation)

    def _busy_tone(self) -> None:
        for frame in frames(tone(425, 60_000, rate=RATE).samples, RATE):
            if self.ended.wait(FRAME_MS / 1000):
                return
            self.media.send(frame.tobytes())

    def _pick_up(self, invitation: SipMessage) -> None:
        sdp, wait_s, until_s = self._sdp(), T1_S, TRANSACTION_S
        self._talk(invitation.body)
        while not self.ended.is_set() and wait_s < until_s:
            self._sip.answer(invitation, 200, self._tag, sdp)
            if self._acknowledged.wait(wait_s):
                return
            wait_s *= 2

    def _refuse(self, code: int = 486) -> None:
        if self.invitation:
            self._sip.answer(self.invitation, code, self._tag)
        self._over(str(code))

    # Both

    def _talk(self, sdp: str) -> None:
        self.media.remote = media_of(sdp) or self.media.remote
        self._phase = Phase.TALKING
        self.answered.set()

    def _over(self, cause: str) -> None:
        self._phase = Phase.OVER
        self.media.remote = None
        self.cause = self.cause or cause
        self.ended.set()

    def _about(self) -> dict[str, str]:
        return {"from": self._local, "to": self._remote, "call-id": self._call_id}

    def _sdp(self) -> str:
        self.sdp_version += 1
        return offer(self.host, self.media.port, self.sdp_version, self.media.remote)

    def _spawn(self, task: Callable[..., None], *arguments: Any) -> None:
        self._tasks.append(gevent.spawn(task, *arguments))
