"""What can go wrong, on demand.

Responsible for: breaking connections and calls as networks and restarts do. It must never be what a
well-behaved FreeSWITCH does by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

from tests.simulator.freeswitch.audio_api import stream_of
from tests.simulator.freeswitch.inbound import InboundListener
from tests.simulator.freeswitch.outbound import OutboundListener

if TYPE_CHECKING:
    from tests.simulator.freeswitch.channel import Channel
    from tests.simulator.freeswitch.listener import Listener


class Faults:
    """Part of FakeFreeSwitch."""

    channels: dict[str, Channel]
    listeners: list[Listener]
    reply_delay_ms: int

    def start(self) -> None:
        """See FakeFreeSwitch."""
        raise NotImplementedError

    def halt(self, cause: str) -> None:
        """See FakeFreeSwitch."""
        raise NotImplementedError

    def drop_esl(self, *, reset: bool = False) -> None:
        """Every inbound event-socket connection ends, with FIN or RST; calls live on."""
        for listener in list(self.listeners):
            if isinstance(listener, InboundListener):
                listener.close(reset=reset)

    def drop_sockets(self, uuid: str, *, reset: bool = False) -> None:
        """A call's outbound socket ends; the dialplan goes on."""
        for listener in list(self.listeners):
            if isinstance(listener, OutboundListener) and listener.channel.uuid == uuid:
                listener.close(reset=reset)

    def drop_audio(self, uuid: str, how: str = "fin") -> None:
        """A call's audio WebSocket is lost: "fin", "rst", or a "close" frame. Raises LookupError."""
        channel = self.channels.get(uuid)
        stream = stream_of(channel) if channel is not None else None
        if stream is None:
            raise LookupError(f"{uuid} has no audio stream")
        stream.lose(how)

    def slow(self, ms: int) -> None:
        """Every reply comes so much later; 0 ends it."""
        self.reply_delay_ms = ms

    def garbage(self, data: bytes) -> None:
        """Bytes that are no event socket protocol, on every connection."""
        for listener in list(self.listeners):
            listener.send(data)

    def restart(self, down_s: float) -> None:
        """All connections and calls are gone; after a while it is back on the same port, empty.
        Returns when it is back."""
        self.halt(cause="SYSTEM_SHUTDOWN")
        gevent.sleep(down_s)
        self.start()
