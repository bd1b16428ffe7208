"""An open WebSocket ends with the login of who opened it: real sockets, a real database."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import gevent
import pytest
import websocket
from gevent import subprocess

from controller.access.model import Role, UserState
from controller.access.standing import Ending
from controller.access.tokens import csrf_token
from controller.gateway import wire
from controller.gateway.limits import WebLimits
from controller.gateway.login import stays
from controller.gateway.login.cookie import COOKIE
from controller.gateway.server import serve
from controller.page_callers import LoginCallers
from controller.settings import Settings
from controller.storage.migrations import migrate
from controller.verto.switchboard import Switchboard, SwitchboardLimits
from controller.verto.upstream import UpstreamOptions
from tests.login import LOCAL_KEY
from tests.simulator.verto.server import FakeVerto
from tests.unit.access.conftest import ROOT
from tests.unit.gateway.fakes import FakeOpener
from tests.unit.gateway.login_office import Gateway, open_gateway
from tests.unit.verto.conftest import Door, TestPage

LIMIT_S = 20
PATIENT = WebLimits(silent_s=120, ping_s=120, goodbye_s=0.3)
"""Another process may take its time to start, while our client neither talks nor reads."""
START = {"type": "start", "format": "pcm16", "sample_rate": 16000}


class House(Gateway):
    """A gateway that is served, with its telephone side."""

    opener: FakeOpener
    door: Door
    port: int

    def address(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def talk(self, query: str = "", **headers: str) -> websocket.WebSocket:
        """A conversation of this page with a bot, live."""
        address = self.address("/ws/audio" + query)
        talking = websocket.create_connection(address, timeout=LIMIT_S, header=headers)
        talking.send(json.dumps(START))
        assert json.loads(talking.recv())["type"] == "ready"
        return talking


class CookieCallers(Door):
    """A VertoDoor for who is logged in; the calls of a page that just vanished go on for long."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        options = UpstreamOptions(url, "1234", first_wait_s=0.05, longest_wait_s=0.1, connect_s=1)
        limits = SwitchboardLimits(grace_s=60)
        self.switchboard = Switchboard(options, self.destinations, limits)
        self.who = LoginCallers(Settings())  # type: ignore[method-assign]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    migrate(f"sqlite:///{tmp_path / 'access.db'}")
    opener, limits = FakeOpener(), PATIENT
    with FakeVerto() as verto:
        door = CookieCallers(verto.url)
        with open_gateway(tmp_path, opener=opener, verto=door, limits=limits) as opened:
            house = House(opened.app, opened.office)
            server = serve(house.app, "127.0.0.1", 0)
            house.opener, house.door, house.port = opener, door, server.port
            yield house
            for session in opener.registry:
                session.hang_up("test over")
            server.stop(timeout=0)
        door.switchboard.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stays, "LOOK_S", 0.03)
    monkeypatch.setattr(wire, "GLANCE_S", 0.03)


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={token}"}


def end_of(socket: websocket.WebSocket) -> tuple[int, dict[str, Any]]:
    """The close code, and the last message before it."""
    last: dict[str, Any] = {}
    while True:
        opcode, data = socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return struct.unpack("!H", data[:2])[0], last
        last = json.loads(data)


def told_to_go(socket: websocket.WebSocket) -> tuple[int, str]:
    """The close code, and the code of the error before it."""
    code, last = end_of(socket)
    return code, last["code"]


def log_out(house: House, token: str) -> None:
    client = house.stranger()
    client.set_cookie(COOKIE, token)
    assert client.post("/logout", data={"csrf": csrf_token(token)}).status_code == 303


def reset(house: House, _: str) -> None:
    house.access.accounts.reset(ROOT, "id-sarah")


def end_from_elsewhere(house: House, _: str) -> None:
    house.access.accounts.end_other_logins(ROOT, "id-sarah", but="")


def too_long(house: House, _: str) -> None:
    house.office.clock.pass_by(hours=13)


def disable(house: House, _: str) -> None:
    house.access.accounts.change_user(ROOT, "id-sarah", state=UserState.DISABLED)


WAYS = [log_out, reset, end_from_elsewhere, too_long, disable]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.usefixtures("quick")
def test_a_conversation_ends_with_the_login(house: House, how: Callable[[House, str], None]) -> None:
    token = house.browser("sarah", Role.AGENT).token
    talking, other = house.talk(**cookie(token)), house.talk()
    session = house.opener.opened.get(timeout=LIMIT_S)
    how(house, token)
    code, last = end_of(talking)
    assert (code, last["type"], last["code"]) == (1008, "error", "login_ended")
    assert session.join(LIMIT_S)
    assert session.calls == [("hang_up", "operator")]
    other.ping()
    assert other.connected, "a stranger on this machine talks on"
    other.shutdown()


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.usefixtures("quick")
def test_a_telephone_ends_with_the_login_and_its_calls_too(
    house: House, how: Callable[[House, str], None]
) -> None:
    token = house.browser("sarah", Role.OPERATOR).token
    page = PageOf(house, token)
    page.call("7000")
    how(house, token)
    code, last = end_of(page.socket)
    assert (code, last["code"]) == (1008, "login_ended")
    with gevent.Timeout(LIMIT_S):
        while len(house.door.switchboard):
            gevent.sleep(0.01)
    assert house.door.destinations.held == 0, "its calls have ended"


class PageOf(TestPage):
    """A page's telephone by a cookie, with its FreeSWITCH up."""

    def __init__(self, house: House, token: str) -> None:
        made = websocket.create_connection(
            house.address("/ws/verto"), timeout=LIMIT_S, header=cookie(token)
        )
        self.socket, self.got, self.closed, self._ids = made, [], 0, 0
        self.say(type="hello", resume="", holding=[])
        if self.until(type="welcome")["freeswitch"] == "away":
            self.until(type="freeswitch", state="up")


@pytest.mark.usefixtures("quick")
def test_a_lower_role_ends_it_a_higher_one_does_not(house: House) -> None:
    token = house.browser("sarah", Role.AGENT).token
    talking, page = house.talk(**cookie(token)), PageOf(house, token)
    looked = looks(house)
    house.access.accounts.change_user(ROOT, "id-sarah", role=Role.OPERATOR)
    looked(2)
    talking.ping()
    page.say(type="stand_by", on=True)
    page.until(type="standing_by", on=True)
    house.access.accounts.change_user(ROOT, "id-sarah", role=Role.VIEWER)
    for socket in (talking, page.socket):
        code, last = end_of(socket)
        assert (code, last["code"]) == (1008, "role_changed")
    again = PageOf(house, token)
    assert again.got[0]["rights"] == ["bots"], "and the page comes back with less"
    again.socket.shutdown()


def looks(house: House) -> Callable[[int], None]:
    """Wait until so many more looks were over."""
    standing, done = house.access.standing, []
    look = standing.look

    def counted() -> None:
        look()
        done.append(1)

    standing.look = counted  # type: ignore[method-assign]

    def wait(more: int) -> None:
        until = len(done) + more
        with gevent.Timeout(LIMIT_S):
            while len(done) < until:
                gevent.sleep(0.01)

    return wait


def test_disabled_by_another_process_within_a_second_or_so(house: House, tmp_path: Path) -> None:
    token = house.browser("sarah", Role.AGENT).token
    house.office.hire("root", Role.ADMIN)
    talking = house.talk(**cookie(token))
    url = f"database.url=sqlite:///{tmp_path / 'access.db'}"
    command = [sys.executable, "-m", "controller.cli", "user", "--set", url]
    command += ["--set", f"var_dir={tmp_path}", "disable", "sarah"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    done_at = monotonic()
    assert "sarah is disabled" in told.stdout, told.stderr
    assert told_to_go(talking) == (1008, "login_ended")
    assert monotonic() - done_at < LIMIT_S, "the machine may be busy; a second is meant"
    assert stays.LOOK_S + wire.GLANCE_S <= 1


@pytest.mark.usefixtures("quick")
def test_a_key_and_a_ticket_end_with_what_they_came_from(house: House) -> None:
    sarah = house.browser("sarah", Role.VIEWER)
    key, text = house.access.keys.make("id-sarah", "cron", ["talk"], None)
    by_key = house.talk(Authorization=f"Bearer {text}")
    by_ticket = house.talk(f"?token={sarah.ask('POST', '/api/v1/tickets').json['ticket']}")
    local = house.talk(Authorization=f"Bearer {LOCAL_KEY}")
    house.access.keys.revoke("id-sarah", key.id)
    assert told_to_go(by_key) == (1008, "login_ended")
    by_ticket.ping()
    house.access.sessions.end_all("id-sarah")
    assert told_to_go(by_ticket) == (1008, "login_ended")
    local.ping()
    assert local.connected
    local.shutdown()


@pytest.mark.usefixtures("quick")
def test_before_it_has_begun_it_ends_too(house: House) -> None:
    token = house.browser("sarah", Role.VIEWER).token
    for path in ("/ws/audio", "/ws/verto"):
        waits = websocket.create_connection(house.address(path), timeout=LIMIT_S, header=cookie(token))
        log_out_later = gevent.spawn_later(0.1, house.access.sessions.end_all, "id-sarah")
        assert told_to_go(waits) == (1008, "login_ended")
        log_out_later.get()
        token = house.access.sessions.open("id-sarah", "127.0.0.1", "Firefox")


@pytest.mark.usefixtures("quick")
def test_a_database_that_is_away_ends_no_call(house: House, tmp_path: Path) -> None:
    token = house.browser("sarah", Role.AGENT).token
    talking = house.talk(**cookie(token))
    looked = looks(house)
    away = [file.rename(file.with_suffix(file.suffix + ".away")) for file in tmp_path.glob("access.db*")]
    (tmp_path / "access.db").mkdir()
    looked(2)
    talking.ping()
    (tmp_path / "access.db").rmdir()
    for file in away:
        file.rename(file.with_name(file.name.removesuffix(".away")))
    looked(1)
    house.access.sessions.end_all("id-sarah")
    assert told_to_go(talking) == (1008, "login_ended")


def test_nobody_is_looked_at_when_nobody_is_here(house: House) -> None:
    """The watch ends with the last socket, and begins again with the next."""
    who = house.access.sessions.find(house.browser("sarah", Role.AGENT).token)
    assert who is not None
    told: list[Ending] = []
    with house.access.standing.stay(who, told.append), house.access.standing.stay(who, told.append):
        assert len(house.access.standing) == 2
        house.access.standing.look()
        assert told == []
        house.access.sessions.end_all("id-sarah")
        house.access.standing.look()
        house.access.standing.look()
        assert told == [Ending.LOGIN_ENDED] * 2, "each once"
    assert len(house.access.standing) == 0
