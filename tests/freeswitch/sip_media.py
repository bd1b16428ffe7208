"""RTP of one phone: G.711 µ-law in 20 ms packets, and digits as RFC 2833 events.

Responsible for packets and when they came. It keeps no time: a packet goes out when somebody speaks;
it must never know SIP.
"""

from __future__ import annotations

import random
import struct
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

import gevent
import numpy as np
from gevent import socket

from tests.freeswitch.sip_message import PCMU, Media
from tests.simulator.phone_leg import FRAME_BYTES

HEADER = struct.Struct("!BBHII")
EVENT = struct.Struct("!BBH")
VERSION = 0x80
MARKER = 0x80
FRAME_SAMPLES = FRAME_BYTES // 2
KEYS = "0123456789*#ABCD"
KEY_FRAMES = 5
"""A key is held for 100 ms, and not heard for as long before the next."""
END_BIT, VOLUME = 0x80, 10
BIAS, CLIP = 132, 32635
"""Of G.711 µ-law, for 16-bit samples."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Came at `at_s` (monotonic)."""

    at_s: float
    sequence: int
    timestamp: int
    payload_type: int
    marker: bool


class RtpSocket:
    """`on_frame` gets 20 ms of PCM16 each. Raises OSError when made without a free port."""

    def __init__(self, host: str, on_frame: Callable[[bytes], None]) -> None:
        self.packets: list[Packet] = []
        self.keys_heard = ""
        self.remote: Media | None = None
        self._on_frame = on_frame
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._sequence, self._timestamp = random.getrandbits(16), random.getrandbits(32)
        self._source = random.getrandbits(32)
        self._talking = False
        self._keys: deque[Iterator[bool]] = deque()
        self._last_key_at: int | None = None
        self._reader = gevent.spawn(self._read)

    def send(self, frame: bytes) -> None:
        """20 ms of PCM16; while a key is pressed its packets go out instead."""
        if self.remote is None:
            return
        if self._keys:
            if not next(self._keys[0], False):
                self._keys.popleft()
            self._talking = False
        else:
            self._packet(PCMU, encode(frame), self._timestamp, marker=not self._talking)
            self._talking = True
        self._timestamp += FRAME_SAMPLES

    def press(self, key: str) -> None:
        """RFC 2833, in the time of the next 200 ms of `send`. Raises ValueError."""
        if len(key) != 1:
            raise ValueError(f"{key!r} is no key")
        self._keys.append(self._key(KEYS.index(key)))

    def close(self) -> None:
        """May be called twice."""
        self._reader.kill()
        self._socket.close()

    def _key(self, event: int) -> Iterator[bool]:
        began = self._timestamp
        for count in range(1, KEY_FRAMES + 1):
            if count == 1:
                began = self._timestamp
            self._event(event, VOLUME, count, began, marker=count == 1)
            yield True
        for _ in range(3):  # RFC 2833 section 2.5.1.4: the end is sent three times
            self._event(event, END_BIT | VOLUME, KEY_FRAMES, began, marker=False)
        for _ in range(KEY_FRAMES - 1):
            yield True

    def _event(self, event: int, flags: int, frames: int, began: int, *, marker: bool) -> None:
        if self.remote and self.remote.events is not None:
            body = EVENT.pack(event, flags, frames * FRAME_SAMPLES)
            self._packet(self.remote.events, body, began, marker=marker)

    def _packet(self, kind: int, payload: bytes, timestamp: int, *, marker: bool) -> None:
        assert self.remote
        second = kind | (MARKER if marker else 0)
        header = HEADER.pack(
            VERSION, second, self._sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self._source
        )
        self._sequence += 1
        try:
            self._socket.sendto(header + payload, (self.remote.host, self.remote.port))
        except OSError:
            self.remote = None  # nobody listens there any more: the call ends by its signalling

    def _read(self) -> None:
        while True:
            try:
                data = self._socket.recv(2048)
            except ConnectionRefusedError:
                continue  # the answer to a packet that came too late
            at_s = monotonic()
            if len(data) < HEADER.size or data[0] >> 6 != 2:
                continue
            _, second, sequence, timestamp, _ = HEADER.unpack_from(data)
            kind = second & 0x7F
            self.packets.append(Packet(at_s, sequence, timestamp, kind, bool(second & MARKER)))
            payload = data[HEADER.size + 4 * (data[0] & 0x0F) :]
            if kind == PCMU:
                pcm = decode(payload)
                for start in range(0, len(pcm), FRAME_BYTES):
                    self._on_frame(pcm[start : start + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"))
            elif self.remote and kind == self.remote.events and len(payload) >= EVENT.size:
                event, flags, _ = EVENT.unpack_from(payload)
                self._hear_key(event, flags, timestamp)

    def _hear_key(self, event: int, flags: int, began: int) -> None:
        if flags & END_BIT and began != self._last_key_at and event < len(KEYS):
            self._last_key_at = began
            self.keys_heard += KEYS[event]


def decode(payload: bytes) -> bytes:
    """µ-law to PCM16."""
    return DECODED[np.frombuffer(payload, dtype=np.uint8)].tobytes()


def encode(pcm: bytes) -> bytes:
    """PCM16 to µ-law."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
    sign = np.where(samples < 0, 0x80, 0)
    size = np.minimum(np.abs(samples), CLIP) + BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    encoded: bytes = (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes()
    return encoded


def _table() -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    code = ~np.arange(256) & 0xFF
    size = (((code & 0x0F) << 3) + BIAS << ((code >> 4) & 0x07)) - BIAS
    return np.where(code & 0x80, -size, size).astype("<i2")


DECODED = _table()
