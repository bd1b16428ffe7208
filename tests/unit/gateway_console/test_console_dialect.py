"""Login and verbs, request by request."""

from __future__ import annotations

import pytest

from controller.gateway.console.dialect import Actions, Dialect, Stage
from controller.gateway.console.ports import ConsoleLimits
from controller.gateway.console.protocol import Level, Request
from controller.gateway.console.watch import Watching
from controller.observe.transcripts import TranscriptHub

LIMITS = ConsoleLimits(wrong_pause_s=0.5, reply_chars=50)


class Talk:
    """A dialect, and its answers as text."""

    def __init__(self, password: str = "pass word 密", *, logged_in: bool = True) -> None:
        self.ran: list[str] = []
        self.jobs: list[tuple[str, str]] = []
        self.job_room = True
        self.watching = Watching(TranscriptHub(), lambda data: None)
        actions = Actions(self._run, lambda before: ["help", "hangup"], self._start_job)
        self.dialect = Dialect(password, LIMITS, actions, self.watching)
        self.pause_s = 0.0
        if logged_in:
            self.says("auth", password)

    def says(self, verb: str, rest: str = "", **headers: str) -> str:
        answer = self.dialect.answer(
            Request(verb, rest, {name.replace("_", "-"): value for name, value in headers.items()})
        )
        self.pause_s, self.wakes = answer.pause_s, answer.wakes
        return answer.data.decode()

    @property
    def stage(self) -> Stage:
        return self.dialect.stage

    def _run(self, line: str) -> str:
        self.ran.append(line)
        return "x" * 100 if line == "long" else f"ran {line}"

    def _start_job(self, job_id: str, command: str) -> bool:
        self.jobs.append((job_id, command))
        return self.job_room


@pytest.mark.parametrize(
    ("verb", "rest"),
    [("auth", "pass word 密"), ("auth", " pass word 密 "), ("userauth", "bob@x.example:pass word 密")],
)
def test_the_right_password(verb, rest):
    talk = Talk(logged_in=False)
    assert talk.says(verb, rest) == "Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
    assert talk.stage is Stage.READY


def test_three_wrong_ones_are_enough():
    talk = Talk(logged_in=False)
    for given in ("", "pass word"):
        assert "-ERR invalid" in talk.says("auth", given)
        assert talk.stage is Stage.LOGIN
        assert talk.pause_s == 0.5
    last = talk.says("userauth", "pass word 密")
    assert "-ERR invalid" in last
    assert "text/disconnect-notice" in last
    assert talk.stage is Stage.LEAVING


@pytest.mark.parametrize("verb", ["api", "bgapi", "event", "log", "sendevent", "connect", ""])
def test_nothing_goes_before_the_login(verb):
    talk = Talk(logged_in=False)
    assert "Reply-Text: -ERR command not found" in talk.says(verb, "sessions")
    assert not talk.ran
    assert not talk.jobs
    assert talk.stage is Stage.LOGIN


def test_api():
    talk = Talk()
    assert talk.says("api", "status") == "Content-Type: api/response\nContent-Length: 10\n\nran status"
    assert "command not found" in talk.says("api", "  ")
    assert talk.says("api", "long").endswith("x" * 50 + "\n[cut]")


def test_completion_never_runs_a_command():
    talk = Talk()
    assert talk.says("api", "console_complete hang").endswith("\n\n\n\nwrite=4:hangup ")
    assert talk.says("api", "console_complete c=3;hel").endswith("\n\n\n\nwrite=3:help ")
    assert "help  hangup" in talk.says("api", "console_complete h")
    assert "Content-Length: 0" in talk.says("api", "console_complete drain")
    assert not talk.ran


def test_jobs():
    talk = Talk()
    assert talk.says("bgapi", "stats", job_uuid="my-1").endswith(
        "Reply-Text: +OK Job-UUID: my-1\nJob-UUID: my-1\n\n"
    )
    assert talk.jobs == [("my-1", "stats")]
    assert talk.dialect.job_done("my-1", "stats", "done") is None
    talk.says("event", "json BACKGROUND_JOB")
    done = talk.dialect.job_done("my-1", "stats x", "done")
    assert done is not None
    assert b'"Job-Command": "stats"' in done
    talk.says("bgapi", "stats", job_uuid="evil%0a")
    assert "%" not in talk.jobs[-1][0]
    talk.job_room = False
    assert "-ERR too many jobs" in talk.says("bgapi", "stats")


@pytest.mark.parametrize(
    ("verb", "rest", "reply"),
    [
        ("event", "plain ALL", "+OK event listener enabled plain"),
        ("event", "json CUSTOM switchtalk::turn", "+OK event listener enabled json"),
        ("event", "HEARTBEAT", "+OK event listener enabled plain"),
        ("event", "xml ALL", "-ERR only plain and json events here"),
        ("event", "plain", "-ERR no keywords supplied"),
        ("event", "plain a%0ab", "-ERR no keywords supplied"),
        ("nixevent", "ALL", "+OK events nixed"),
        ("noevents", "", "+OK no longer listening for events"),
        ("log", "", "+OK log level debug [7]"),
        ("log", "notice", "+OK log level notice [5]"),
        ("log", "4", "+OK log level warning [4]"),
        ("log", "8", "-ERR invalid log level"),
        ("log", "loud", "-ERR invalid log level"),
        ("nolog", "", "+OK no longer logging"),
        ("filter", "a b", "-ERR command not found"),
        ("exitx", "", "-ERR command not found"),
    ],
)
def test_verbs(verb, rest, reply):
    assert Talk().says(verb, rest) == f"Content-Type: command/reply\nReply-Text: {reply}\n\n"


def test_log_levels_reach_the_watch():
    talk = Talk()
    talk.says("log", "notice")
    assert talk.watching.level is Level.NOTICE
    talk.says("nolog")
    assert talk.watching.level is None


def test_exit():
    talk = Talk()
    said = talk.says("exit")
    assert "Reply-Text: +OK bye\n\nContent-Type: text/disconnect-notice" in said
    assert talk.stage is Stage.LEAVING


def test_a_console_that_logs_is_woken_after_each_answer():
    talk = Talk()
    talk.says("api", "status")
    assert not talk.wakes
    for verb, rest, wakes in (
        ("api", "switchname", True),  # fs_cli, beginning
        ("api", "hostname", True),
        ("log", "debug", True),
        ("api", "status", True),
        ("filter", "", True),
        ("nolog", "", False),
        ("api", "status", False),
        ("log", "", True),
        ("exit", "", False),  # the last word stays the last
    ):
        talk.says(verb, rest)
        assert talk.wakes is wakes, verb
