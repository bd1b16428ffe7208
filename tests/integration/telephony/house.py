"""The telephone side against a simulated FreeSWITCH, with a kernel that does what the test says.

Responsible for starting and stopping both with real sockets between them. It must never know what is
being tested.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import gevent
from gevent.queue import Queue

from controller.gateway.server import create_app, serve
from controller.session.happenings import Watcher
from controller.session.ports import AudioIn, AudioOut
from controller.session.registry import Prepare, SessionRegistry, UnknownBot
from controller.telephony.endpoints import Endpoints
from controller.telephony.routing import Numbers
from controller.telephony.service import Telephony, TelephonyOptions
from media.tts.base import Clip
from tests.simulator.freeswitch.audio_api import stream_of
from tests.simulator.freeswitch.audio_stream import Stage
from tests.simulator.freeswitch.phones import SimPhone
from tests.simulator.freeswitch.simulator import FakeFreeSwitch
from tests.unit.gateway.fakes import FakeSession, make_deps, tone

LIMIT_S = 5.0


class PhoneSession(FakeSession):
    """A session that can talk."""

    def talks(self, ms: int = 1000, reply_id: str = "r1", chunk: int = 0) -> None:
        """Play a tone as one chunk."""
        self.say(reply_id, chunk, "la", Clip(tone(ms), 16_000))


class PhoneOpener:
    """SessionOpener; `opened` gives each new session to the test."""

    def __init__(self, max_sessions: int) -> None:
        self.registry = SessionRegistry(max_sessions)
        self.opened: Queue[PhoneSession] = Queue()
        self.entry_records: list[bool] = []

    def check_room(self, bot: str | None) -> None:
        self.registry.check_room()
        if bot not in (None, "demo", "other"):
            raise UnknownBot(f"no bot is called {bot!r}")

    def open_session(
        self,
        *,
        entry: str,
        bot: str | None,
        audio_in: AudioIn,
        audio_out: AudioOut,
        variables: Mapping[str, str],
        watchers: Sequence[Watcher] = (),
        entry_records: bool = False,
        prepare: Prepare | None = None,
    ) -> PhoneSession:
        self.check_room(bot)
        self.entry_records.append(entry_records)
        name = f"s{len(self.entry_records)}"
        session = PhoneSession(
            name, bot or "demo", audio_in, audio_out, variables, watchers, self.registry.remove
        )
        session.entry = entry
        self.registry.add(session)
        self.opened.put(session)
        return session


class House:
    """`with House(tmp_path) as house: phone, session = house.call()`"""

    def __init__(self, directory: Path, *, max_sessions: int = 10, **options: Any) -> None:
        self.directory = directory
        self.opener = PhoneOpener(max_sessions)
        self.freeswitch = FakeFreeSwitch(temp_dir=directory)
        self.saved: list[tuple[str, Path]] = []
        self.recorded: set[str] = set()
        self._options = options

    @property
    def spool(self) -> Path:
        """Where audio files lie for a moment."""
        return self.directory / "spool"

    def __enter__(self) -> Self:
        self.freeswitch.start()
        self.telephony = Telephony(
            replace(default_options(self.directory, self.freeswitch.esl_port), **self._options),
            self.opener,
            recorded=self.recorded.__contains__,
            saved=lambda session_id, path: self.saved.append((session_id, path)),
        )
        deps = replace(make_deps(), media_sockets=self.telephony.door)
        self._gateway = serve(create_app(deps), "127.0.0.1", 0)
        self.telephony.start(f"ws://127.0.0.1:{self._gateway.port}")
        self.freeswitch.targets = [("127.0.0.1", self.telephony.server.port)]
        assert self.telephony.link.wait_up(LIMIT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for channel in list(self.freeswitch.channels.values()):
            channel.hangup("MANAGER_REQUEST")  # or `stop` waits for calls to end
        self.telephony.stop()
        self._gateway.stop(timeout=1)
        self.freeswitch.stop()

    def call(self, number: str = "7000", **caller: str) -> tuple[SimPhone, PhoneSession]:
        """A phone calls; it and its session."""
        phone = self.freeswitch.call(number, **caller)
        session = self.opener.opened.get(timeout=LIMIT_S)
        assert phone.answered.wait(LIMIT_S)
        return phone, session

    def calls_with_audio(self) -> int:
        """Channels with an open media socket."""
        streams = map(stream_of, self.freeswitch.channels.values())
        return sum(stream is not None and stream.stage is Stage.OPEN for stream in streams)

    def empty(self) -> bool:
        """Nothing is left of any call."""
        return (
            not self.freeswitch.channels
            and not len(self.telephony.calls)
            and not len(self.opener.registry)
            and self.telephony.server.calls == 0
            and not list(self.spool.iterdir())
        )


def default_options(directory: Path, esl_port: int) -> TelephonyOptions:
    """What the tests need: everything in `directory`, generous limits."""
    return TelephonyOptions(
        host="127.0.0.1",
        port=esl_port,
        password="ClueCon",
        socket_host="127.0.0.1",
        socket_port=0,
        socket_address="",
        playback="files",
        audio_dir=directory / "spool",
        audio_dir_there="",
        recordings_dir=directory / "recordings",
        recordings_dir_there="",
        context="default",
        hold_music="tone_stream://%(1000,4000,425);loops=-1",
        max_calls=20,
        numbers=Numbers({0: "demo", 1: "other"}, {"+493012345": "other"}),
        endpoints=Endpoints(r"10\d\d", "127.0.0.1", "trunk", "+4930000", "Us", 5),
        allowed=(r"10\d\d", r"\+49\d+"),
        per_second=100,
        burst=100,
        max_outgoing=5,
    )


def wait_for(predicate: Callable[[], Any], limit_s: float = LIMIT_S) -> None:
    with gevent.Timeout(limit_s, AssertionError(f"not within {limit_s} s")):
        while not predicate():
            gevent.sleep(0.01)


def loud(frame: bytes) -> bool:
    return max(map(abs, struct.unpack(f"<{len(frame) // 2}h", frame))) > 1000


def listen(phone: SimPhone) -> list[bool]:
    """Whether each frame heard from now on is loud."""
    heard: list[bool] = []
    phone.on_audio = lambda frame: heard.append(loud(frame))
    return heard
