"""A phone in a person's hand at the simulated FreeSWITCH: dials, or is registered and picks up.

Responsible for looking like `tests.freeswitch.sip_phone.SipPhone`, so that the same tests hold a call
over either FreeSWITCH. It must never know the program under test.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import gevent
from gevent.event import Event

from tests.freeswitch.sip_behaviour import Answers, Behaviour, RingsForever
from tests.simulator.freeswitch import phones
from tests.simulator.freeswitch.phones import SimPhone
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.simulator.phone_leg import Heard


class Handset:
    """A PhoneLeg for one call of one user."""

    def __init__(self, switch: FakeFreeSwitch, user: str) -> None:
        self.user = user
        self.behaviour: Behaviour = Answers()
        self.answered, self.ended = Event(), Event()
        self._switch = switch
        self._phone: SimPhone | None = None
        self._on_audio: Heard = lambda frame: None
        self._waiting: gevent.Greenlet | None = None

    def dial(self, number: str) -> Self:
        """Call; comes back at once."""
        self._take(self._switch.call(number, caller=self.user))
        return self

    def registers(self) -> Self:
        """Be reachable by the user's name, and behave as `behaviour` says."""
        self._switch.phone(self.user, _outcome(self.behaviour))
        self._waiting = gevent.spawn(self._pick_up)
        return self

    @property
    def cause(self) -> str:
        """The hang-up cause; "" while it lives."""
        return self._phone.cause if self._phone else ""

    @property
    def on_audio(self) -> Heard:
        """Whom what is heard is given to."""
        return self._on_audio

    @on_audio.setter
    def on_audio(self, heard: Heard) -> None:
        self._on_audio = heard
        if self._phone is not None:
            self._phone.on_audio = heard

    def send(self, frame: bytes) -> None:
        """Say 20 ms."""
        if self._phone is not None:
            self._phone.send(frame)

    def press(self, digit: str) -> None:
        """One key by RFC 2833."""
        if self._phone is not None:
            self._phone.press(digit)

    def press_by_info(self, digit: str) -> None:
        """One key by SIP INFO."""
        if self._phone is not None and self._phone.channel is not None:
            self._phone.channel.dtmf(digit, "INFO", 1280)

    def hang_up(self) -> None:
        """End the call from this side."""
        if self._phone is not None:
            self._phone.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._waiting is not None:
            self._waiting.kill()
        self.hang_up()

    def _take(self, phone: SimPhone) -> None:
        self._phone = phone
        phone.on_audio = self._on_audio
        phone.answered.rawlink(lambda _: self.answered.set())
        phone.ended.rawlink(lambda _: self.ended.set())

    def _pick_up(self) -> None:
        while True:
            phone = self._switch.answered_phones.get()
            if phone.number == self.user:
                self._take(phone)
                return
            self._switch.answered_phones.put(phone)  # another handset's
            gevent.sleep(0.01)


def _outcome(behaviour: Behaviour) -> phones.Behaviour:
    match behaviour:
        case Answers(after_ms):
            return phones.Answers(int(after_ms))
        case RingsForever():
            return phones.NoAnswer()
        case _ if behaviour.early_media:
            return phones.EarlyMediaThenBusy(int(behaviour.after_ms))
        case _:
            return phones.Fails(behaviour.code, int(behaviour.after_ms))
