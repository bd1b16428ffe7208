"""Tokens that let FreeSWITCH's media sockets in: random, for one use, for one call, for a moment.

Responsible for who may connect, and for which call. It must never know what is sent, or a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from time import monotonic
from typing import Protocol

from controller.telephony.audio_in import Send

EXPIRES_S = 5.0
"""FreeSWITCH connects 1 ms after the command, and gives up its handshake after a second."""
TOKEN_BYTES = 32


class MediaSocket(Protocol):
    """The call's end of an admitted socket; called by the one who serves it."""

    def opened(self, send: Send) -> None:
        """The handshake is done."""
        ...

    def feed(self, pcm: bytes) -> bool:
        """Audio, PCM16 mono 16 kHz; False: no more is wanted. Raises ValueError for odd bytes."""
        ...

    def closed(self, why: str) -> None:
        """The socket is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Ticket:
    """What FreeSWITCH is told."""

    token: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Expected:
    call_uuid: str
    socket: MediaSocket
    until: float


class MediaDoor:
    """One for the process. Only hashes of tokens are kept, and looked up: how long that takes says
    nothing about a token."""

    def __init__(self, base_url: str = "", clock: Callable[[], float] = monotonic) -> None:
        """`base_url`: as FreeSWITCH reaches the gateway, such as `ws://controller:8080`; it may be set
        later, before the first call."""
        self.base_url = base_url
        self._clock = clock
        self._expected: dict[bytes, _Expected] = {}

    def expect(self, call_uuid: str, socket: MediaSocket, within_s: float = EXPIRES_S) -> Ticket:
        """Let one socket in for this call, within that time; the call's earlier tokens are void."""
        now = self._clock()
        self._expected = {
            key: expected
            for key, expected in self._expected.items()
            if expected.until > now and expected.call_uuid != call_uuid
        }
        token = token_urlsafe(TOKEN_BYTES)
        self._expected[_key(token)] = _Expected(call_uuid, socket, now + within_s)
        return Ticket(token, f"{self.base_url.rstrip('/')}/ws/freeswitch/{token}")

    def admit(self, token: str) -> MediaSocket | None:
        """Whom the token lets in, once; None when it is unknown, used, void or too old."""
        expected = self._expected.pop(_key(token), None)
        if expected is None or expected.until <= self._clock():
            return None
        return expected.socket

    def withdraw(self, token: str) -> None:
        """Nobody comes with it any more."""
        self._expected.pop(_key(token), None)


def _key(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
