"""What may be written down."""

import array
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.observe.redaction import (
    HIDDEN,
    MAX_CHARS,
    TOO_DEEP,
    clean,
    is_secret_name,
    one_line,
    scrub_text,
    storable_text,
)


@pytest.mark.parametrize(
    "name",
    ["password", "db_password", "dbPassword", "PASSWD", "token", "accessToken", "access_token",
     "X-Api-Key", "api_key", "apikey", "Authorization", "client_secret", "Set-Cookie",
     "private_key", "pin", "userPin", "OTP", "card_cvv", "ESL_PASSWORD", "SWITCHTALK_LLM__API_KEY",
     "jwt", "proxy-auth"],
)  # fmt: skip
def test_secret_names(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "session_id",
        "shipping",
        "spinner",
        "author",
        "key",
        "keyboard",
        "event",
        "passed",
        "bot",
        "pinyin",
    ],
)
def test_plain_names(name):
    assert not is_secret_name(name)


def test_secrets_are_hidden_at_any_depth_and_measures_of_tokens_stay():
    value = {
        "llm": [{"headers": {"Authorization": "Bearer abc"}, "max_tokens": 400}],
        "llm_first_token_ms": 120.5,
        "pin": 1234,
        "token": None,
        "password": {"nested": "x"},
        "max_tokens": "sk-not-a-number",
    }
    assert clean(value) == {
        "llm": [{"headers": {"Authorization": HIDDEN}, "max_tokens": 400}],
        "llm_first_token_ms": 120.5,
        "pin": HIDDEN,
        "token": None,
        "password": HIDDEN,
        "max_tokens": HIDDEN,
    }


def test_audio_is_only_measured():
    frame = b"\x01\x02" * 320
    values = [
        frame,
        bytearray(frame),
        memoryview(frame),
        np.zeros(320, np.int16),
        memoryview(array.array("d", [1.0])),
    ]
    assert clean(values) == ["<640 bytes>"] * 4 + ["<8 bytes>"]
    assert clean({"frames": (frame,)}) == {"frames": ["<640 bytes>"]}


def test_credentials_inside_text():
    assert (
        scrub_text("to postgresql://bob:hunter2@db/x failed")
        == f"to postgresql://bob:{HIDDEN}@db/x failed"
    )
    assert (
        scrub_text("sent Authorization: Bearer eyJhbGciOi.x-y") == f"sent Authorization: Bearer {HIDDEN}"
    )
    assert scrub_text("GET /a?b=1&token=t0p&c=2") == f"GET /a?b=1&token={HIDDEN}&c=2"
    assert (
        scrub_text("the basic idea, http://host:8080/path?a=1")
        == "the basic idea, http://host:8080/path?a=1"
    )


def test_endless_values_are_cut():
    assert len(json.dumps(clean(["x" * 100] * 10**5))) < 2 * MAX_CHARS
    assert len(json.dumps(clean(list(range(10**6))))) < 2 * MAX_CHARS
    assert len(json.dumps(clean({str(n): n for n in range(10**5)}))) < 2 * MAX_CHARS
    cycle: list = []
    cycle.append(cycle)
    assert TOO_DEEP in str(clean(cycle))


def test_a_broken_str_costs_nothing():
    class Broken:
        def __str__(self):
            raise RuntimeError("no")

    assert clean(Broken()) == "<Broken, whose str failed with RuntimeError>"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(anything)
def test_all_that_is_cleaned_can_be_stored(value):
    text = json.dumps(clean(value), allow_nan=False, ensure_ascii=False)
    text.encode()  # no lone surrogate
    assert "\x00" not in text


@given(st.text(st.characters(codec=None)))
def test_one_line_is_one_line(text):
    assert len(one_line(text).splitlines()) <= 1
    assert "\x1b" not in one_line(text)


def test_plain_text_stays_as_it_is():
    assert one_line("你好, “Ann” \\ ok") == "你好, “Ann” \\ ok"
    assert one_line("a\nb\u2028c\x1b[31m\u202e") == r"a\nb\u2028c\x1b[31m\u202e"
    assert storable_text("abc", 2) == "ab…[cut]"
