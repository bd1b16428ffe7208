"""Bad input for the web audio socket: a table of what people get wrong, and an endless random rest.

Responsible for what is sent. It must never know how the server should take it.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

START: dict[str, Any] = {"type": "start", "format": "pcm16", "sample_rate": 16000}
MAX_FRAME_BYTES = 65536
"""By protocol; one byte more is too large."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes for the TCP connection, outside any WebSocket message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BadInput:
    """`frames` are sent in order, after a proper start if `started`."""

    name: str
    started: bool
    frames: tuple[str | bytes | Raw, ...]


def table() -> list[BadInput]:
    """Every way in which the protocol's tables can be broken, one each."""
    return [*_without_start(), *_wrong_starts(), *_within_a_session(), *_broken_frames()]


def random_inputs(count: int, seed: int) -> Iterator[BadInput]:
    """`count` reproducible pieces of nonsense: half before a start, half within a session."""
    dice = random.Random(seed)
    makers = (_noise, _mutated_json, _nested, _strange_numbers, _surrogates, _raw_frame)
    for number in range(count):
        frames = tuple(dice.choice(makers)(dice) for _ in range(dice.randint(1, 5)))
        yield BadInput(f"random {number}", bool(dice.getrandbits(1)), frames)


def _without_start() -> Iterator[BadInput]:
    first: dict[str, str | bytes] = {
        "audio first": bytes(640),
        "hangup first": '{"type":"hangup"}',
        "dtmf first": '{"type":"dtmf","digit":"5"}',
        "unknown type first": '{"type":"begin"}',
        "no type": '{"format":"pcm16"}',
        "not JSON": "hello?",
        "empty text": "",
        "a JSON list": "[]",
        "a JSON number": "7",
        "a JSON null": "null",
        "a JSON string": '"start"',
    }
    for name, frame in first.items():
        yield BadInput(name, False, (frame,))


def _wrong_starts() -> Iterator[BadInput]:
    wrong: dict[str, tuple[Any, ...]] = {
        "sample_rate": (11025, 0, -16000, "16000", 16000.5, None, True, [], {}, 10**30),
        "format": ("opus", "", 16, None, []),
        "bot": ("no-such-bot", "../../etc/passwd", "", 7, [], {}, "x" * 5000),
        "variables": (7, "x", ["a"]),
        "type": (None, 7, {}, ["start"]),
    }
    for field, values in wrong.items():
        for value in values:
            name = f"start with {field} {json.dumps(value)[:30]}"
            yield BadInput(name, False, (json.dumps({**START, field: value}),))
    for field in ("format", "sample_rate"):
        missing = {key: value for key, value in START.items() if key != field}
        yield BadInput(f"start without {field}", False, (json.dumps(missing),))


def _within_a_session() -> Iterator[BadInput]:
    fields: dict[tuple[str, str], tuple[Any, ...]] = {
        ("dtmf", "digit"): ("x", "E", "55", "", "٣", 5, None, ["5"]),
        ("text", "text"): (7, None, "", ["hi"], {}, "la " * 10_000),
        ("playback", "played_ms"): ("740", None, -1, float("nan"), float("inf"), []),
        ("playback", "reply_id"): (7, None, [], {}),
    }
    whole = {"reply_id": "r", "played_ms": 1}
    for (kind, field), values in fields.items():
        for value in values:
            message = {"type": kind, **(whole if kind == "playback" else {}), field: value}
            yield BadInput(f"{field} {value!r}"[:30], True, (json.dumps(message),))
        yield BadInput(f"{kind} without {field}", True, (json.dumps({"type": kind}),))
    yield BadInput("second start", True, (json.dumps(START),))
    odd: Any
    for odd in ("sing", None, 7, [], {}):
        yield BadInput(f"type {odd!r}", True, (json.dumps({"type": odd}),))
    for text in ("hello?", "", "[]", "7", "null", '"hangup"', "{", '{"type":"dtmf",}'):
        yield BadInput(f"text frame {text!r}", True, (text,))
    yield BadInput("odd length", True, (bytes(641),))
    yield BadInput("one byte", True, (b"\x01",))
    yield BadInput("audio too large", True, (bytes(MAX_FRAME_BYTES + 2),))
    text = json.dumps({"type": "text", "text": "x" * MAX_FRAME_BYTES})
    yield BadInput("text too large", True, (text,))


def _broken_frames() -> Iterator[BadInput]:
    broken = {
        "reserved bit": frame_bytes(0x41, b"hello"),
        "reserved opcode": frame_bytes(0x83, b"hello"),
        "reserved control opcode": frame_bytes(0x8B, b""),
        "long ping": frame_bytes(0x89, bytes(200)),
        "fragmented ping": frame_bytes(0x09, b"hi"),
        "unmasked frame": b"\x81\x02hi",
        "continuation of nothing": frame_bytes(0x80, b"hello"),
        "message inside a message": frame_bytes(0x01, b"he") + frame_bytes(0x81, b"llo"),
        "invalid UTF-8": frame_bytes(0x81, b"\xff\xfe\xfd"),
        "close with half a code": frame_bytes(0x88, b"\x03"),
        "close with a reserved code": frame_bytes(0x88, struct.pack("!H", 1005)),
        "length of 2^62": b"\x82\xff" + struct.pack("!Q", 2**62) + bytes(2 * MAX_FRAME_BYTES),
        "length with the top bit": b"\x82\xff" + struct.pack("!Q", 2**63) + bytes(4),
        "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    }
    for name, data in broken.items():
        yield BadInput(f"{name}, before start", False, (Raw(data),))
        yield BadInput(f"{name}, in a session", True, (Raw(data),))


def frame_bytes(first: int, payload: bytes, mask: bytes = b"\x5a\xa5\x0f\xf0") -> bytes:
    """A masked WebSocket frame with any first byte (RFC 6455 section 5.2), legal or not."""
    size = len(payload)
    short = size < 126
    length = bytes([0x80 | size]) if short else struct.pack("!BH", 0x80 | 126, size)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([first]) + length + mask + masked


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.choice((0, 1, 2, 3, 640, 641, 4096, 65535)))


def _mutated_json(dice: random.Random) -> str:
    messages = (
        {**START, "bot": "demo", "variables": {"a": "b"}},
        {"type": "dtmf", "digit": "5"},
        {"type": "text", "text": "hello"},
        {"type": "playback", "reply_id": "r1", "played_ms": 740},
    )
    letters = list(json.dumps(dice.choice(messages)))
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(letters))
        letters[at] = dice.choice(("", '"', "{", "}", "[", ",", ":", "\\", "\0", "é", "🙂", "9", "-"))
    return "".join(letters)


def _nested(dice: random.Random) -> str:
    depth = dice.choice((10, 500, 5000, 20_000))
    opening, closing = dice.choice((("[", "]"), ('{"type":', "}"), ('{"text":[', "]}")))
    whole = opening * depth + "1" + closing * depth * dice.randint(0, 1)
    return whole[: MAX_FRAME_BYTES - 1]


def _strange_numbers(dice: random.Random) -> str:
    number = dice.choice(("NaN", "-Infinity", "1e999", "-0", "1" * 5000, "0x10", "1_000", "٣"))
    field = dice.choice(("sample_rate", "played_ms", "digit", "type"))
    kind = dice.choice(("start", "playback", "dtmf"))
    return f'{{"type":"{kind}","format":"pcm16","reply_id":"r","{field}":{number}}}'


def _surrogates(dice: random.Random) -> str:
    odd = dice.choice(("\\ud800", "\\udfff\\ud800", "\\u0000", "\u202e\u2066", "\ufeff", "\U0010ffff"))
    return f'{{"type":"{dice.choice(("text", "dtmf", odd))}","text":"{odd}","digit":"{odd}"}}'


def _raw_frame(dice: random.Random) -> Raw:
    payload = dice.randbytes(dice.choice((0, 1, 2, 5, 125, 126, 700)))
    frame = frame_bytes(dice.randrange(256), payload, dice.randbytes(4))
    if dice.random() < 0.2:
        frame = frame[: dice.randint(1, len(frame))]  # and never the rest
    return Raw(frame)
