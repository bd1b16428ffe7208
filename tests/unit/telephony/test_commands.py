"""No argument adds a line, a command or a variable, and what arrives is what was meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.telephony import commands as c
from controller.telephony.checks import BadArgument, check_free_variable
from tests.unit.telephony import freeswitch_splitter as freeswitch

UUID = "11111111-2222-3333-4444-555555555555"
NASTY = st.text(
    st.sampled_from(list("a'\"\\,={}[]<>|$^:&()%;! \n\r\t\0é张\u2028\x85ns")) | st.characters(),
    max_size=30,
)
CLEAN = st.text(st.sampled_from(list("a'\"\\,=[]<>|$^:&()%;! é张ns")), max_size=30)


def dial(**changes: Any) -> c.Dial:
    fields: dict[str, Any] = {
        "endpoint": c.GatewayEndpoint("trunk", "+4989123"),
        "uuid": UUID,
        "ring_s": 20,
        "then": c.SocketApp("127.0.0.1", 8084),
    }
    return c.Dial(**{**fields, **changes})


BUILDERS: list[tuple[str, Callable[[Any], c.Command | c.Api]]] = [
    ("x", lambda text: c.auth(text)),
    ("DTMF", lambda text: c.subscribe([text])),
    ("a::b", lambda text: c.subscribe([], [text])),
    ("/b.wav", lambda text: c.execute(c.App.PLAYBACK, text)),
    ("aa", lambda text: c.execute(c.App.PLAYBACK, "/a.wav", uuid=text)),
    ("bb", lambda text: c.execute(c.App.PLAYBACK, "/a.wav", event_uuid=text)),
    ("a=b", lambda text: c.execute(c.App.SET, text)),
    ("user/1@h", lambda text: c.execute(c.App.BRIDGE, text)),
    ("1000", lambda text: c.execute(c.App.TRANSFER, text)),
    ("1", lambda text: c.execute(c.App.SEND_DTMF, text)),
    ("answer", lambda text: c.execute(text)),
    ("USER_BUSY", lambda text: c.hangup(text)),
    ("aa", lambda text: c.hangup(c.HangupCause.USER_BUSY, text)),
    ("a::b", lambda text: c.send_event(text, {})),
    ("Foo", lambda text: c.send_event("a::b", {text: "x"})),
    ("x", lambda text: c.send_event("a::b", {"Foo": text})),
    ("aa", lambda text: c.uuid_break(text)),
    ("aa", lambda text: c.uuid_kill(text)),
    ("aa", lambda text: c.uuid_exists(text)),
    ("aa", lambda text: c.uuid_setvar(text, "a", "b")),
    ("name", lambda text: c.uuid_setvar(UUID, text, "b")),
    ("b", lambda text: c.uuid_setvar(UUID, "a", text)),
    ("name", lambda text: c.uuid_getvar(UUID, text)),
    ("aa", lambda text: c.uuid_bridge(UUID, text)),
    ("1000", lambda text: c.uuid_transfer(UUID, text)),
    ("ctx", lambda text: c.uuid_transfer(UUID, "1000", text)),
    ("ws://h/", lambda text: c.uuid_audio_start(UUID, text)),
    ("x", lambda text: c.uuid_audio_start(UUID, "ws://127.0.0.1:80/", {text: text})),
    ("x", lambda text: c.uuid_audio_send(UUID, text)),
    ("1", lambda text: c.uuid_send_dtmf(UUID, text)),
    ("/b.wav", lambda text: c.uuid_record_start(UUID, text)),
    ("mod", lambda text: c.module_exists(text)),
    ("aa", lambda text: c.originate(dial(uuid=text))),
    ("x", lambda text: c.originate(dial(caller_id_name=text))),
    ("1", lambda text: c.originate(dial(caller_id_number=text))),
    ("gw", lambda text: c.originate(dial(endpoint=c.GatewayEndpoint(text, "1")))),
    ("1", lambda text: c.originate(dial(endpoint=c.GatewayEndpoint("a", text)))),
    ("u", lambda text: c.originate(dial(endpoint=c.UserEndpoint(text, "b")))),
    ("h", lambda text: c.originate(dial(endpoint=c.UserEndpoint("a", text)))),
    ("h", lambda text: c.originate(dial(then=c.SocketApp(text, 80)))),
    ("ws://h/", lambda text: c.originate(dial(audio_url=text))),
    ("x", lambda text: c.originate(dial(variables={text: "x"}))),
    ("x", lambda text: c.originate(dial(variables={"x": text}))),
]
"""Every builder with `text` in one of its places, and a text that is right there."""


@given(NASTY)
def test_no_argument_adds_a_line_or_a_second_command(text: str) -> None:
    for number, (right, build) in enumerate(BUILDERS):
        harmless = shape(build(right))
        try:
            built = build(text)
        except ValueError:  # BadArgument, or no member of an enum
            continue
        assert shape(built) == harmless, f"builder {number}"


def shape(built: c.Command | c.Api) -> list[str]:
    """What must not depend on an argument: the lines and the names of their headers."""
    text = built.wire().decode() if isinstance(built, c.Command) else built.text
    lines = text.replace("\r", "\n").split("\n")
    verb = lines[0].split(" ")[0]
    headers = [line.partition(":")[0] for line in lines[1:]]
    if "Foo" in text or verb == "sendevent":  # there one header's name is the argument
        headers = [name if name in ("Event-Subclass", "Event-Name") else "?" for name in headers if name]
    return [verb, *(name for name in headers if name not in ("Event-UUID", "execute-app-arg"))]


@given(
    st.dictionaries(st.from_regex(r"\Av_[a-z]{1,8}\Z"), NASTY | CLEAN, max_size=5),
    NASTY | CLEAN,
)
def test_variables_arrive_as_they_are_and_no_other_one_is_set(
    variables: dict[str, str], caller_name: str
) -> None:
    try:
        words = c.originate(dial(variables=variables, caller_id_name=caller_name)).text
    except BadArgument:
        return
    arrived, rest = freeswitch.originate(words.removeprefix("originate "))
    expected = {
        "origination_uuid": UUID,
        "ignore_early_media": "true",
        "originate_timeout": "20",
        "origination_caller_id_name": caller_name,
        **variables,
    }
    assert arrived == {name: value for name, value in expected.items() if value}
    assert rest == ["sofia/gateway/trunk/+4989123", "&socket(127.0.0.1:8084 async full)"]


def test_text_without_braces_and_controls_is_never_refused_in_a_dial_string() -> None:
    value = "".join(map(chr, range(32, 127))).replace("{", "").replace("}", "") + " 张三 é "
    words = c.originate(dial(variables={"v": value})).text
    assert freeswitch.originate(words.removeprefix("originate "))[0]["v"] == value


@given(CLEAN)
def test_a_variable_set_later_arrives_as_it_is(value: str) -> None:
    words = c.uuid_setvar(UUID, "name", value).text.removeprefix("uuid_setvar ")
    assert freeswitch.split(words, " ", 3) == [UUID, "name", *([value] if value else [])]


@given(st.dictionaries(st.text(max_size=10), NASTY, min_size=1, max_size=4))
def test_metadata_of_an_audio_fork_arrives_as_it_is(metadata: dict[str, str]) -> None:
    words = c.uuid_audio_start(UUID, "ws://127.0.0.1:8080/ws/x?t=1", metadata).text
    fields = freeswitch.split(words.removeprefix("uuid_audio_stream "), " ", 6)
    assert fields[:5] == [UUID, "start", "ws://127.0.0.1:8080/ws/x?t=1", "mono", "16k"]
    assert json.loads(fields[5]) == metadata


@given(NASTY)
def test_a_text_for_the_media_socket_arrives_whole_or_is_refused(text: str) -> None:
    try:
        words = c.uuid_audio_send(UUID, text).text
    except BadArgument:
        return
    assert freeswitch.split(words.removeprefix("uuid_audio_stream "), " ", 6) == [
        UUID,
        "send_text",
        text,
    ]


@pytest.mark.parametrize(
    "variables",
    [
        {"execute_on_answer": "system touch /tmp/x"},
        {"api_on_answer": "originate"},
        {"api_hangup_hook": "system"},
        {"exec_after_bridge_app": "system"},
        {"origination_uuid": "other"},
        {"originate_timeout": "9999"},
        {"ignore_early_media": "false"},
        {"a,b": "x"},
        {"": "x"},
        {"v": "a:_:b"},
        {"v": "a{b"},
        {"v": "a}b"},
        {"v": "a\nb"},
        {"v": "a\ud800"},
    ],
)
def test_variables_that_steer_freeswitch_or_cannot_be_quoted_are_refused(
    variables: dict[str, str],
) -> None:
    with pytest.raises(BadArgument):
        c.originate(dial(variables=variables))


def test_who_is_dialled_is_heard_from_the_answer_on() -> None:
    url = "ws://127.0.0.1:8080/ws/freeswitch/aB-_9"
    words = c.originate(dial(audio_url=url)).text.removeprefix("originate ")
    fields, _ = freeswitch.originate(words)
    assert fields["api_on_answer"] == c.uuid_audio_start(UUID, url).text
    assert "api_on_answer" not in c.originate(dial()).text
    assert url not in repr(dial(audio_url=url))
    with pytest.raises(BadArgument):
        c.originate(dial(audio_url="ws://h/x y"))


def test_harmless_variables_are_allowed() -> None:
    for name in ("hangup_after_bridge", "customer_name", "sip_h_X-Order", "capital"):
        assert check_free_variable(name) == name


@pytest.mark.parametrize(
    ("app", "argument"),
    [
        (c.App.PLAYBACK, "shell_stream://rm"),
        (c.App.PLAYBACK, "file_string:///a!/b"),
        (c.App.PLAYBACK, "/tmp/${system(id)}"),
        (c.App.PLAYBACK, "/tmp/../etc/passwd"),
        (c.App.PLAYBACK, ""),
        (c.App.SET, "a=${system(id)}"),
        (c.App.SET, "a"),
        (c.App.BRIDGE, "[execute_on_answer=system]user/1@h"),
        (c.App.BRIDGE, "user/1@h,user/2@h"),
        (c.App.BRIDGE, "user/1@h|user/2@h"),
        (c.App.TRANSFER, "1000 inline x"),
        (c.App.ANSWER, "x"),
        (c.App.SLEEP, "-1"),
        (c.App.HANGUP, "WHATEVER"),
    ],
)
def test_an_application_gets_only_what_it_is_for(app: c.App, argument: str) -> None:
    with pytest.raises(BadArgument, match=app):
        c.execute(app, argument)


def test_a_playback_is_queued_and_named() -> None:
    command = c.execute(c.App.PLAYBACK, "/spool/a.r16", event_uuid="chunk-17")
    assert command.wire() == (
        b"sendmsg\ncall-command: execute\nexecute-app-name: playback\n"
        b"execute-app-arg: /spool/a.r16\nevent-lock: true\nEvent-UUID: chunk-17\n\n"
    )


def test_custom_stands_once_before_its_subclasses() -> None:
    assert c.subscribe(["DTMF"], ["a::b", "a::c"]).text == "event plain DTMF CUSTOM a::b a::c"
    for events, subclasses in (([], []), (["CUSTOM"], []), (["ALL"], []), (["DTMF"], ["*"])):
        with pytest.raises(BadArgument):
            c.subscribe(events, subclasses)


def test_the_length_of_an_events_body_is_in_bytes_and_stands_last() -> None:
    command = c.send_event("switchtalk::turn", {"Session": "s1"}, "你好\n\nCommand: x")
    head, _, body = command.wire().partition(b"\n\n")
    assert head.split(b"\n")[-1] == f"Content-Length: {len(body)}".encode()
    assert body.decode() == "你好\n\nCommand: x"


def test_metadata_that_would_be_cut_is_refused() -> None:
    with pytest.raises(BadArgument, match="8192"):
        c.uuid_audio_start(UUID, "ws://h/", {"a": "x" * 8192})


@pytest.mark.parametrize(
    "endpoint",
    [c.UserEndpoint("1000"), c.UserEndpoint("1000", "pbx.example"), c.GatewayEndpoint("trunk", "1#*")],
)
def test_an_endpoint_that_we_build_may_be_bridged_to(
    endpoint: c.UserEndpoint | c.GatewayEndpoint,
) -> None:
    assert f"execute-app-arg: {endpoint}" in c.execute(c.App.BRIDGE, str(endpoint)).text
