"""What sessions tell FreeSWITCH's bus, as fs_cli shows it there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.session import happenings as told
from controller.telephony.bus import Bus
from controller.telephony.esl.inbound import FreeSwitchLink
from tests.freeswitch.switch import SECRETS, FreeSwitch
from tests.freeswitch.terminal import Terminal, command_line

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(90)]
UUID = "8b1f0c2e-0000-4000-8000-123456789abc"


@pytest.fixture
def terminal(freeswitch: FreeSwitch, tmp_path: Path) -> Iterator[Terminal]:
    line = command_line(freeswitch.ports["ESL_PORT"], SECRETS["ESL_PASSWORD"], "-q")
    terminal = Terminal(line, tmp_path)
    yield terminal
    terminal.close()


@pytest.fixture
def bus(freeswitch: FreeSwitch) -> Iterator[Bus]:
    link = FreeSwitchLink(
        "127.0.0.1",
        freeswitch.ports["ESL_PORT"],
        SECRETS["ESL_PASSWORD"],
        events=(),
        on_event=lambda event: None,
        on_up=lambda uuids: None,
        on_down=lambda why: None,
    )
    bus = Bus(link, lambda session_id: {"s1": UUID}.get(session_id, ""))
    link.start()
    bus.start()
    assert link.wait_up(10)
    yield bus
    bus.stop()
    link.stop()


def test_fs_cli_shows_what_happens_in_sessions(terminal, bus):
    terminal.shows("> ")
    terminal.types("/event plain CUSTOM switchtalk::session_started switchtalk::turn\n")
    terminal.shows(r"\+OK event listener enabled plain")
    bus("s1", told.SessionStarted("inbound", "demo", "zh"))
    started = shown(terminal, '{"bot":"demo","language":"zh"}')
    assert "\nEvent-Name: CUSTOM\n" in started
    for line in ("Session-ID: s1", f"Unique-ID: {UUID} ", "Entry: inbound"):
        assert f"\n{line}\n" in started
    assert re.search("Event-Subclass: switchtalk(::|%3A%3A)session_started\n", started)
    said = "星期二 100%0a \x1b[2J"
    bus("s1", told.TurnEnded(1, said, "speech", "好", "好", False, False, told.Timings()))
    turn = shown(terminal, r'"caller_text":"星期二 100%0a \u001b[2J"')
    assert "Event-Subclass" in turn
    bus("w1", told.SessionStarted("web", "demo", "en"))
    assert "Unique-ID" not in shown(terminal, '{"bot":"demo","language":"en"}')
    assert bus.counts == {"sent": 3, "away": 0, "full": 0, "failed": 0}


def shown(terminal: Terminal, body: str) -> str:
    """One event on the screen, up to its body."""
    return terminal.shows(rf"RECV EVENT(?s:.)*?{re.escape(body)}").replace("\r", "")
