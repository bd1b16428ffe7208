"""Transcripts on a console: how a line looks, and what one console watches.

Responsible for one console's subscriptions. Must never know its socket: it is given a way to send.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.gateway.console.protocol import Level, log_data
from controller.gateway.console.screen import plain
from controller.observe.transcripts import Line, LineKind, Subscription, TranscriptHub

LOOKS = {
    LineKind.STARTED: (Level.CONSOLE, "session began"),
    LineKind.CALLER: (Level.NOTICE, "caller"),
    LineKind.KEYS: (Level.NOTICE, "caller pressed"),
    LineKind.TYPED: (Level.NOTICE, "caller typed"),
    LineKind.AGENT: (Level.NOTICE, "agent"),
    LineKind.BOT: (Level.INFO, "bot"),
    LineKind.BARGE_IN: (Level.DEBUG, "caller interrupts the bot"),
    LineKind.TOOL: (Level.DEBUG, "tool"),
    LineKind.TOOL_FAILED: (Level.WARNING, "tool failed"),
    LineKind.TROUBLE: (Level.ERR, "trouble"),
    LineKind.ENDED: (Level.CONSOLE, "session ended"),
}
"""Kind → log level (a colour in fs_cli) and the word before the text."""

EVERY = None
"""The subscription to all sessions."""
SHORT_ID = 8


def shown(line: Line) -> str:
    """`12:41:03 caller: next Tuesday at ten`, at this machine's time."""
    at = line.at.astimezone().strftime("%H:%M:%S")
    who = LOOKS[line.kind][1]
    return f"{at} {who}: {plain(line.text)}" if line.text else f"{at} {who}"


class Watching:
    """What one console watches. `send` takes a whole message and never blocks."""

    def __init__(self, hub: TranscriptHub, send: Callable[[bytes], None]) -> None:
        self.level: Level | None = Level.DEBUG
        """The least important level shown; None: none at all (`nolog`)."""
        self._hub = hub
        self._send = send
        self._watched: dict[str | None, Subscription] = {}

    def watched(self) -> list[str]:
        """Ids of the sessions watched one by one."""
        return [session_id for session_id in self._watched if session_id is not None]

    def watch(self, session_id: str | None) -> bool:
        """Begin to watch a session, or all (None) in place of each; False when it is watched already."""
        if session_id in self._watched or EVERY in self._watched:
            return False
        if session_id is EVERY:
            self.close()
        self._watched[session_id] = self._hub.subscribe(session_id, self._show)
        return True

    def unwatch(self, session_id: str | None) -> bool:
        """Stop to watch a session (None: the watch on all); False when it was not watched."""
        subscription = self._watched.pop(session_id, None)
        if subscription is not None:
            subscription.cancel()
        return subscription is not None

    def close(self) -> int:
        """Stop to watch anything; gives how many watches there were."""
        watched = list(self._watched)
        for session_id in watched:
            self.unwatch(session_id)
        return len(watched)

    def _show(self, session_id: str, line: Line) -> None:
        level = LOOKS[line.kind][0]
        if self.level is not None and level <= self.level:
            self._send(log_data(level, session_id, f"[{session_id[:SHORT_ID]}] {shown(line)}"))
        if line.kind is LineKind.ENDED:
            self._watched.pop(session_id, None)
