"""Audio brought to FreeSWITCH over the call's media socket, for when no directory is shared.

Responsible for the `streamAudio` messages of mod_audio_stream and for the `::play` events that tell
where it put the audio. While the media socket is away the audio waits; what was not acknowledged is
sent again when it is back. It must never know when something is played.

mod_audio_stream deletes its files when the stream stops, and the next stream gives the same names to
other audio. So when a new socket comes, the playback is told to bring everything anew.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import gevent
import structlog
from gevent.event import Event as Flag

from controller.telephony.audio_in import PhoneAudioIn, Send
from controller.telephony.checks import BadArgument, check_path
from controller.telephony.delivery import DeliveryFailed, Ready
from controller.telephony.esl.event import Event
from media.pcm import RATE

MAX_WAITING = 64
"""Files not acknowledged; a playback has three at a time."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: str
    ready: Ready


class SocketDelivery:
    """A Delivery for one call."""

    def __init__(self, audio_in: PhoneAudioIn) -> None:
        """`audio_in` tells when the media socket comes and goes."""
        audio_in.on_line = self._line
        self._waiting: dict[str, _Waiting] = {}
        self._unsent: deque[str] = deque()
        self._send: Send | None = None
        self._vanished: Callable[[], None] | None = None
        self._delivered = False
        self._wake = Flag()
        self._pump: gevent.Greenlet | None = None

    def watch(self, vanished: Callable[[], None]) -> None:
        """Told when a media socket has replaced the one that had brought something."""
        self._vanished = vanished

    def put(self, name: str, pcm: bytes, ready: Ready) -> None:
        """Send it when the media socket is there. Raises DeliveryFailed when too much waits."""
        if len(self._waiting) >= MAX_WAITING:
            raise DeliveryFailed(f"{MAX_WAITING} pieces of audio wait for the media socket")
        self._waiting[name] = _Waiting(stream_audio(name, pcm), ready)
        self._unsent.append(name)
        if self._pump is None:
            self._pump = gevent.spawn(self._run)
        self._wake.set()

    def remove(self, name: str) -> None:
        """Don't send it any more. FreeSWITCH's file goes with the media stream."""
        self._waiting.pop(name, None)

    def on_event(self, event: Event) -> None:
        """`mod_audio_stream::play`: the audio lies in a file."""
        if event.subclass != "mod_audio_stream::play":
            return
        try:
            told = json.loads(event.body)
            name, place = str(told["id"]), check_path(str(told["file"]))
        except (ValueError, KeyError, TypeError, RecursionError, BadArgument) as exc:
            log.warning("a play event that can't be read", call=event.uuid, why=str(exc)[:200])
            return
        waiting = self._waiting.pop(name, None)
        if waiting is not None:
            self._delivered = True
            waiting.ready(place)

    def close(self) -> None:
        """The call is over."""
        self._waiting.clear()
        self._unsent.clear()
        if self._pump is not None:
            self._pump.kill(block=False)

    def _line(self, send: Send | None) -> None:
        self._send = send
        if send is not None and self._delivered:
            self._delivered = False
            if self._vanished is not None:
                self._vanished()
        self._unsent = deque(self._waiting)  # in the order in which they were put
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._send is not None and self._unsent:
                waiting = self._waiting.get(self._unsent.popleft())
                if waiting is not None:
                    self._post(self._send, waiting.message)

    def _post(self, send: Send, message: str) -> None:
        try:
            send(message)
        except ConnectionError as exc:
            log.info("media socket gone while sending audio", why=str(exc))
            if self._send is send:
                self._send = None  # what was not acknowledged goes over the next one


def stream_audio(name: str, pcm: bytes) -> str:
    """mod_audio_stream's message for PCM16 mono 16 kHz; the event brings `id` back."""
    data = {
        "audioDataType": "raw",
        "sampleRate": RATE,
        "audioData": b64encode(pcm).decode("ascii"),
        "id": name,
    }
    return json.dumps({"type": "streamAudio", "data": data}, separators=(",", ":"))
