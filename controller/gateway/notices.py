"""What a web client is told of its session: happenings in, JSON text out.

Responsible for the words of the web audio protocol, server to client. Pure: it must never know a
socket. A happening that clients have no use for gives None.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from controller.session.happenings import (
    ChunkSpoken,
    FinalHeard,
    Happening,
    PartialHeard,
    PersonSpoke,
    SessionEnded,
    StateChanged,
    Timings,
    ToolRan,
    Trouble,
    TurnMeasured,
    VoiceHeard,
)


def ready(session_id: str, sample_rate: int, bot: str) -> str:
    """The answer to start."""
    return _json(type="ready", session_id=session_id, sample_rate=sample_rate, bot=bot)


def error(code: str, message: str) -> str:
    """Something is wrong; if fatal, a close follows."""
    return _json(type="error", code=code, message=message)


def clear(reply_id: str) -> str:
    """Drop all audio not yet played, now."""
    return _json(type="clear", reply_id=reply_id)


def notice(happening: Happening) -> str | None:
    """The message that tells of a happening."""
    match happening:
        case StateChanged(state):
            return _json(type="state", state=state)
        case VoiceHeard(event, at_ms):
            return _json(type="vad", event=event, at_ms=at_ms)
        case PartialHeard(text):
            return _json(type="partial", text=text)
        case FinalHeard(turn, text, by):
            return _json(type="final", turn=turn, text=text, by=by)
        case ChunkSpoken(turn, reply_id, text, citations):
            return _json(type="reply", turn=turn, reply_id=reply_id, text=text, citations=citations)
        case ToolRan():
            return _tool(happening)
        case TurnMeasured(turn, timings):
            return _json(type="metrics", turn=turn, **_timings(timings))
        case Trouble(code, message):
            return error(code, message)
        case PersonSpoke(who, agent, text, at):
            return _json(type="person", who=who, agent=agent, text=text, at=at.isoformat())
        case SessionEnded(reason):
            return _json(type="end", reason=reason)
        case _:
            return None


def _tool(ran: ToolRan) -> str:
    outcome = ran.outcome
    result: Mapping[str, Any] = outcome.data
    if not outcome.ok:
        result = {"code": outcome.code, "say": outcome.say, "retryable": outcome.retryable}
    return _json(type="tool", turn=ran.turn, name=outcome.call.name, ok=outcome.ok, result=dict(result))


def _timings(timings: Timings) -> dict[str, float | bool | None]:
    stages = {
        "endpoint_ms": timings.endpoint_ms,
        "asr_final_ms": timings.asr_final_ms,
        "llm_first_token_ms": timings.llm_first_token_ms,
        "tts_first_frame_ms": timings.tts_first_frame_ms,
        "response_ms": timings.response_ms,
    }
    rounded = {name: None if ms is None else round(ms, 1) for name, ms in stages.items()}
    return {**rounded, "speculative": timings.speculative}


def _json(**fields: Any) -> str:
    # A tool's data may hold anything; what JSON has no form for is shown as text.
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str)
