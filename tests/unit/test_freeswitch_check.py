"""The check of a FreeSWITCH against one that says what the test wants it to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gevent.server import StreamServer

from controller.doctor import Finding, Verdict
from controller.freeswitch_check import examine_freeswitch
from controller.settings import Settings

DIALPLAN = (Path(__file__).parents[2] / "dialplans/default.xml").read_text(encoding="utf-8")
DIALPLAN = DIALPLAN.partition("<include>")[2].rpartition("</include>")[0].strip()
DIALPLAN = DIALPLAN[DIALPLAN.index("<context") :]
WELL = {
    "version short": "1.11.1-release\n",
    "module_exists": "true",
    "uuid_audio_stream": "-USAGE: <uuid> [start | stop] [wss-url | path] [metadata]\n",
    "sofia status gateway": "Name\ttrunk\nStatus  \tUP\n",
    "sofia status": "  internal\tprofile\t  sip:mod_sofia@127.0.0.1:5060\tRUNNING (0)\n",
    "xml_locate": DIALPLAN.replace("$${controllers}", "127.0.0.1:8084"),
    "domain_exists": "true",
    "spawn_stream": "-ERR no reply\n",
}
"""Answer by the beginning of the API command; the longest beginning counts."""
PASSWORD = "not the well-known one"

Examine = Callable[..., dict[str, Finding]]


@pytest.fixture
def examine(tmp_path: Path) -> Iterator[Examine]:
    """`examine(answers, **freeswitch settings)`: the findings about a FreeSWITCH that says so."""
    servers = []

    def run(answers: dict[str, str], **given: object) -> dict[str, Finding]:
        known = WELL | answers

        def serve(sock: Any, _address: object) -> None:
            sock.sendall(b"Content-Type: auth/request\n\n")
            lines = sock.makefile("r")
            while command := lines.readline().strip():
                lines.readline()  # the blank one
                if command.startswith("auth "):
                    ok = command == f"auth {PASSWORD}"
                    reply = f"Reply-Text: {'+OK accepted' if ok else '-ERR invalid'}\n\n"
                    sock.sendall(f"Content-Type: command/reply\n{reply}".encode())
                    continue
                asked = command.removeprefix("api ")
                body = known[max((each for each in known if asked.startswith(each)), key=len)]
                if asked.startswith("spawn_stream cat ") and "spawn_stream" not in answers:
                    body = Path(asked.split()[-1]).read_text()
                head = f"Content-Type: api/response\nContent-Length: {len(body.encode())}\n\n"
                sock.sendall((head + body).encode())

        server = StreamServer(("127.0.0.1", 0), serve)
        server.start()
        servers.append(server)
        usual = {"host": "127.0.0.1", "port": server.server_port, "password": PASSWORD}
        settings = Settings.model_validate({"var_dir": tmp_path, "freeswitch": usual | given})
        return {finding.what: finding for finding in examine_freeswitch(settings)}

    yield run
    for server in servers:
        server.stop()


def test_all_is_well(examine: Examine) -> None:
    findings = examine({}, outbound={"gateway": "trunk"})
    assert {finding.verdict for finding in findings.values()} == {Verdict.GOOD}, findings
    assert len(findings) == 9


@pytest.mark.parametrize(
    ("answers", "what", "words"),
    [
        ({"module_exists mod_opus": "false"}, "modules", "mod_opus"),
        (
            {"uuid_audio_stream": "-ERR uuid_audio_stream Command not found!\n"},
            "audio stream",
            "not found",
        ),
        ({"sofia status": "0 profiles\n"}, "SIP", "no profile"),
        ({"sofia status": " x\tprofile\tsip:mod_sofia@[::1]:5060\tDOWN\n"}, "SIP x", "down"),
        ({"xml_locate": "can't find anything\n"}, "numbers", "context"),
        ({"xml_locate": "<context"}, "numbers", "unclosed"),
        ({"xml_locate": DIALPLAN}, "numbers", "we listen on 127.0.0.1:8084"),
        (
            {"xml_locate": WELL["xml_locate"].replace(r"^70\d\d$", "^7000$")},
            "numbers",
            "no socket for 7001",
        ),
        (
            {"xml_locate": WELL["xml_locate"].replace(r"^70\d\d$", "(?|a")},
            "numbers",
            "no socket for 7000",
        ),
        ({"domain_exists": "false"}, "users", "127.0.0.1"),
        ({"sofia status gateway": "Invalid Gateway!\n"}, "gateway", "trunk"),
        ({"spawn_stream": "-ERR no reply\n"}, "audio files", "can't read"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(
    examine: Examine, answers: dict[str, str], what: str, words: str
) -> None:
    finding = examine(answers, outbound={"gateway": "trunk"})[what]
    assert finding.verdict is Verdict.BAD
    assert words in finding.says
    if "unclosed" not in words:
        assert finding.remedy


def test_what_is_worth_knowing_is_said(examine: Examine) -> None:
    answers = {
        "version short": "1.8.7",
        "sofia status": "  internal\tprofile\t  sip:mod_sofia@192.0.2.1:5060\tRUNNING (0)\n",
        "sofia status gateway": "Name\ttrunk\nStatus  \tDOWN\n",
    }
    findings = examine(answers, outbound={"gateway": "trunk"})
    noted = {what for what, finding in findings.items() if finding.verdict is Verdict.NOTE}
    assert noted == {"version", "SIP internal", "gateway"}


def test_a_wrong_password_is_named(examine: Examine) -> None:
    (finding,) = examine({}, password="wrong").values()
    assert finding.verdict is Verdict.BAD
    assert "ESL_PASSWORD" in finding.remedy


def test_nobody_there_and_nobody_configured() -> None:
    with_none = list(examine_freeswitch(Settings.model_validate({"freeswitch": {"host": ""}})))
    assert [finding.verdict for finding in with_none] == [Verdict.BAD]
    settings = Settings.model_validate({"freeswitch": {"host": "127.0.0.1", "port": 1, "password": "x"}})
    (finding,) = examine_freeswitch(settings)
    assert "refused" in finding.says
