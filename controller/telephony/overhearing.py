"""What a caller and a person say to each other after a bot has handed the caller over.

    the caller's fork ──► a scribe     (goes on from the bot's conversation, which hears no more)
    the person's fork ──► a scribe     (begun here, with a token of its own)

Responsible for both forks from the hand-over until one of the two hangs up. Nobody is answered here.
Must never know a session, an engine, or what becomes of the words: a scribe is asked for, and fed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Protocol

import gevent
import structlog

from controller.telephony.audio_fork import AudioFork
from controller.telephony.audio_in import PhoneAudioIn
from controller.telephony.call import Call
from controller.telephony.commands import Api, Command
from controller.telephony.esl.event import Event
from controller.telephony.esl.inbound import FreeSwitchLink
from controller.telephony.esl.message import Reply
from controller.telephony.media_door import MediaDoor

log = structlog.get_logger(__name__)


class Party(StrEnum):
    """Who speaks."""

    CALLER = "caller"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Handover:
    """A caller who is with a person now. `number`: where that person was reached."""

    session_id: str
    bot: str
    number: str


class Pen(Protocol):
    """Writes down what one party says; a `Scribe` is one. Never blocks."""

    def hear(self, frame: bytes) -> None:
        """20 ms of PCM16 mono 16 kHz."""
        ...

    def close(self) -> None:
        """That was all."""
        ...


Pens = Callable[[Handover, Party], Pen]


@dataclass(frozen=True, slots=True)
class _Background:
    """The link as a fork's control: a stop that FreeSWITCH can't finish holds nobody else up."""

    link: FreeSwitchLink

    def command(self, command: Command, timeout_s: float = 5.0) -> Reply:
        """As on the link."""
        return self.link.command(command, timeout_s)

    def api(self, api: Api, timeout_s: float = 5.0) -> str:
        """As a background job."""
        return self.link.bgapi(api, timeout_s)


class Phase(Enum):
    """How far it is."""

    LISTENING = auto()
    OVER = auto()


class Overhearing:
    """One caller and one person. `over` is told once, at the end."""

    def __init__(
        self,
        forks: dict[str, tuple[AudioFork, PhoneAudioIn, Pen]],
        over: Callable[[Overhearing], None],
    ) -> None:
        self.uuids = frozenset(forks)
        self.phase = Phase.LISTENING
        self._forks = forks
        self._over = over
        for _, audio_in, pen in forks.values():
            gevent.spawn(_follow, audio_in, pen)

    def on_event(self, event: Event) -> None:
        """Of one of the two channels; nothing here blocks."""
        if event.name == "CUSTOM":
            self._forks[event.uuid][0].on_event(event)
        elif event.name == "CHANNEL_HANGUP_COMPLETE":
            self.end()

    def end(self) -> None:
        """One of them is gone, or we are: what was heard is still written down."""
        if self.phase is Phase.OVER:
            return
        self.phase = Phase.OVER
        for fork, audio_in, _ in self._forks.values():
            audio_in.close()
            gevent.spawn(fork.stop)
        self._over(self)


def _follow(audio_in: PhoneAudioIn, pen: Pen) -> None:
    """The greenlet of one party."""
    try:
        for frame in audio_in.frames():
            pen.hear(frame)
    finally:
        pen.close()


class Overhearings:
    """All of a process. `pens` gives who writes; None: nobody listens."""

    def __init__(self, link: FreeSwitchLink, door: MediaDoor) -> None:
        self.pens: Pens | None = None
        self._control = _Background(link)
        self._door = door
        self._live: dict[str, Overhearing] = {}

    def __len__(self) -> int:
        return len(frozenset(self._live.values()))

    def begin(self, call: Call, person_uuid: str, number: str) -> None:
        """The caller of `call` is bridged to this channel just now. Does nothing when they hung up."""
        if self.pens is None or call.live is None:
            return
        ears = call.give_ears()
        if ears is None:
            return
        handover = Handover(call.live.session_id, call.live.bot, number)
        callers, theirs = PhoneAudioIn(), PhoneAudioIn()
        fork = AudioFork(
            person_uuid,
            self._control,
            self._door,
            theirs,
            on_lost=lambda: self._lost(person_uuid),
        )
        ears.hand_on(self._control, callers, lambda: self._lost(call.uuid))
        pens = {party: self.pens(handover, party) for party in Party}
        forks = {
            call.uuid: (ears, callers, pens[Party.CALLER]),
            person_uuid: (fork, theirs, pens[Party.AGENT]),
        }
        overhearing = Overhearing(forks, self._forget)
        self._live |= dict.fromkeys(overhearing.uuids, overhearing)
        fork.start()
        log.info("listening to caller and agent", session_id=handover.session_id, agent=number)

    def on_event(self, event: Event) -> None:
        """Any event of the link; those of other channels are nothing to us."""
        overhearing = self._live.get(event.uuid)
        if overhearing is not None:
            overhearing.on_event(event)

    def reconcile(self, uuids: list[str]) -> None:
        """FreeSWITCH is back and has these channels."""
        alive = frozenset(uuids)
        for overhearing in frozenset(self._live.values()):
            if not overhearing.uuids <= alive:
                overhearing.end()

    def stop(self) -> None:
        """Caller and agent go on without us."""
        for overhearing in frozenset(self._live.values()):
            overhearing.end()

    def _lost(self, uuid: str) -> None:
        """No audio comes from this channel any more."""
        overhearing = self._live.get(uuid)
        if overhearing is not None:
            overhearing.end()

    def _forget(self, overhearing: Overhearing) -> None:
        for uuid in overhearing.uuids:
            self._live.pop(uuid, None)
