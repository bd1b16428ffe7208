"""The telephone side of a process as a whole: its connections to FreeSWITCH and the calls on them.

Responsible for putting telephony's parts together and for their start and stop. `controller.app` makes
it when a FreeSWITCH is configured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from controller.session.registry import SessionOpener
from controller.telephony.audio_fork import FORK_EVENTS
from controller.telephony.audio_in import PhoneAudioIn
from controller.telephony.bus import Bus
from controller.telephony.call import Call
from controller.telephony.call_kit import CallKit
from controller.telephony.calls import Calls
from controller.telephony.delivery import Delivery, DeliveryFailed
from controller.telephony.dial import SocketApp
from controller.telephony.dial_notes import DialNotes
from controller.telephony.endpoints import Endpoints
from controller.telephony.esl.event import Event
from controller.telephony.esl.inbound import FreeSwitchLink
from controller.telephony.esl.outbound import OutboundServer
from controller.telephony.guard import Guard
from controller.telephony.media_door import MediaDoor
from controller.telephony.outgoing import Outgoing
from controller.telephony.overhearing import Overhearings
from controller.telephony.recordings import CallRecordings
from controller.telephony.routing import Numbers, Route, inbound_route
from controller.telephony.socket_delivery import SocketDelivery
from controller.telephony.spool import Spool
from controller.telephony.transfer import Transfers

EVENTS = ("BACKGROUND_JOB", "HEARTBEAT", "CHANNEL_PROGRESS", "CHANNEL_PROGRESS_MEDIA",
          "CHANNEL_HANGUP_COMPLETE")  # fmt: skip

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TelephonyOptions:
    """What telephony needs of the settings, see `controller.freeswitch_settings`."""

    host: str
    port: int
    password: str = field(repr=False)
    socket_host: str
    socket_port: int
    socket_address: str
    playback: str
    audio_dir: Path
    audio_dir_there: str
    recordings_dir: Path
    recordings_dir_there: str
    context: str
    hold_music: str
    max_calls: int
    numbers: Numbers
    endpoints: Endpoints
    allowed: tuple[str, ...]
    per_second: float
    burst: int
    max_outgoing: int
    screen: Callable[[str], object] = str


class Telephony:
    """`recorded(bot)`: whether a bot's calls are recorded; `saved(session_id, path)`: one was."""

    def __init__(
        self,
        options: TelephonyOptions,
        opener: SessionOpener,
        *,
        recorded: Callable[[str], bool],
        saved: Callable[[str, Path], None],
    ) -> None:
        self._options = options
        self.door = MediaDoor()
        self.spool = Spool(options.audio_dir, options.audio_dir_there)
        self.link = FreeSwitchLink(
            options.host,
            options.port,
            options.password,
            events=EVENTS,
            subclasses=tuple(sorted(FORK_EVENTS)),
            on_event=self._on_event,
            on_up=self._on_up,
            on_down=self._on_down,
        )
        kit = CallKit(
            opener=opener,
            ask=self.link.api,
            door=self.door,
            delivery=self._delivery,
            recordings=CallRecordings(
                options.recordings_dir, options.recordings_dir_there, wanted=recorded, saved=saved
            ),
        )
        self.calls = Calls(kit, self._route, began=self._began, over=self._over)
        self.server = OutboundServer(
            options.socket_host, options.socket_port, self.calls.take, max_calls=options.max_calls
        )
        self.guard = Guard(
            options.allowed,
            per_second=options.per_second,
            burst=options.burst,
            max_calls=options.max_outgoing,
            screen=options.screen,
        )
        self.notes = DialNotes(self.link)
        self.bus = Bus(self.link, self._unique_id)
        self._opener = opener
        self.outgoing: Outgoing
        self.overhearings = Overhearings(self.link, self.door)
        self.transfers = Transfers(
            self.link,
            self.guard,
            options.endpoints,
            options.context,
            options.hold_music,
            self.overhearings,
        )

    @property
    def up(self) -> bool:
        """Connected to FreeSWITCH."""
        return self.link.up

    def start(self, media_url: str) -> None:
        """Listen for calls and connect, in the background; FreeSWITCH brings audio to `media_url`
        (ws://host:port). Raises OSError when the port is taken or the audio directory can't be used."""
        self.door.base_url = media_url
        self._use_spool()
        self.server.start()
        address = self._options.socket_address or f"{self._options.socket_host}:{self.server.port}"
        host, _, port = address.rpartition(":")
        self.outgoing = Outgoing(
            self.link,
            self.calls,
            self._opener,
            self.guard,
            self._options.endpoints,
            SocketApp(host, int(port)),
            self.notes,
        )
        self.bus.start()
        self.link.start()
        log.info("waiting for calls", host=self._options.socket_host, port=self.server.port)

    def stop(self) -> None:
        """Sessions have ended before; what is left is cut."""
        self.overhearings.stop()
        self.server.stop(timeout_s=2)
        self.bus.stop()
        self.link.stop()
        try:
            self._use_spool()
        except OSError as error:
            log.warning("audio files were not removed", error=str(error))

    def _use_spool(self) -> None:
        if self._options.playback == "files":
            try:
                self.spool.clean_up()
            except DeliveryFailed as error:
                raise OSError(str(error)) from error

    def stats(self) -> dict[str, object]:
        """Numbers for an operator."""
        return {
            "freeswitch": "up" if self.link.up else f"away: {self.link.last_error}",
            "calls": len(self.calls),
            "calls_out": self.guard.under_way,
            **{f"bus_{name}": count for name, count in self.bus.counts.items()},
        }

    def _delivery(self, audio_in: PhoneAudioIn) -> Delivery:
        return SocketDelivery(audio_in) if self._options.playback == "socket" else self.spool

    def _route(self, channel: Event) -> Route:
        return inbound_route(channel, self._options.numbers)

    def _began(self, call: Call) -> None:
        self.outgoing.answered(call)

    def _over(self, call: Call) -> None:
        self.outgoing.over(call)

    def _unique_id(self, session_id: str) -> str:
        call = self.calls.of_session(session_id)
        return call.uuid if call is not None else ""

    def _on_event(self, event: Event) -> None:
        self.overhearings.on_event(event)
        match event.name:
            case "CHANNEL_PROGRESS" | "CHANNEL_PROGRESS_MEDIA":
                self.outgoing.ringing(event.uuid)
            case "CUSTOM":
                self.calls.on_fork_event(event)
            case "CHANNEL_HANGUP_COMPLETE":
                call = self.calls.get(event.uuid)
                if call is not None:
                    call.hung_up(event.get("Hangup-Cause"))

    def _on_up(self, uuids: list[str]) -> None:
        log.info("connected to FreeSWITCH", channels=len(uuids))
        self.calls.reconcile(uuids)
        self.overhearings.reconcile(uuids)

    def _on_down(self, why: str) -> None:
        log.warning("FreeSWITCH is away", why=why)
