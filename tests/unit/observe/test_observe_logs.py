"""What a log line looks like, and what can never be in one."""

import io
import json
import logging

import gevent
import pytest
import structlog

from controller.observe.logs import LogStyle, SessionLog, configure_logging, session_bound
from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome

ATTACK = 'hello\n2026-01-01 [error] forged\r\x1b[2J\u2028"}\n{"event":"forged"}\u202e\ud800'


@pytest.fixture
def configured():
    """Configures into memory and gives the lines; puts everything back afterwards."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])

    def configure(style, level="info"):
        stream = io.StringIO()
        configure_logging(level, style, stream)
        return lambda: stream.getvalue().rstrip("\n").split("\n") if stream.getvalue() else []

    yield configure
    root.handlers[:] = before[1]
    root.setLevel(before[0])
    structlog.reset_defaults()


def happenings():
    outcome = ToolOutcome(ToolCall("c", "hangup", {"secret": "x"}), ok=False, code="refused")
    return [
        told.SessionStarted("web", "demo", "en"),
        told.StateChanged("listening"),
        told.VoiceHeard("speech_start", 100),
        told.PartialHeard("hel"),
        told.FinalHeard(1, "hello"),
        told.ChunkSpoken(1, "r", "Hi."),
        told.TurnMeasured(1, told.Timings(response_ms=400.4)),
        told.BargedIn(1, "r"),
        told.InterruptionDismissed("r", "mm"),
        told.ToolRan(1, outcome, 5.2),
        told.Trouble("asr_failed", "once more"),
        told.TurnEnded(
            1, "hello", "speech", "Hi.", "Hi.", False, False, told.Timings(response_ms=400.4)
        ),
        told.SessionEnded("hangup", 1000.0),
    ]


def test_a_session_tells_one_line_for_each_noteworthy_thing(configured):
    lines = configured(LogStyle.JSON)
    for happening in happenings():
        SessionLog()("s1", happening)
    told_lines = [json.loads(line) for line in lines()]
    assert [line["event"] for line in told_lines] == [
        "session_started", "caller_said", "barged_in", "tool_ran", "trouble", "turn_ended",
        "session_ended",
    ]  # fmt: skip
    assert {line["session_id"] for line in told_lines} == {"s1"}
    assert {line["logger"] for line in told_lines} == {"switchtalk.session"}
    assert [line["level"] for line in told_lines if line["event"] in ("tool_ran", "trouble")] == [
        "warning"
    ] * 2
    assert all(line["timestamp"].endswith("Z") for line in told_lines)


def test_debug_tells_everything(configured):
    lines = configured(LogStyle.JSON, "debug")
    for happening in happenings():
        SessionLog()("s1", happening)
    assert len(lines()) == len(happenings())


def test_words_can_be_left_out_and_digits_always_are(configured):
    lines = configured(LogStyle.JSON, "debug")
    for happening in [*happenings(), told.FinalHeard(2, "4711", by="dtmf")]:
        SessionLog(with_text=False)("s1", happening)
    assert not any(word in "\n".join(lines()) for word in ("hello", "Hi.", "4711"))
    SessionLog()("s1", told.FinalHeard(2, "4711", by="dtmf"))
    assert "4711" not in lines()[-1]


@pytest.mark.parametrize("style", LogStyle)
def test_a_caller_cannot_forge_a_line(configured, style):
    lines = configured(style)
    SessionLog()("s1", told.FinalHeard(1, ATTACK))
    structlog.get_logger("x").info(ATTACK, **{"na\nme": ATTACK}, nested={"a": [ATTACK]})
    logging.getLogger("library").warning("from a header: %s", ATTACK)
    assert len(lines()) == 3
    text = "\n".join(lines())
    assert len(text.splitlines()) == 3
    assert not any(character in text for character in "\x1b\r\u2028\u202e\ud800")
    text.encode()
    if style is LogStyle.JSON:
        said = json.loads(lines()[0])["text"]
        assert said == ATTACK.replace("\ud800", "\ufffd")


def test_a_traceback_keeps_its_lines_but_none_looks_like_a_log_line(configured):
    lines = configured(LogStyle.CONSOLE)
    try:
        raise ValueError(ATTACK)
    except ValueError:
        structlog.get_logger("x").exception("failed")
    first, *rest = lines()
    assert "failed" in first
    assert len(rest) > 3
    assert all(line.startswith("  | ") for line in rest)


@pytest.mark.parametrize("style", LogStyle)
def test_secrets_and_audio_never_show(configured, style):
    lines = configured(style)
    log = structlog.get_logger("x")
    log.info("sent", api_key="hunter2", settings={"esl": {"password": "hunter2"}}, frame=b"hunter2" * 3)
    log.info("connect to postgresql://bob:hunter2@db/x")
    logging.getLogger("library").error(
        "Authorization: Bearer hunter2hunter2", extra={"token": "hunter2"}
    )
    try:
        raise RuntimeError("https://bob:hunter2@host/")
    except RuntimeError:
        log.exception("failed")
    text = "\n".join(lines())
    assert "hunter2" not in text
    assert "<21 bytes>" in text
    assert text.count("[hidden]") == 7  # the failing source line shows twice


def test_a_huge_value_does_not_push_out_the_rest(configured):
    lines = configured(LogStyle.JSON)
    structlog.get_logger("x").info("big", first="x" * 10**6, last="here")
    line = json.loads(lines()[0])
    assert (line["event"], line["last"]) == ("big", "here")
    assert len(line["first"]) < 20_000


def test_every_greenlet_has_its_own_session(configured):
    lines = configured(LogStyle.JSON)
    log = structlog.get_logger("x")

    def session(name):
        with session_bound(name):
            log.info("one", name=name)
            gevent.sleep(0.001)
            log.info("two", name=name)

    gevent.joinall([gevent.spawn(session, f"s{n}") for n in range(10)], raise_error=True)
    log.info("outside", name=None)
    seen = [json.loads(line) for line in lines()]
    assert len(seen) == 21
    assert all(line.get("session_id") == line["name"] for line in seen)


def test_levels(configured):
    lines = configured(LogStyle.JSON, "warning")
    structlog.get_logger("x").info("no")
    logging.getLogger("library").info("no")
    structlog.get_logger("x").warning("yes")
    assert [json.loads(line)["event"] for line in lines()] == ["yes"]
    for bad in ("loud", "notset"):
        with pytest.raises(ValueError, match="unknown"):
            configure_logging(bad)


def test_a_second_configuration_replaces_the_first(configured):
    first, log = configured(LogStyle.JSON), structlog.get_logger("x")
    log.info("one")
    second = configured(LogStyle.CONSOLE)
    log.info("two")
    assert (len(first()), len(second())) == (1, 1)
