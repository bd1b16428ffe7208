"""Framing and events, from the real bytes of FreeSWITCH and from hostile ones."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from time import perf_counter
from urllib.parse import quote

import pytest

from controller.telephony.esl.errors import ProtocolViolation
from controller.telephony.esl.event import Event, parse_event
from controller.telephony.esl.message import Message
from controller.telephony.esl.parser import MAX_BODY_BYTES, MAX_HEAD_BYTES, Parser

DATA = Path(__file__).parents[2] / "data" / "freeswitch"
FILES = sorted(path.name for path in DATA.glob("*.esl"))


def real(name: str) -> bytes:
    return (DATA / name).read_bytes()


def plain(head: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n%b" % (len(head), head)


def only_event(data: bytes) -> Event:
    (message,) = Parser().feed(data)
    return parse_event(message)


# --- real bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("piece_bytes", [1, 7, 1400])
def test_the_cut_of_the_bytes_makes_no_difference(name: str, piece_bytes: int) -> None:
    data = real(name)
    whole = Parser().feed(data)
    parser = Parser()
    pieces = [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]
    assert [message for piece in pieces for message in parser.feed(piece)] == whole
    assert len(whole) >= 3


def test_a_jobs_result_is_its_events_body() -> None:
    *_, reply, job = Parser().feed(real("originate_user_not_registered.esl"))
    event = parse_event(job)
    assert event.name == "BACKGROUND_JOB"
    assert event.get("Job-UUID") == reply.headers["Job-UUID"]
    assert event.body == "-ERR USER_NOT_REGISTERED\n"
    assert "-ERR USER_NOT_REGISTERED" not in event.headers.values()


def test_channel_data_is_an_event() -> None:
    channel, *_, linger, last = Parser().feed(real("outbound_linger_hangup.esl"))
    event = parse_event(channel)
    assert event.name == "CHANNEL_DATA"
    assert len(event.uuid) == 36
    assert event.get("Reply-Text") == "+OK\n"
    assert event.get("Caller-Destination-Number") == "9002"
    assert event.var("sip_from_uri") == "1001@127.0.0.1"
    assert event.var("nothing", "default") == "default"
    assert linger.headers["Content-Disposition"] == "linger"
    assert last.content_type == "text/disconnect-notice"


def test_bodies_of_custom_events() -> None:
    connect, text, play = map(parse_event, Parser().feed(real("audio_stream_events.esl")))
    assert (connect.name, connect.subclass) == ("CUSTOM", "mod_audio_stream::connect")
    assert connect.body == '{"status":"connected"}'
    assert text.body == '{"type":"transcript","text":"héllo wörld","n":1}'
    assert play.subclass == "mod_audio_stream::play"
    assert play.body.endswith('.tmp.r16"}')


def test_anothers_event_may_repeat_headers() -> None:
    *_, with_body, without = map(parse_event, Parser().feed(real("sendevent_listener.esl")))
    assert (with_body.subclass, with_body.body) == ("rig::test", "hello world")
    assert (without.get("Foo"), without.body) == ("100% a+b: c", "")


# --- hostile bytes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Eve%0AHangup-Cause: USER_BUSY", "Eve%0D%0AUnique-ID: x", "Eve%0A%0AEvent-Name: CHANNEL_HANGUP"],
)
def test_a_callers_name_forges_no_header(name: str) -> None:
    event = only_event(
        plain(
            b"Event-Name: CHANNEL_CREATE\nCaller-Caller-ID-Name: "
            + name.encode()
            + b"\nUnique-ID: real\n\n"
        )
    )
    assert set(event.headers) == {"Event-Name", "Caller-Caller-ID-Name", "Unique-ID"}
    assert (event.name, event.uuid, event.body) == ("CHANNEL_CREATE", "real", "")
    assert event.get("Caller-Caller-ID-Name").startswith("Eve")


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_a_newline_ends_a_line(separator: str) -> None:
    event = only_event(plain(f"Event-Name: A\nX: 1{separator}Unique-ID: forged\n\n".encode()))
    assert event.headers == {"Event-Name": "A", "X": f"1{separator}Unique-ID: forged"}


def test_the_first_of_two_headers_wins() -> None:
    event = only_event(plain(b"Event-Name: A\nUnique-ID: real\nUnique-ID: forged\n\n"))
    assert event.uuid == "real"
    (message,) = Parser().feed(b"Content-Type: command/reply\nReply-Text: +OK\nReply-Text: -ERR\n\n")
    assert message.headers["Reply-Text"] == "+OK"


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    name = "张三".encode("gbk")
    event = only_event(
        plain(b"Event-Name: A\nX: " + name + b"\nY: " + quote(name).encode() + b"\nZ: \0\n\n")
    )
    assert "\ufffd" in event.get("X")
    assert event.get("X") == event.get("Y")
    assert event.get("Z") == "\0"


def test_a_body_that_looks_like_an_event_stays_a_body() -> None:
    body = b"Content-Type: text/event-plain\n\nEvent-Name: CHANNEL_HANGUP\n\n"
    event = only_event(plain(b"Event-Name: CUSTOM\nContent-Length: %d\n\n%b" % (len(body), body)))
    assert (event.name, event.body) == ("CUSTOM", body.decode())


def test_json_events() -> None:
    body = b'{"Event-Name":"CUSTOM","Event-Subclass":"a::b","Event-Name":"X","l":["1","2"],"_body":"hi"}'
    event = parse_event(Message({"Content-Type": "text/event-json"}, body))
    assert (event.name, event.subclass, event.body) == ("CUSTOM", "a::b", "hi")
    assert event.headers == {"Event-Name": "CUSTOM", "Event-Subclass": "a::b", "l": "ARRAY::1|:2"}


@pytest.mark.parametrize("body", [b"", b"[]", b"[1]", b"null", b"{", b'"x"', b"[" * 100_000, b"\xff"])
def test_json_that_is_no_event_is_a_violation(body: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        parse_event(Message({"Content-Type": "text/event-json"}, body))


@pytest.mark.parametrize(
    "length",
    ["-1", "x", "", "1e3", "0x10", "1 2", "99999999999999999999", str(MAX_BODY_BYTES + 1), "१", "+5"],
)
def test_a_length_that_is_none_is_a_violation(length: str) -> None:
    with pytest.raises(ProtocolViolation, match="Content-Length"):
        Parser().feed(f"Content-Type: api/response\nContent-Length: {length}\n\n".encode())


def test_a_header_block_has_a_limit_however_it_comes() -> None:
    for unit in (b"x" * 1000, b"a: " + b"x" * 996 + b"\n"):
        parser = Parser()
        for _ in range(MAX_HEAD_BYTES // 1000):
            parser.feed(unit)
        with pytest.raises(ProtocolViolation, match="header block"):
            parser.feed(unit)


def test_blank_lines_between_messages_do_no_harm() -> None:
    parser = Parser()
    for _ in range(100):
        assert parser.feed(b"\n" * 10_000) == []
    (message,) = parser.feed(b"\r\n\nContent-Type: auth/request\r\n\r\n")
    assert message == Message({"Content-Type": "auth/request"}, b"")


def test_big_bodies_in_small_pieces_take_linear_time_and_memory() -> None:
    def feed(size: int) -> float:
        parser = Parser()
        parser.feed(b"Content-Length: %d\n\n" % size)
        piece = bytes(1000)
        began = perf_counter()
        done = [message for _ in range(size // 1000) for message in parser.feed(piece)]
        took = perf_counter() - began
        assert len(done[0].body) == size
        return took

    small = min(feed(1_000_000) for _ in range(3))
    assert feed(16_000_000) < 16 * max(small, 0.001) * 8  # a quadratic one takes 256 times as long


# --- fuzz -----------------------------------------------------------------------------------


def streams(count: int, seed: int) -> list[bytes]:
    """Reproducible nonsense: mutated real bytes, and headers and bodies thrown together."""
    dice = random.Random(seed)
    seeds = [message for name in FILES for message in split(real(name)) if len(message) < 2000]
    seeds += [plain(b"Event-Name: CHANNEL_CREATE\nCaller-Caller-ID-Name: A%0AB: c\nUnique-ID: real\n\n")]
    return [mutated(dice, b"".join(dice.choices(seeds, k=dice.randint(1, 4)))) for _ in range(count)]


def split(data: bytes) -> list[bytes]:
    parser, ends, begin = Parser(), [], 0
    for at in range(len(data)):
        if parser.feed(data[at : at + 1]):
            ends.append(data[begin : at + 1])
            begin = at + 1
    return ends


SNIPPETS = [
    b"\n", b"\n\n", b"\r\n", b"\0", b":", b"%0A", b"%", b"%zz", b"\xff\xfe", "张三".encode("gbk"),
    b"Content-Length: 5\n", b"Content-Length: -5\n", b"Content-Length: 99999999\n", b"\xe2\x80\xa8",
    b"Content-Type: text/event-json\n", b"Content-Type: text/event-plain\n", b"{", b"A: b\n", b"%00",
]  # fmt: skip


def mutated(dice: random.Random, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(dice.randint(0, 6)):
        at = dice.randrange(len(raw) + 1)
        match dice.randrange(5):
            case 0:
                raw[at : at + 1] = dice.randbytes(1)
            case 1:
                raw[at:at] = dice.choice(SNIPPETS)
            case 2:
                del raw[at : at + dice.randint(1, 40)]
            case 3:
                raw[at:at] = dice.randbytes(dice.randint(1, 30))
            case _:
                raw[at:at] = raw[at : at + dice.randint(1, 60)]
    return bytes(raw)


def consume(data: bytes, dice: random.Random) -> int:
    """Feed in random pieces and parse what comes, up to a violation; the number of events."""
    parser, at, events = Parser(), 0, 0
    try:
        while at < len(data):
            step = dice.choice((1, 3, 64, 5000))
            for message in parser.feed(data[at : at + step]):
                event = parse_event(message)
                assert all("\n" not in name for name in event.headers)
                events += 1
            at += step
    except ProtocolViolation:
        pass
    return events


def test_ten_thousand_broken_streams_end_in_events_or_a_violation() -> None:
    dice = random.Random(2)
    data = streams(10_000, seed=1)
    for stream in data[:200]:
        consume(stream, dice)
    tracemalloc.start()
    began, before = perf_counter(), tracemalloc.get_traced_memory()[0]
    events = sum(consume(stream, dice) for stream in data)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert events > 5_000
    assert grown < 200_000
    assert perf_counter() - began < 20


@pytest.mark.parametrize(
    "value", [b"x" * 1_000_000, b"%0A" * 333_333, b"\xff" * 1_000_000, b"\0" * 1_000_000]
)
def test_a_value_of_a_megabyte_is_just_long(value: bytes) -> None:
    event = only_event(plain(b"Event-Name: A\nX: " + value + b"\nUnique-ID: real\n\n"))
    assert set(event.headers) == {"Event-Name", "X", "Unique-ID"}
    assert event.uuid == "real"
