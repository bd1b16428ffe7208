"""The live sessions of this process: admission, look-up, counting.

Responsible for saying no when the house is full. Knows nothing of entries or engines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from controller.session.happenings import Watcher
from controller.session.ports import AudioIn, AudioOut

if TYPE_CHECKING:
    from controller.session.session import Parts

Prepare = Callable[["Parts"], "Parts"]
"""Changes what a session is made of, before it begins."""


class SessionRefused(Exception):
    """A session can't begin. `code` is machine-readable; the text is fit to be shown."""

    code = "refused"


class ServerFull(SessionRefused):
    """`max_sessions` are live already."""

    code = "server_full"


class Draining(SessionRefused):
    """The process is stopping and takes no new sessions."""

    code = "draining"


class UnknownBot(SessionRefused):
    """No bot of that name is configured."""

    code = "unknown_bot"


class LiveSession(Protocol):
    """What an entry and the operations pages may do with a running session. Call on the hub."""

    session_id: str
    entry: str
    bot: str
    language: str

    @property
    def state(self) -> str:
        """listening, thinking, speaking, tool_running or ending."""
        ...

    @property
    def age_s(self) -> float:
        """Seconds since the session began."""
        ...

    def dtmf(self, digit: str) -> None:
        """The caller pressed one of 0-9*#A-D."""
        ...

    def typed(self, text: str) -> None:
        """The caller typed a turn."""
        ...

    def hang_up(self, reason: str) -> None:
        """The caller (or an operator) ends the session now."""
        ...

    def say_goodbye(self, reason: str) -> None:
        """End politely: the goodbye is spoken first (drain)."""
        ...

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the session has ended; False when the time is over."""
        ...


class SessionOpener(Protocol):
    """What every entry gets from `controller.app`: the one way to begin a session."""

    def open_session(
        self,
        *,
        entry: str,
        bot: str | None,
        audio_in: AudioIn,
        audio_out: AudioOut,
        variables: Mapping[str, str],
        watchers: Sequence[Watcher] = (),
        entry_records: bool = False,
        prepare: Prepare | None = None,
    ) -> LiveSession:
        """Begin a session at once (its opening is spoken without further ado).

        `bot` None means the default bot. `entry_records`: the entry makes the recording itself, if
        there is to be one. `prepare`: has the last word on the session's parts. Raises SessionRefused
        (ServerFull, Draining, UnknownBot).
        """
        ...

    def check_room(self, bot: str | None) -> None:
        """Raises SessionRefused when `open_session` for this bot would, right now."""
        ...


class SessionRegistry:
    """Live sessions by id, at most `max_sessions`."""

    def __init__(self, max_sessions: int) -> None:
        self.max_sessions = max_sessions
        self.draining = False
        self._live: dict[str, LiveSession] = {}

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[LiveSession]:
        return iter(list(self._live.values()))

    def get(self, session_id: str) -> LiveSession | None:
        """The live session of that id, or None."""
        return self._live.get(session_id)

    def check_room(self) -> None:
        """Raises ServerFull or Draining when no session may begin now."""
        if self.draining:
            raise Draining("the server is stopping and takes no new conversations")
        if len(self._live) >= self.max_sessions:
            raise ServerFull(f"all {self.max_sessions} lines are in use; try again in a moment")

    def add(self, session: LiveSession) -> None:
        """Count a session in. Raises as `check_room`."""
        self.check_room()
        self._live[session.session_id] = session

    def remove(self, session_id: str) -> None:
        """Count a session out; unknown ids are ignored (an end may be told twice)."""
        self._live.pop(session_id, None)
