"""One session as text: live, lately ended, or from the records.

Responsible for words and their order only; everything passes `plain`, for callers wrote most of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.gateway.console.screen import duration, plain
from controller.gateway.console.watch import shown
from controller.gateway.ports import SessionDetail, TurnRecord
from controller.observe.transcripts import Transcript
from controller.session.registry import LiveSession

MAX_LINES = 200
"""Of a transcript, the latest."""


def remembered(session_id: str, live: LiveSession | None, transcript: Transcript | None) -> str:
    """A session that is live, or that the transcripts still know."""
    facts = [("session", session_id)]
    about = transcript or live
    if about is not None:
        facts += [("entry", about.entry), ("bot", f"{about.bot} ({about.language})")]
    if transcript is not None and transcript.caller:
        facts.append(("caller", transcript.caller))
    facts.append(("state", live.state if live else "ended"))
    if live is not None:
        facts.append(("age", duration(live.age_s)))
    return "\n".join([*_facts(facts), "", *(lines(transcript) if transcript else ())])


def lines(transcript: Transcript) -> list[str]:
    """The latest lines of a transcript, as `watch` shows them."""
    latest = transcript.lines[-MAX_LINES:]
    missing = transcript.dropped + len(transcript.lines) - len(latest)
    first = [f"({missing} earlier lines)"] if missing else []
    return [*first, *(shown(line) for line in latest)]


def recorded(detail: SessionDetail) -> str:
    """A session of the records."""
    session = detail.session
    how = "unknown: in another process, or its process died"
    if session.ended_at is not None:
        how = f"ended: {session.end_reason}"
    facts = [
        ("session", session.id),
        ("entry", session.entry),
        ("bot", f"{session.bot} ({session.language})"),
        ("state", how),
        ("began", session.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")),
    ]
    if session.duration_ms is not None:
        facts.append(("lasted", duration(session.duration_ms / 1000)))
    spoken = [line for turn in detail.turns[-MAX_LINES:] for line in _turn(turn)]
    return "\n".join([*_facts(facts), "", *spoken])


def _turn(turn: TurnRecord) -> list[str]:
    caller = [f"caller: {plain(turn.caller_text)}"] if turn.caller_text else []
    cut = " (interrupted)" if turn.interrupted else ""
    bot = [f"bot: {plain(turn.heard_text)}{cut}"] if turn.heard_text else []
    return caller + bot


def _facts(facts: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in facts) + 2
    return [f"{name:<{width}}{plain(value)}" for name, value in facts]
