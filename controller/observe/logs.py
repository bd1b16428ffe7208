"""Logging: one configuration for our lines (structlog) and those of libraries (stdlib logging).

Responsible for how a line looks and for what must never be in one: secrets, audio, line breaks from
outside. Must never know what a session decides.

Lines are written on the thread that logs. Log from greenlets only: a native engine thread that logs
would take the handler's lock away from the hub; return the error and log it where it arrives.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from controller.observe.redaction import clean, one_line
from controller.session import happenings as told

MAX_VALUE_CHARS = 16 * 1024
"""Budget of each value of a line; a longer transcript belongs into the records."""

_NOISY = (
    "alembic",
    "sqlalchemy",
    "faster_whisper",
    "piper",
    "urllib3",
    "httpx",
    "httpcore",
    "geventwebsocket",
)
_AFTER_DUMPS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class LogStyle(StrEnum):
    """How a line looks: for machines or for people."""

    JSON = "json"
    CONSOLE = "console"


def configure_logging(
    level: str = "info", style: LogStyle = LogStyle.CONSOLE, stream: TextIO | None = None
) -> None:
    """Send every log line of the process to `stream` (default stderr). May be called again.

    `level` is debug, info, warning, error or critical; raises ValueError for any other.
    """
    stream = sys.stderr if stream is None else stream
    threshold = logging.getLevelNamesMapping().get(level.upper())
    if threshold is None or threshold == logging.NOTSET:
        raise ValueError(f"log level {level!r} is unknown; use debug, info, warning, error or critical")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_common(), structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(style, stream),
            ],
        )
    )
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # module-level loggers must follow a second configuration
    )


@contextmanager
def session_bound(session_id: str) -> Iterator[None]:
    """Every line logged in this block, on this greenlet, carries `session_id`.

    A greenlet spawned inside starts with an empty context: open the block in it again.
    """
    with structlog.contextvars.bound_contextvars(session_id=session_id):
        yield


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering(style: LogStyle, stream: TextIO) -> list[Processor]:
    if style is LogStyle.JSON:
        return [
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
            escape_json,
        ]
    return [
        structlog.processors.format_exc_info,
        redact,
        escape_values,
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=28),
    ]


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: hide secrets by name at any depth, show bytes as "<N bytes>", cut endless values."""
    cleaned: dict[str, Any] = {}
    for name, value in event.items():  # one budget each: a huge value must not push out the event's name
        cleaned.update(clean({name: value}, MAX_VALUE_CHARS))
    return cleaned


def escape_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: no value can begin a new line or steer a terminal. A traceback keeps its lines, each
    indented behind a bar, so that none can pass for a log line."""
    return {
        one_line(name): _indented(value) if name in ("exception", "stack") else _flat(value)
        for name, value in event.items()
    }


def escape_json(_logger: WrappedLogger, _method: str, line: Any) -> str:
    """Processor: escape in a rendered JSON line what `json` leaves raw (C1, U+2028, bidi, surrogates).
    They occur inside strings only, so the line stays the same JSON."""
    return _AFTER_DUMPS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def _flat(value: Any) -> Any:
    if isinstance(value, dict | list):
        return one_line(str(value))
    return one_line(value) if isinstance(value, str) else value


def _indented(value: Any) -> str:
    return "\n".join(f"  | {one_line(line)}" for line in str(value).split("\n"))


class SessionLog:
    """Watcher: one line for each noteworthy happening; what streams by (partials, states) at debug.

    `with_text` False keeps the words of callers and bots out of the log. Pressed digits are never
    logged: they may be a PIN.
    """

    def __init__(self, *, with_text: bool = True) -> None:
        self._with_text = with_text
        self._log = structlog.get_logger("switchtalk.session")

    def __call__(self, session_id: str, happening: told.Happening) -> None:
        """Log `happening`; never raises for what is in it."""
        log = self._log.bind(session_id=session_id)
        match happening:
            case told.SessionStarted(entry, bot, language):
                log.info("session_started", entry=entry, bot=bot, language=language)
            case told.FinalHeard(turn, text, by):
                log.info("caller_said", turn=turn, by=by, **self._said(text, by))
            case told.TurnEnded():
                self._turn(log, happening)
            case told.BargedIn(turn):
                log.info("barged_in", turn=turn)
            case told.ToolRan(turn, outcome, took_ms):
                name, ok = outcome.call.name, outcome.ok
                emit = log.info if ok else log.warning
                emit("tool_ran", turn=turn, tool=name, ok=ok, code=outcome.code, took_ms=round(took_ms))
            case told.Trouble(code, message):
                log.warning("trouble", code=code, message=message)
            case told.PersonSpoke(who, agent, text):
                log.info("person_said", who=who, agent=agent, **self._said(text, "speech"))
            case told.SessionEnded(reason, duration_ms):
                log.info("session_ended", reason=reason, duration_s=round(duration_ms / 1000, 1))
            case _:
                self._passing(log, happening)

    def _turn(self, log: Any, turn: told.TurnEnded) -> None:
        response_ms = turn.timings.response_ms
        log.info(
            "turn_ended",
            turn=turn.turn,
            by=turn.by,
            interrupted=turn.interrupted,
            failed=turn.failed,
            response_ms=None if response_ms is None else round(response_ms),
            **({"heard": turn.heard_text} if self._with_text else {}),
        )

    def _passing(self, log: Any, happening: told.Happening) -> None:
        match happening:
            case told.StateChanged(state):
                log.debug("state", state=state)
            case told.VoiceHeard(event, at_ms):
                log.debug("voice", voice=event, at_ms=at_ms)
            case told.PartialHeard(text):
                log.debug("partial", **self._said(text, "speech"))
            case told.ChunkSpoken(turn, reply_id, text):
                log.debug("chunk", turn=turn, reply_id=reply_id, **self._said(text, "bot"))
            case told.InterruptionDismissed(reply_id, text):
                log.debug("interruption_dismissed", reply_id=reply_id, **self._said(text, "speech"))
            case told.TurnMeasured(turn, timings):
                log.debug("measured", turn=turn, response_ms=timings.response_ms)

    def _said(self, text: str, by: str) -> dict[str, Any]:
        if by == "dtmf" or not self._with_text:
            return {"chars": len(text)}
        return {"text": text}
