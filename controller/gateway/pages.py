"""The pages people read: the softphone, the list of sessions, one session with its transcript.

Responsible for choosing what a page shows and in which language. Words are in `page_words`, the looks in
templates and `static/pages.css`. Must never know a socket or a table.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound

from controller.gateway.api import DEFAULT_LIMIT, live_json, recorded_sessions, summary_json
from controller.gateway.page_words import LANGUAGES, WORDS
from controller.gateway.ports import GatewayDeps, TurnRecord


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage on a turn's time axis, percent of the axis."""

    stage: str
    ms: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the bot, cut where the caller stopped hearing it."""

    heard: str
    unheard: str


def pages_blueprint(deps: GatewayDeps) -> Blueprint:
    """`/`, `/sessions` and `/sessions/<id>`."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def softphone() -> str:
        return render_template(
            "softphone.html",
            bots=deps.bots,
            default_bot=deps.default_bot,
            verto=deps.verto is not None,
        )

    @pages.get("/sessions")
    def sessions() -> str:
        before = request.args.get("before")
        recorded = recorded_sessions(deps, DEFAULT_LIMIT, before)
        return page(
            "sessions.html",
            live=[live_json(session) for session in deps.registry],
            recorded=[summary_json(session) for session in recorded],
            older=recorded[-1].id if len(recorded) == DEFAULT_LIMIT else None,
        )

    @pages.get("/sessions/<session_id>")
    def session(session_id: str) -> str:
        live, detail = deps.registry.get(session_id), deps.records.session_detail(session_id)
        if live is None and detail is None:
            raise NotFound("there is no session of this id")
        head = summary_json(detail.session) if detail else {}
        return page(
            "session.html",
            session={**head, **(live_json(live) if live else {})},
            live=live is not None,
            turns=detail.turns if detail else (),
            tool_calls=detail.tool_calls if detail else (),
            waterfall=waterfall,
            split_heard=split_heard,
        )

    return pages


def page(template: str, **values: object) -> str:
    """A template in the reader's language."""
    language = request.accept_languages.best_match(LANGUAGES, default="en") or "en"
    return render_template(template, language=language, words=WORDS[language], **values)


def split_heard(bot_text: str, heard_text: str) -> Words:
    """Cut what was generated into heard and unheard. Spoken text may differ from written text (numbers
    are read out), so a text that is no beginning of the other is shown as it was heard, with no rest."""
    heard = heard_text.strip()
    whole = bot_text.strip()
    if whole.startswith(heard):
        return Words(heard, whole[len(heard) :])
    return Words(heard, "")


def waterfall(turn: TurnRecord) -> list[Bar]:
    """The stages from the acoustic end of speech to the first reply sample. The last two are lengths,
    and end where the reply begins: on a speculative turn they overlap the endpoint's silence."""
    end = turn.response_ms
    if end is None or end <= 0:
        return []
    endpoint, final = turn.endpoint_ms or 0.0, turn.asr_final_ms or 0.0
    voice = max(0.0, end - (turn.tts_first_frame_ms or 0.0))
    token = max(0.0, voice - (turn.llm_first_token_ms or 0.0))
    spans = [
        ("endpoint", 0.0, endpoint),
        ("final", min(endpoint, final), final),
        ("token", token, voice if turn.llm_first_token_ms is not None else token),
        ("voice", voice, end),
    ]
    axis = max(end, endpoint, final)
    return [
        Bar(stage, stop - start, start / axis * 100, (stop - start) / axis * 100)
        for stage, start, stop in spans
        if stop > start
    ]
