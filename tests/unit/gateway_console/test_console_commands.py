"""What operators type, and what they read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from controller.gateway.console.commands import Commands
from controller.gateway.console.watch import Watching
from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome
from tests.unit.gateway_console.fakes import ID, FakeDesk, House


class Desk:
    """One console's commands, and what its screen is sent."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sent: list[str] = []
        self.watching = Watching(house.hub, lambda data: self.sent.append(data.decode()))
        self.commands = Commands(house.deps, self.watching, "test")

    def types(self, line: str) -> str:
        return self.commands.run(line)

    def shown(self) -> list[str]:
        """Bodies of the log lines sent so far, without their times."""
        bodies = (message.split("\n\n", 1)[1].rstrip("\n") for message in self.sent)
        return [re.sub(r"\] \d\d:\d\d:\d\d ", "] ", body) for body in bodies]


@pytest.fixture
def desk():
    return Desk(House(phone=FakeDesk()))


def test_nobody_talks(desk):
    assert desk.types("sessions") == "no live sessions"


def test_sessions(desk):
    desk.house.begin(caller_number="1001")
    desk.house.begin("ffff000011112222", "outbound", "预约", called_number="+14155550100")
    assert desk.types(" SESSIONS ").splitlines() == [
        "id                entry     bot   state      age   caller",
        "a1b2c3d4e5f60718  inbound   demo  listening  1:01  1001",
        "ffff000011112222  outbound  预约  listening  1:01  +14155550100",
        "",
        "2 live, room for 20",
    ]


def test_what_callers_write_stays_in_its_cell(desk):
    desk.house.begin(caller_number="\x1b[2J\r\n+OK " + "9" * 100)
    row = desk.types("sessions").splitlines()[1]
    assert "\x1b" not in row
    assert row.endswith("…")
    assert len(row) < 100


def test_one_session(desk):
    desk.house.begin(caller_number="1001")
    desk.house.hub(ID, told.ChunkSpoken(0, "r0", "Who is calling?"))
    desk.house.hub(ID, told.FinalHeard(1, "Sarah\nReply-Text: +OK \x1b[31m\u202e"))
    answer = desk.types("session a1b")
    assert answer.splitlines()[:6] == [
        f"session  {ID}", "entry    inbound", "bot      demo (en)",
        "caller   1001", "state    listening", "age      1:01",
    ]  # fmt: skip
    assert "bot: Who is calling?" in answer
    assert r"caller: Sarah\nReply-Text: +OK \x1b[31m\u202e" in answer


def test_a_session_that_has_ended_is_still_shown(desk):
    desk.house.begin().hang_up("hangup")
    answer = desk.types("session a1")
    assert "state    ended" in answer
    assert "session ended: hangup, after 61 s" in answer


def test_older_ones_come_from_the_records():
    session = SimpleNamespace(
        id="0ld", entry="web", bot="demo", language="en", started_at=datetime(2026, 1, 2, tzinfo=UTC),
        ended_at=datetime(2026, 1, 2, 0, 1, tzinfo=UTC), duration_ms=60_000, end_reason="goodbye",
    )  # fmt: skip
    turn = SimpleNamespace(caller_text="ten\x07", heard_text="Fine.", interrupted=True)
    detail = SimpleNamespace(session=session, turns=[turn], tool_calls=[])
    records = SimpleNamespace(session_detail=lambda wanted: detail if wanted == "0ld" else None)
    desk = Desk(House(records=records))
    answer = desk.types("session 0ld")
    assert "state    ended: goodbye" in answer
    assert "lasted   1:00" in answer
    assert answer.endswith("caller: ten\\x07\nbot: Fine. (interrupted)")
    assert desk.types("session 0l").startswith("-ERR no such session")


def test_a_database_that_is_down():
    def down(_wanted: str) -> None:
        raise ConnectionError("refused")

    desk = Desk(House(records=SimpleNamespace(session_detail=down)))
    assert desk.types("session abc") == "-ERR the records can't be read right now"


@pytest.mark.parametrize("command", ["session", "watch", "hangup", "unwatch"])
def test_ids_that_are_none(desk, command):
    desk.house.begin()
    for wanted in ("../etc", "a b", "x" * 65, "é", "a\x1b"):
        assert desk.types(f"{command} {wanted}").startswith("-ERR usage: ")
    assert desk.types(f"{command} zz").startswith("-ERR no such session: zz")


def test_short_ids_must_be_unambiguous(desk):
    first = desk.house.begin("aa11")
    second = desk.house.begin("aa22")
    assert desk.types("hangup aa").startswith("-ERR 2 sessions begin with aa: aa11, aa22")
    assert desk.types("hangup aa2") == "+OK hanging up aa22"
    assert (first.hung_up_by, second.hung_up_by) == ("", "operator")


def test_a_whole_id_wins_over_a_longer_one(desk):
    short = desk.house.begin("aa")
    desk.house.begin("aabb")
    assert desk.types("hangup aa") == "+OK hanging up aa"
    assert short.hung_up_by == "operator"


def test_watching_one(desk):
    desk.house.begin()
    desk.house.begin("bbbb")
    desk.house.hub(ID, told.ChunkSpoken(0, "r0", "Hello."))
    answer = desk.types("watch a")
    assert answer.startswith(f"+OK watching {ID}\n")
    assert "bot: Hello." in answer
    assert "already" in desk.types("watch a")
    hub = desk.house.hub
    hub(ID, told.FinalHeard(1, "ten\x1b[2J"))
    hub("bbbb", told.FinalHeard(1, "not watched"))
    hub(ID, told.FinalHeard(2, "1", "dtmf"))
    hub(ID, told.FinalHeard(3, "hi", "text"))
    hub(ID, told.PartialHeard("not a line"))
    hub(ID, told.BargedIn(3, "r3"))
    call = ToolCall("c", "lookup", {})
    hub(ID, told.ToolRan(3, ToolOutcome(call, ok=False, code="timeout"), 5000))
    hub(ID, told.Trouble("asr_failed", "rebuilt"))
    desk.house.registry.get(ID).hang_up("hangup")
    assert desk.shown() == [
        r"[a1b2c3d4] caller: ten\x1b[2J",
        "[a1b2c3d4] caller pressed: 1",
        "[a1b2c3d4] caller typed: hi",
        "[a1b2c3d4] caller interrupts the bot",
        "[a1b2c3d4] tool failed: lookup: timeout, 5000 ms",
        "[a1b2c3d4] trouble: asr_failed: rebuilt",
        "[a1b2c3d4] session ended: hangup, after 61 s",
    ]
    assert desk.types("unwatch") == "-ERR nothing was watched"


def test_watching_all_shows_each_line_once(desk):
    desk.house.begin()
    desk.types("watch a1")
    assert desk.types("watch all") == "+OK watching all sessions"
    assert "already" in desk.types("watch a1")
    desk.house.hub(ID, told.ChunkSpoken(0, "r0", "Hello."))
    desk.house.begin("bbbb")
    assert desk.shown() == [
        "[a1b2c3d4] bot: Hello.",
        "[bbbb] session began: inbound, bot demo",
    ]
    assert desk.types("unwatch all") == "+OK watching nothing"
    desk.house.hub(ID, told.ChunkSpoken(0, "r0", "Unheard."))
    assert len(desk.sent) == 2


def test_unwatch_one(desk):
    desk.house.begin()
    desk.types("watch a1")
    assert desk.types("unwatch a1") == f"+OK no longer watching {ID}"
    desk.house.hub(ID, told.ChunkSpoken(0, "r0", "Unheard."))
    assert not desk.sent


def test_the_log_level_shows_less(desk):
    desk.house.begin()
    desk.types("watch a1")
    desk.watching.level = None
    desk.house.hub(ID, told.Trouble("a", "b"))
    assert not desk.sent


def test_calls(desk):
    assert desk.types("calls") == "no calls were made"
    assert desk.types('call +14155550100 demo name="Sarah Johnson" day=') == "+OK call-0"
    (order,) = desk.house.phone.placed
    assert (order.number, order.bot) == ("+14155550100", "demo")
    assert order.variables == {"name": "Sarah Johnson", "day": ""}
    assert desk.types("call 1001 x=1") == "+OK call-1"
    assert desk.house.phone.placed[1].bot is None
    assert [row.split()[0] for row in desk.types("calls").splitlines()] == [
        "call_id",
        "call-1",
        "call-0",
    ]
    assert desk.types("hangup call-0") == "+OK hanging up call-0"
    assert desk.house.phone.hung_up == ["call-0"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("call", "usage: call"),
        ('call 1001 demo name="x', "usage: call"),
        ("call 1001 demo other", "other is no name=value"),
        ("call 1001 demo 1x=2", "1x=2 is no name=value"),
        ("call 1001 a=1 a=2", "a=2 is no name=value of its own"),
        ("call 1001 " + " ".join(f"v{n}=1" for n in range(33)), "at most 32"),
        ("call 900123", "900123 may not be called"),
    ],
)
def test_calls_that_are_not_made(desk, line, says):
    answer = desk.types(line)
    assert answer.startswith("-ERR ")
    assert says in answer
    assert not desk.house.phone.placed


def test_without_a_freeswitch():
    desk = Desk(House())
    assert desk.types("call 1001").startswith("-ERR no FreeSWITCH is configured")
    assert desk.types("calls").startswith("-ERR no FreeSWITCH is configured")


def test_a_fault_is_not_the_end(desk):
    assert desk.types("call boom") == "-ERR this failed unexpectedly; the log says why"
    assert desk.types("sessions") == "no live sessions"


def test_stats_drain_help(desk):
    desk.house.begin()
    assert "hub_delay_ms  1.5" in desk.types("stats")
    assert desk.types("drain") == "+OK draining: no new sessions, 1 live"
    assert desk.types("drain") == "+OK draining already, 1 live"
    assert desk.house.drains == 1
    assert all(name in desk.types("help") for name in desk.commands.listed)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sesions", "did you mean `sessions`?"),
        ("reloadxml", "-ERR reloadxml: unknown command; `help` lists them all"),
        ("exit", "type /quit to leave"),
        ("", "unknown command"),
        ("\x1b[2J", r"\x1b[2J: unknown command"),
        ("x" * 5000, "unknown command"),
    ],
)
def test_unknown_commands(desk, line, says):
    answer = desk.types(line)
    assert answer.startswith("-ERR ")
    assert says in answer
    assert len(answer) < 200


@pytest.mark.parametrize("line", ["status", "show channels", "console loglevel debug", "switchname"])
def test_what_fs_cli_asks_by_itself(desk, line):
    assert not desk.types(line).startswith("-ERR")


def test_completion_offers_live_ids(desk):
    desk.house.begin()
    assert desk.commands.candidates("watch") == [ID]
    assert "hangup" in desk.commands.candidates("")
    assert desk.commands.candidates("call") == []
