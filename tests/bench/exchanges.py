"""A FreeSWITCH between callers and the server: the simulated one, or a real one with our configuration.

Responsible for starting it, for the server's settings that go with it, and for phones that call. It must
never know what is measured.
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.bench.calls import NewCaller
from tests.freeswitch.sip_phone import SipPhone
from tests.freeswitch.switch import SECRETS, FreeSwitch, NotStarted, find_program, free_ports
from tests.simulator.bus import Bus, CallRecord
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.simulator.phone_caller import PhoneCaller
from tests.simulator.phone_leg import PhoneLeg

NUMBERS = {
    "demo": "7000",
    "appointment_en": "7001",
    "appointment_zh": "7002",
    "survey_en": "7003",
    "survey_zh": "7004",
    "reminder_en": "7005",
    "reminder_zh": "7006",
    "support_en": "7007",
    "support_zh": "7008",
}
"""Of the bots that come with the product."""
HOST = "127.0.0.1"
USERS = tuple(str(number) for number in range(1000, 1020))
"""Of freeswitch_conf/directory."""


class NoExchange(RuntimeError):
    """There is no such FreeSWITCH here, or it did not start."""


class Exchange(ABC):
    """`with SimulatedExchange() as exchange`; then the server is started with its `settings`."""

    def __init__(self) -> None:
        self.socket_port = free_ports(1)[0]
        self._bus: Bus | None = None

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment of the server."""
        port, password = self._event_socket
        values = {"HOST": HOST, "PORT": str(port), "PASSWORD": password,
                  "SOCKET_PORT": str(self.socket_port)}  # fmt: skip
        return {f"SWITCHTALK_FREESWITCH__{name}": value for name, value in values.items()}

    def call(self, bot: str, user: str) -> tuple[PhoneLeg, CallRecord]:
        """A phone that dials the bot now, and what the server will tell of that call."""
        assert self._bus
        record = self._bus.expect(user)
        return self._dial(NUMBERS[bot], user), record

    def callers(self, **options: Any) -> NewCaller:
        """People with phones, each with a number of their own."""

        def new_caller(bot: str, voice: str, index: int) -> PhoneCaller:
            leg, record = self.call(bot, USERS[index])
            return PhoneCaller(leg, voice=voice, transcript=record, **options)

        return new_caller

    def __enter__(self) -> Self:
        self._start()
        self._bus = Bus(HOST, *self._event_socket).__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bus:
            self._bus.__exit__(kind, error, trace)
        self._stop()

    @property
    @abstractmethod
    def _event_socket(self) -> tuple[int, str]:
        """Port and password."""

    @abstractmethod
    def _start(self) -> None:
        """Raises NoExchange."""

    @abstractmethod
    def _stop(self) -> None: ...

    @abstractmethod
    def _dial(self, number: str, user: str) -> PhoneLeg: ...


class SimulatedExchange(Exchange):
    """In this process; its sockets are real."""

    def _start(self) -> None:
        self._switch = FakeFreeSwitch(password="bench", socket_target=(HOST, self.socket_port))
        self._switch.start()

    def _stop(self) -> None:
        self._switch.stop()

    @property
    def _event_socket(self) -> tuple[int, str]:
        return self._switch.esl_port, self._switch.password

    def _dial(self, number: str, user: str) -> PhoneLeg:
        return self._switch.call(number, caller=user)


class RealExchange(Exchange):
    """A process of its own with the configuration of this checkout, and SIP phones."""

    def _start(self) -> None:
        if find_program() is None:
            raise NoExchange("no FreeSWITCH: install it, or set FREESWITCH_HOME to where its bin/ is")
        self._home = tempfile.TemporaryDirectory(prefix="switchtalk-freeswitch-")
        self._phones: list[SipPhone] = []
        self._switch = FreeSwitch(Path(self._home.name))
        self._switch.ports["controller"] = self.socket_port
        try:
            self._switch.start()
        except NotStarted as exc:
            raise NoExchange(str(exc)) from exc

    def _stop(self) -> None:
        for phone in self._phones:
            phone.close()
        self._switch.stop()
        self._home.cleanup()

    @property
    def _event_socket(self) -> tuple[int, str]:
        return self._switch.ports["ESL_PORT"], SECRETS["ESL_PASSWORD"]

    def _dial(self, number: str, user: str) -> PhoneLeg:
        server = (HOST, self._switch.ports["SIP_PORT"])
        phone = SipPhone(server, user, SECRETS["DEFAULT_PASSWORD"]).dial(number)
        self._phones.append(phone)
        return phone
