"""freeswitch_conf and dialplans in a real FreeSWITCH: who gets in, where calls go, what is closed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import gevent
import numpy as np
import pytest
from gevent import sleep
from websocket import WebSocket, create_connection

from controller.telephony.commands import dial_noted, forget_dial, note_dial
from tests.freeswitch.line import Line
from tests.freeswitch.sip_phone import NotRegistered, SipPhone
from tests.freeswitch.switch import CONFIGURATION, SECRETS, FreeSwitch, NotStarted, wait_for

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(120)]

PHONES = SECRETS["DEFAULT_PASSWORD"]
HARMLESS = re.compile(
    r"MSG Thread \d+ Started"  # mod_sofia's greeting, logged as a warning
    r"|SIP auth (challenge|failure)|Can't find user"  # what other tests provoke
)
SPEECH_RMS = 500
MakePhone = Callable[..., SipPhone]


def status(caller: SipPhone, number: str) -> int:
    """What a call ends with, or that it is answered."""
    caller.dial(number)
    gevent.wait([caller.answered, caller.ended], timeout=10, count=1)
    assert caller.codes, "no answer at all"
    return caller.codes[-1]


def loudness(caller: SipPhone, seconds: float) -> tuple[int, float]:
    """Listen: how many frames came, and the root mean square of the loudest (PCM16)."""
    heard: list[float] = []
    caller.on_audio = lambda frame: heard.append(
        float(np.sqrt(np.mean(np.frombuffer(frame, "<i2").astype(float) ** 2)))
    )
    sleep(seconds)
    return len(heard), max(heard, default=0.0)


# --- it starts, or it doesn't -------------------------------------------------------------------


def test_it_loads_without_complaint(freeswitch: FreeSwitch) -> None:
    before_start = freeswitch.log().split("FreeSWITCH Started")[0]
    complaints = [
        row
        for row in before_start.splitlines()
        if re.search(r"\[(WARNING|ERR|CRIT|ALERT)\]", row) and not HARMLESS.search(row)
    ]
    assert not complaints
    modules = re.findall(
        r'module="(\w+)"', (CONFIGURATION / "autoload_configs/modules.conf.xml").read_text()
    )
    missing = [name for name in modules if freeswitch.api(f"module_exists {name}").strip() != "true"]
    assert not missing


def test_it_notes_calls_that_were_dialled(freeswitch: FreeSwitch) -> None:
    """What `controller.telephony.dial_notes` relies on, word for word."""
    call = str(uuid4())
    for command, answer in (
        (dial_noted(call), "false"),
        (note_dial(call), "+OK"),
        (dial_noted(call), "true"),
        (note_dial(call), "+OK"),
        (forget_dial(call), "+OK"),
        (dial_noted(call), "false"),
    ):
        assert freeswitch.api(command.text).strip() == answer, command


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("value", "why"),
    [(None, "is not set"), ("", "is not set"), ("ClueCon", "less than"), ('"/><x a="!', "")],
)
def test_it_does_not_start_without_secrets(
    freeswitch_home: None, tmp_path: Path, name: str, value: str | None, why: str
) -> None:
    with pytest.raises(NotStarted, match=f"{name} .*{why}"):
        FreeSwitch(tmp_path, environment={name: value}).start()


def test_it_stays_closed_when_the_secrets_could_not_be_checked(
    freeswitch_home: None, tmp_path: Path, phone: MakePhone
) -> None:
    """The check is gone and so are the secrets: the worst that a copied configuration can be."""
    shutil.copytree(CONFIGURATION, tmp_path / "freeswitch_conf")
    shutil.copytree(CONFIGURATION.parent / "dialplans", tmp_path / "dialplans")
    (tmp_path / "freeswitch_conf/check-secrets.sh").unlink()
    switch = FreeSwitch(tmp_path / "home", tmp_path / "freeswitch_conf", dict.fromkeys(SECRETS))
    switch.environment = {**switch.environment, "FS_TRUNK_CLIENTS": "192.0.2.0/24"}
    switch.start(wait=False)
    try:
        wait_for(lambda: _listens(switch.ports["VERTO_PORT"]), 30)
        wait_for(lambda: _listens(switch.ports["ESL_PORT"]), 30)
        for password in ("ClueCon", "", SECRETS["ESL_PASSWORD"]):
            assert "UP" not in switch.api("status", password=password, check=False)
        with pytest.raises(NotRegistered):
            phone(switch.ports["SIP_PORT"], "1001", "").registers()
        for password in ("", " "):
            assert "error" in _verto_login(f"ws://127.0.0.1:{switch.ports['VERTO_PORT']}", password)
        stranger = phone(switch.ports["TRUNK_SIP_PORT"], "anyone")
        assert status(stranger, "12025550102") == 403, "only the listed trunks may call"
    finally:
        switch.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_listens_on_loopback_only(freeswitch: FreeSwitch) -> None:
    assert freeswitch.process
    own = Path(f"/proc/{freeswitch.process.pid}")
    inodes = {
        match[1] for fd in (own / "fd").iterdir() if (match := re.match(r"socket:\[(\d+)", _target(fd)))
    }
    seen = []
    for table, listening in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for row in (own / "net" / table).read_text().splitlines()[1:]:
            columns = row.split()
            if columns[9] in inodes and columns[3] == listening:
                seen.append(columns[1])
    assert len(seen) >= 6, "event socket, two SIP ports over TCP and UDP, verto"
    assert all(address.split(":")[0].endswith("0100007F") for address in seen), seen


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed meanwhile
        return ""


# --- phones -------------------------------------------------------------------------------------


def test_a_phone_registers_with_its_password_only(freeswitch: FreeSwitch, phone: MakePhone) -> None:
    port = freeswitch.ports["SIP_PORT"]
    phone(port, "1001", PHONES).registers()
    assert "1001" in freeswitch.api("sofia status profile internal reg")
    for user, password in (("1001", "1234"), ("1001", ""), ("4711", PHONES)):
        with pytest.raises(NotRegistered, match=r"40[13]"):
            phone(port, user, password).registers()


def test_a_call_needs_the_password_too(freeswitch: FreeSwitch, phone: MakePhone) -> None:
    assert status(phone(freeswitch.ports["SIP_PORT"], "1001", "wrong"), "7000") == 403
    assert status(phone(freeswitch.ports["SIP_PORT"], "1001", ""), "7000") in (403, 407)


def test_a_call_to_who_is_not_there_fails(freeswitch: FreeSwitch, phone: MakePhone) -> None:
    port = freeswitch.ports["SIP_PORT"]
    assert status(phone(port, "1001", PHONES), "1019") == 480
    assert status(phone(port, "1001", PHONES), "0049301234567") == 404


# --- calls to bots ------------------------------------------------------------------------------


def test_without_a_controller_the_caller_hears_an_apology(
    freeswitch: FreeSwitch, phone: MakePhone
) -> None:
    caller = phone(freeswitch.ports["SIP_PORT"], "1001", PHONES)
    assert status(caller, "7000") == 200
    for language in ("en", "zh"):
        uuid = freeswitch.wait_playing(f"unavailable-{language}.wav")
        assert loudness(caller, 1.0)[1] > SPEECH_RMS, f"nothing said in {language}"
        freeswitch.api(f"uuid_break {uuid} all")
    assert caller.ended.wait(5)
    assert caller.cause == "NORMAL_TEMPORARY_FAILURE"


def test_the_controller_gets_the_call_unanswered_and_again_when_it_lost_it(
    freeswitch: FreeSwitch, phone: MakePhone, controller: socket.socket
) -> None:
    caller = phone(freeswitch.ports["SIP_PORT"], "1001", PHONES)
    caller.user = "13800138000"  # what it says of itself; it logs in as 1001
    caller.dial("7042")
    line = Line(controller)
    assert line.data["Caller-Destination-Number"] == "7042"
    assert line.data["Caller-Caller-ID-Number"] == "1001", "a phone calls under its own number"
    assert line.data["variable_playback_terminators"] == "none"
    assert line.data["Answer-State"] == "ringing"
    assert loudness(caller, 0.2) == (0, 0.0), "nothing is played before the controller answers"

    line.run("answer")
    assert caller.answered.wait(5)
    line.close()
    again = Line(controller)
    assert again.data["Answer-State"] == "answered"
    again.run("sleep", "1")
    again.close()
    freeswitch.api(f"uuid_kill {freeswitch.wait_playing('unavailable-en.wav')}")
    assert caller.ended.wait(5)


def test_an_answered_idle_call_keeps_its_stream(
    freeswitch: FreeSwitch, phone: MakePhone, controller: socket.socket
) -> None:
    caller = phone(freeswitch.ports["SIP_PORT"], "1001", PHONES).dial("7000")
    line = Line(controller)
    line.run("answer")
    assert caller.answered.wait(5)
    frames, loudest = loudness(caller, 1.0)
    assert frames >= 35, "50 frames a second, silence too"
    assert loudest < SPEECH_RMS
    line.hang_up("NORMAL_CLEARING")
    assert caller.ended.wait(5)


# --- trunks -------------------------------------------------------------------------------------


def test_calls_from_outside_reach_the_public_numbers_only(
    freeswitch: FreeSwitch, phone: MakePhone, controller: socket.socket
) -> None:
    port = freeswitch.ports["TRUNK_SIP_PORT"]
    for number in ("7000", "7001", "1001", "0049301234567", "transfer", "20255501021"):
        assert status(phone(port, "anyone"), number) == 404, number
    with pytest.raises(NotRegistered):
        phone(port, "1001", PHONES).registers()

    for dialled in ("+12025550102", "12025550102", "2025550102"):
        caller = phone(port, "13800138000").dial(dialled)
        line = Line(controller)
        assert line.data["Caller-Destination-Number"] == "7002"
        assert line.data["Caller-Caller-ID-Number"] == "13800138000"
        line.hang_up("USER_BUSY")
        assert caller.ended.wait(5)
        assert caller.codes[-1] == 486


# --- browsers -----------------------------------------------------------------------------------


SESSION = "0a0b0c0d-0000-4000-8000-000000000001"


def _verto_ask(line: WebSocket, method: str, **params: object) -> dict[str, object]:
    request = {"jsonrpc": "2.0", "method": method, "id": method, "params": {"sessid": SESSION, **params}}
    line.send(json.dumps(request))
    while True:
        reply: dict[str, object] = json.loads(line.recv())
        if reply.get("id") == method or "error" in reply:
            return reply


def _verto_login(url: str, password: str, user: str = "1001") -> dict[str, object]:
    with closing(create_connection(url, timeout=5, sslopt={"cert_reqs": ssl.CERT_NONE})) as line:
        return _verto_ask(line, "login", login=user, passwd=password)


@pytest.mark.parametrize(("scheme", "port"), [("ws", "VERTO_PORT"), ("wss", "VERTO_SECURE_PORT")])
def test_verto_takes_its_own_password_only(freeswitch: FreeSwitch, scheme: str, port: str) -> None:
    url = f"{scheme}://127.0.0.1:{freeswitch.ports[port]}"
    reply = _verto_login(url, SECRETS["VERTO_PASSWORD"])
    assert isinstance(reply["result"], dict)
    assert reply["result"]["message"] == "logged in"
    for password in (PHONES, "1234", ""):
        assert "error" in _verto_login(url, password)
    assert "error" in _verto_login(url, SECRETS["VERTO_PASSWORD"], user="4711")


def test_a_browser_reaches_a_bot_under_its_own_number(
    freeswitch: FreeSwitch, controller: socket.socket
) -> None:
    url = f"ws://127.0.0.1:{freeswitch.ports['VERTO_PORT']}"
    sdp = (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    )
    dialog = {"callID": SESSION, "destination_number": "7000", "caller_id_number": "13800138000"}
    with closing(create_connection(url, timeout=5)) as browser:
        refused = _verto_ask(browser, "verto.invite", sdp=sdp, dialogParams=dialog)
        assert "error" in refused, "no call before the login"
        _verto_ask(browser, "login", login="1001", passwd=SECRETS["VERTO_PASSWORD"])
        created = _verto_ask(browser, "verto.invite", sdp=sdp, dialogParams=dialog)
        assert "result" in created, created
        line = Line(controller)
        assert line.data["Caller-Destination-Number"] == "7000"
        assert line.data["Caller-Caller-ID-Number"] == "1001"
        line.hang_up("USER_BUSY")
