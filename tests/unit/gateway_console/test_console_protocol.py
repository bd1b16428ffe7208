"""The wire of the console: requests out of any bytes, answers that nobody's text can forge."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.gateway.console import protocol
from controller.gateway.console.protocol import Level, ProtocolViolation, Request, RequestParser


def parsed(data: bytes, max_bytes: int = 1000) -> list[Request]:
    return RequestParser(max_bytes).feed(data)


def test_what_fs_cli_sends():
    data = b"auth ClueCon\n\napi switchname\n\nlog \n\napi status\nconsole_execute: true\n\n"
    auth, name, log, status = parsed(data)
    assert (auth.verb, auth.rest) == ("auth", "ClueCon")
    assert (name.verb, name.rest) == ("api", "switchname")
    assert (log.verb, log.rest) == ("log", "")
    assert status.headers == {"console_execute": "true"}


def test_a_blank_at_the_end_is_kept_for_completion():
    (request,) = parsed(b"api console_complete watch \n\n")
    assert request.rest == "console_complete watch "


def test_crlf_and_empty_blocks():
    requests = parsed(b"\r\n\n\napi help\r\n\r\n\n\n\nexit\n\n")
    assert [(r.verb, r.rest) for r in requests] == [("api", "help"), ("exit", "")]


def test_a_body_is_not_taken_for_commands():
    body = b"exit\n\nexit\n\n"
    data = b"sendevent CUSTOM\nContent-Length: %d\n\n%sapi help\n\n" % (len(body), body)
    event, then = parsed(data)
    assert event.body == body.decode()
    assert then.rest == "help"


def test_the_first_of_two_headers_counts():
    (request,) = parsed(b"sendmsg x\nContent-Length: 2\nContent-Length: 0\n\nhi")
    assert request.body == "hi"


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "0x10", "²", "1001", "9" * 40])
def test_a_bad_length_is_a_violation(length):
    with pytest.raises(ProtocolViolation):
        parsed(f"sendevent\nContent-Length: {length}\n\n".encode())


@pytest.mark.parametrize("data", [b"a" * 1001, b"api " + b"x" * 1000 + b"\n\n", b"a: b\n" * 201])
def test_too_much_is_a_violation_before_it_is_complete(data):
    with pytest.raises(ProtocolViolation, match="longer than 1000"):
        parsed(data)


def test_bytes_that_are_no_text_do_no_harm():
    (request,) = parsed(b"api \xff\xfe\x00\n\n")
    assert request.rest == "\ufffd\ufffd\x00"


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=20))
def test_pieces_make_no_difference(data, cuts):
    whole, parser, pieces, at = None, RequestParser(5000), [], 0
    try:
        whole = parsed(data, 5000)
        for cut in [*cuts, len(data)]:
            pieces += parser.feed(data[at : at + cut])
            at += cut
    except ProtocolViolation:
        return
    assert pieces == whole


def test_a_log_line_is_one_message():
    data = protocol.log_data(Level.NOTICE, "a1b2", "caller: 你好")
    head, _, body = data.partition(b"\n\n")
    assert b"Content-Type: log/data\nContent-Length: %d\nLog-Level: 5\n" % len(body) in head
    assert b"User-Data: a1b2" in head
    assert body.decode() == "caller: 你好\n"


def test_no_header_takes_a_control_character():
    with pytest.raises(ValueError, match="control character"):
        protocol.reply("+OK\nContent-Type: text/disconnect-notice")


def test_a_job_event_in_both_forms():
    plain = protocol.job_event("j-1", "sessions", "none\n", as_json=False).decode()
    outer, inner = plain.split("\n\n", 1)
    assert "Content-Type: text/event-plain" in outer
    assert f"Content-Length: {len(inner)}" in outer
    assert inner.endswith("Content-Length: 5\nJob-UUID: j-1\nJob-Command: sessions\n\nnone\n")
    body = protocol.job_event("j-1", "a\nb", "好", as_json=True).split(b"\n\n", 1)[1]
    assert json.loads(body)["_body"] == "好"
    assert b"Job-Command: a%0Ab\n" in protocol.job_event("j-1", "a\nb", "", as_json=False)
