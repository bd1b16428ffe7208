"""The event-socket dialect, server side: who may speak, and what each verb means.

Responsible for the login and for verbs; commands (what follows `api`) are somebody else's. No socket, no
clock: it is told a request and gives an answer, with how long to wait before it and whether to go.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from uuid import uuid4

from controller.gateway.console import protocol
from controller.gateway.console.completion import complete
from controller.gateway.console.ports import ConsoleLimits
from controller.gateway.console.protocol import Level, Request
from controller.gateway.console.watch import Watching

REFUSED = "-ERR command not found"
_EVENT_NAME = re.compile(r"[A-Za-z0-9_:.-]{1,64}")
MAX_EVENT_NAMES = 64
_FIRST_ASKED = ("switchname", "hostname")
"""Asked by fs_cli as it begins, before it turns the log on."""


class Stage(Enum):
    """Where a connection is."""

    LOGIN = auto()
    READY = auto()
    LEAVING = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes to send, after a pause. `wakes`: an empty log line is to follow a moment later."""

    data: bytes
    pause_s: float = 0.0
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Actions:
    """What the dialect sets going; `start_job(id, command)` is False when too many run already."""

    run: Callable[[str], str]
    candidates: Callable[[str], list[str]]
    start_job: Callable[[str, str], bool]


class Dialect:
    """One connection's side of the talk."""

    def __init__(
        self, password: str, limits: ConsoleLimits, actions: Actions, watching: Watching
    ) -> None:
        self.stage = Stage.LOGIN
        self._password = password.encode()
        self._limits = limits
        self._actions = actions
        self._watching = watching
        self.wrong_passwords = 0
        self._events: set[str] = set()
        self._json = False
        self._logs = False  # asked for by `log`, as fs_cli does

    def answer(self, request: Request) -> Answer:
        """What to say to `request`; `stage` tells whether to go on."""
        answer = self._answer(request)
        listens = self._logs or request.rest.strip() in _FIRST_ASKED
        if listens and self.stage is Stage.READY:
            return replace(answer, wakes=True)
        return answer

    def _answer(self, request: Request) -> Answer:
        if self.stage is Stage.LOGIN:
            return self._log_in(request)
        match request.verb:
            case "api" if request.rest.strip():
                return Answer(protocol.api_response(self._cut(self._api(request.rest))))
            case "bgapi" if request.rest.strip():
                return Answer(self._bgapi(request))
            case "exit":
                return self._leave("+OK bye")
            case "log" | "nolog":
                return Answer(protocol.reply(self._log(request)))
            case "event" | "nixevent" | "noevents":
                return Answer(protocol.reply(self._subscribe(request)))
            case _:
                return Answer(protocol.reply(REFUSED))

    def job_done(self, job_id: str, command: str, result: str) -> bytes | None:
        """The event that tells how a job ended; None when nobody asked for it."""
        if not self._events & {"ALL", "BACKGROUND_JOB"}:
            return None
        name = command.split(maxsplit=1)[0]
        return protocol.job_event(job_id, name, self._cut(result), as_json=self._json)

    # --- login -------------------------------------------------------------------------------

    def _log_in(self, request: Request) -> Answer:
        match request.verb:
            case "auth":
                given = request.rest.strip()
            case "userauth":  # `user@domain:password`; there is one password and no users
                given = request.rest.strip().partition(":")[2]
            case "exit":
                return self._leave("+OK bye")
            case _:
                return Answer(protocol.reply(REFUSED))
        if hmac.compare_digest(given.encode("utf-8", "replace"), self._password):
            self.stage = Stage.READY
            return Answer(protocol.reply("+OK accepted"))
        self.wrong_passwords += 1
        pause_s = self._limits.wrong_pause_s
        if self.wrong_passwords >= self._limits.wrong_passwords:
            return self._leave("-ERR invalid", pause_s)
        return Answer(protocol.reply("-ERR invalid"), pause_s)

    def _leave(self, text: str, pause_s: float = 0.0) -> Answer:
        self.stage = Stage.LEAVING
        return Answer(protocol.reply(text) + protocol.disconnect_notice(), pause_s)

    # --- verbs -------------------------------------------------------------------------------

    def _api(self, rest: str) -> str:
        name, _, typed = rest.lstrip().partition(" ")
        if name == "console_complete":
            return complete(typed.lstrip(), self._actions.candidates)
        return self._actions.run(rest)

    def _bgapi(self, request: Request) -> bytes:
        wanted = request.headers.get("job-uuid", "")
        job_id = wanted if re.fullmatch(r"[0-9A-Za-z-]{1,64}", wanted) else str(uuid4())
        if not self._actions.start_job(job_id, request.rest.strip()):
            return protocol.reply("-ERR too many jobs at once")
        return protocol.reply(f"+OK Job-UUID: {job_id}", Job_UUID=job_id)

    def _log(self, request: Request) -> str:
        if request.verb == "nolog":
            self._logs = False
            self._watching.level = None
            return "+OK no longer logging"
        level = _level(request.rest.strip())
        if level is None:
            return "-ERR invalid log level"
        self._logs = True
        self._watching.level = level
        return f"+OK log level {level.name.lower()} [{int(level)}]"

    def _subscribe(self, request: Request) -> str:
        if request.verb == "noevents":
            self._events.clear()
            return "+OK no longer listening for events"
        names = [name.upper() for name in request.rest.split()]
        if request.verb == "event":
            form = names.pop(0) if names and names[0] in ("PLAIN", "JSON", "XML") else "PLAIN"
            if form == "XML":
                return "-ERR only plain and json events here"
            self._json = form == "JSON"
        if not names or not all(_EVENT_NAME.fullmatch(name) for name in names):
            return "-ERR no keywords supplied"
        if request.verb == "nixevent":
            self._events.difference_update(names)
            return "+OK events nixed"
        self._events.update(names[:MAX_EVENT_NAMES])
        return f"+OK event listener enabled {'json' if self._json else 'plain'}"

    def _cut(self, text: str) -> str:
        most = self._limits.reply_chars
        return text if len(text) <= most else text[:most] + "\n[cut]"


def _level(text: str) -> Level | None:
    """`debug`, `7`; nothing means debug, as it does to FreeSWITCH."""
    if not text:
        return Level.DEBUG
    if text.upper() in Level.__members__:
        return Level[text.upper()]
    return Level(int(text)) if re.fullmatch("[0-7]", text) else None
