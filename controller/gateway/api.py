"""`/api/v1`: sessions and bots as JSON.

Responsible for the form of the answers (documented in `openapi`). Must never know a socket or a table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from controller.gateway.openapi import DOCUMENT
from controller.gateway.ports import GatewayDeps, SessionSummary, ToolCallRecord, TurnRecord
from controller.session.registry import LiveSession

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
TURN_FIELDS = (
    "number", "by", "caller_text", "bot_text", "heard_text", "interrupted", "failed", "endpoint_ms",
    "asr_final_ms", "llm_first_token_ms", "tts_first_frame_ms", "response_ms", "speculative",
)  # fmt: skip


def api_blueprint(deps: GatewayDeps) -> Blueprint:
    """The routes under `/api/v1`."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.get("/sessions")
    def sessions() -> Response:
        state = request.args.get("state", "all")
        if state not in ("all", "live", "ended"):
            raise BadRequest("state must be all, live or ended")
        live = [live_json(session) for session in deps.registry] if state != "ended" else []
        recorded = (
            recorded_sessions(deps, _limit(), request.args.get("before")) if state != "live" else []
        )
        return jsonify(sessions=live + [summary_json(session) for session in recorded])

    @api.get("/sessions/<session_id>")
    def session(session_id: str) -> Response:
        live, detail = deps.registry.get(session_id), deps.records.session_detail(session_id)
        if live is None and detail is None:
            raise NotFound("there is no session of this id")
        head = summary_json(detail.session) if detail else {}
        return jsonify(
            {
                **head,
                **(live_json(live) if live else {}),
                "turns": [turn_json(turn) for turn in detail.turns] if detail else [],
                "tool_calls": [tool_json(call) for call in detail.tool_calls] if detail else [],
            }
        )

    @api.post("/sessions/<session_id>/hangup")
    def hangup(session_id: str) -> tuple[Response, int]:
        live = deps.registry.get(session_id)
        if live is None:
            raise NotFound("there is no live session of this id")
        live.hang_up("operator")
        return jsonify(session_id=session_id, accepted=True), 202

    @api.get("/bots")
    def bots() -> Response:
        return jsonify(bots=[asdict(bot) for bot in deps.bots], default_bot=deps.default_bot)

    @api.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(DOCUMENT)

    return api


def recorded_sessions(deps: GatewayDeps, limit: int, before: str | None) -> list[SessionSummary]:
    """Recorded sessions, newest first, less those that are live here."""
    recent: Iterable[SessionSummary] = deps.records.recent_sessions(limit, before)
    return [session for session in recent if deps.registry.get(session.id) is None]


def live_json(session: LiveSession) -> dict[str, Any]:
    """A live session."""
    return {
        "session_id": session.session_id,
        "entry": session.entry,
        "bot": session.bot,
        "language": session.language,
        "state": session.state,
        "age_s": round(session.age_s, 1),
    }


def summary_json(session: SessionSummary) -> dict[str, Any]:
    """A recorded session. One without an end that is not live here is `unknown`: another process has
    it, or its process died."""
    duration = session.duration_ms
    return {
        "session_id": session.id,
        "entry": session.entry,
        "bot": session.bot,
        "language": session.language,
        "state": "ended" if session.ended_at else "unknown",
        "age_s": None if duration is None else round(duration / 1000, 1),
        "started_at": session.started_at.isoformat(),
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "end_reason": session.end_reason,
        "version": session.version,
        "turn_count": session.turn_count,
        "barge_in_count": session.barge_in_count,
    }


def turn_json(turn: TurnRecord) -> dict[str, Any]:
    """A recorded turn."""
    fields = {name: getattr(turn, name) for name in TURN_FIELDS}
    return {**fields, "citations": list(turn.citations), "at": turn.at.isoformat()}


def tool_json(call: ToolCallRecord) -> dict[str, Any]:
    """A recorded tool call."""
    return {
        "turn": call.turn,
        "name": call.name,
        "arguments": dict(call.arguments),
        "ok": call.ok,
        "result": dict(call.result),
        "code": call.code,
        "took_ms": call.took_ms,
    }


def _limit() -> int:
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise BadRequest(f"limit must be a number from 1 to {MAX_LIMIT}")
    return int(text)
