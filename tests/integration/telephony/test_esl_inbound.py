"""The link to FreeSWITCH: up, lost, and back again, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket

from controller.telephony import commands as c
from controller.telephony.esl import inbound
from controller.telephony.esl.errors import EslClosed
from controller.telephony.esl.event import Event
from controller.telephony.esl.inbound import FreeSwitchLink
from tests.integration.telephony.esl_peer import Line, Peer, soon


class Watched:
    """A link and what it told."""

    def __init__(self, port: int, **options: Any) -> None:
        self.told: list[tuple[str, Any]] = []
        self.events: list[Event] = []
        self.link = FreeSwitchLink(
            "127.0.0.1",
            port,
            "ClueCon",
            events=["CHANNEL_ANSWER", "DTMF"],
            subclasses=["mod_audio_stream::connect", "mod_audio_stream::error"],
            on_event=self.events.append,
            on_up=lambda uuids: self.told.append(("up", uuids)),
            on_down=lambda why: self.told.append(("down", why)),
            jitter=lambda: 0.0,
            **options,
        )
        self.link.start()


@pytest.fixture
def cleanup() -> Iterator[list[Any]]:
    things: list[Any] = []
    yield things
    for thing in things:
        thing.stop()


def stay(line: Line) -> None:
    """Logged in, then silent until the other side goes."""
    line.logs_in()
    while line.hears():
        line.replies("+OK Job-UUID: j", Job_UUID="j")


def test_it_logs_in_subscribes_by_name_and_tells_what_lives(cleanup: list[Any]) -> None:
    subscriptions: list[str] = []

    def script(line: Line) -> None:
        subscriptions.append(line.logs_in('{"row_count":2,"rows":[{"uuid":"a"},{"uuid":"b"}]}'))
        line.says(line.event("DTMF", DTMF_Digit="5"))
        line.expects("api uuid_exists a")
        line.answers("true")
        line.hears()

    peer = Peer(script)
    watched = Watched(peer.port)
    cleanup += [watched.link, peer]
    assert watched.link.wait_up(2)
    assert watched.link.api(c.uuid_exists("a")) == "true"
    assert watched.told == [("up", ["a", "b"])]
    assert [event.name for event in watched.events] == ["DTMF"]
    assert subscriptions == [
        "event plain CHANNEL_ANSWER DTMF BACKGROUND_JOB"
        " CUSTOM mod_audio_stream::connect mod_audio_stream::error"
    ]


def test_it_comes_back_after_a_drop_in_the_middle_of_an_event(cleanup: list[Any]) -> None:
    peer = Peer(stay)
    watched = Watched(peer.port)
    cleanup += [watched.link, peer]
    first = peer.next_line()
    assert watched.link.wait_up(2)
    asker = gevent.spawn(watched.link.bgapi, c.status(), 30)
    first.says(first.event("DTMF", DTMF_Digit="1")[:40])
    first.hangs_up()
    with pytest.raises(EslClosed):
        asker.get(timeout=2)
    soon(lambda: len(watched.told) == 2)
    assert watched.told[1] == ("down", "FreeSWITCH closed the connection")
    with pytest.raises(EslClosed, match="no connection"):
        watched.link.api(c.status())
    peer.next_line()
    assert watched.link.wait_up(2)
    assert watched.told[2] == ("up", [])
    assert watched.events == []


def test_it_waits_for_a_freeswitch_that_is_not_there_yet(cleanup: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    watched = Watched(port)
    cleanup.append(watched.link)
    soon(lambda: watched.link.last_error)
    assert not watched.link.up
    assert "refused" in watched.link.last_error.lower()
    cleanup.append(Peer(stay, port))
    assert watched.link.wait_up(3)
    assert watched.link.last_error == ""


def test_attempts_come_with_back_off_and_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    link = FreeSwitchLink(
        "127.0.0.1",
        1,
        "x",
        events=["DTMF"],
        on_event=print,
        on_up=print,
        on_down=print,
        jitter=lambda: 1.0,
    )

    def refuse() -> None:
        raise ConnectionRefusedError

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 9:
            raise gevent.GreenletExit

    monkeypatch.setattr(link, "_connect_and_stay", refuse)
    monkeypatch.setattr(inbound.gevent, "sleep", sleep)
    with pytest.raises(gevent.GreenletExit):
        link._run()
    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0])


def test_a_wrong_password_is_named_and_tried_again(cleanup: list[Any]) -> None:
    def refuse(line: Line) -> None:
        line.says("Content-Type: auth/request\n\n")
        line.expects("auth ")
        line.replies("-ERR invalid")
        line.says("Content-Type: text/disconnect-notice\nContent-Length: 3\n\nBye")
        line.hangs_up()

    peer = Peer(refuse)
    watched = Watched(peer.port)
    cleanup += [watched.link, peer]
    peer.next_line(), peer.next_line()
    assert "-ERR invalid" in watched.link.last_error
    assert watched.told == []


@pytest.mark.parametrize("body", ["", "not json", "[]", '{"rows":[{}]}', '{"rows":5}', "-ERR"])
def test_an_answer_that_names_no_channels_is_no_link(cleanup: list[Any], body: str) -> None:
    peer = Peer(lambda line: line.logs_in(body) and None)
    watched = Watched(peer.port)
    cleanup += [watched.link, peer]
    soon(lambda: watched.link.last_error)
    assert not watched.link.up
    assert watched.told == []


def test_a_silent_freeswitch_is_asked_and_given_up_when_it_is_dead(
    cleanup: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def script(line: Line) -> None:
        line.logs_in()
        asked.append(line.expects("api status"))
        line.answers("UP 0 years\n")
        asked.append(line.expects("api status"))
        assert line.hears() == ""  # no answer: the other side closes

    monkeypatch.setattr(inbound, "ANSWER_S", 0.2)
    peer = Peer(script)
    watched = Watched(peer.port, silence_s=0.05)
    cleanup += [watched.link, peer]
    soon(lambda: ("down", "no reply to api within 0.2 s") in watched.told)
    assert len(asked) == 2


def test_a_listener_that_fails_does_not_take_the_link_down(cleanup: list[Any]) -> None:
    peer = Peer(stay)
    watched = Watched(peer.port)
    cleanup += [watched.link, peer]

    def fail(_: object) -> None:
        raise ValueError("a listener's bug")

    watched.link._on_up = watched.link._on_down = fail
    peer.next_line().hangs_up()
    peer.next_line()
    assert watched.link.wait_up(2)


def test_stopping_wakes_who_waits_and_stays_down(cleanup: list[Any]) -> None:
    peer = Peer(stay)
    watched = Watched(peer.port)
    cleanup.append(peer)
    assert watched.link.wait_up(2)
    asker = gevent.spawn(watched.link.bgapi, c.status(), 30)
    gevent.sleep(0.01)
    watched.link.stop()
    with pytest.raises(EslClosed):
        asker.get(timeout=2)
    assert not watched.link.up
    assert watched.told == [("up", [])]
    watched.link.stop()
