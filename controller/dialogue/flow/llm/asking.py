"""One short question to a chat model within a hard limit of time and length. Knows nothing of flows."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any, cast

import gevent
import structlog

from controller.dialogue.agent.ports import ChatModel, ChatRequest, ModelError, Piece, Words
from controller.dialogue.agent.prompt import as_data
from controller.dialogue.agent.spoken import SpokenFilter

_log = structlog.get_logger(__name__)
MODEL_SHARE = 0.9
"""Part of the time that the model itself is given, so that a slow one counts as slow with its circuit
breaker before the hard limit cuts whatever goes on."""


def ask(
    model: ChatModel,
    instructions: str,
    told: Mapping[str, Any],
    *,
    limit_ms: int,
    max_chars: int,
    max_tokens: int,
) -> str | None:
    """The model's answer; None when there is none within `limit_ms`, or it is longer than `max_chars`.

    `told` goes as data. Blocks cooperatively.
    """
    limit_s = limit_ms / 1000
    request = ChatRequest(
        messages=[
            {"role": "system", "content": instructions},
            {"role": "user", "content": as_data(told)},
        ],
        first_s=limit_s * MODEL_SHARE,
        total_s=limit_s * MODEL_SHARE,
        max_tokens=max_tokens,
    )
    answer: str | None = None
    with gevent.Timeout(limit_s, False):
        try:
            answer = _listen(model, request, max_chars)
        except ModelError as error:
            _log.info("flow_help_failed", detail=str(error))
    return answer


def json_object(text: str) -> Mapping[str, Any]:
    """The JSON object in a model's answer (models like to put it in a fence); {} when there is none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1]) if 0 <= start < end else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _listen(model: ChatModel, request: ChatRequest, max_chars: int) -> str | None:
    bounded, text = SpokenFilter(max_chars), ""
    with closing(cast(Generator[Piece, None, None], model.stream(request))) as pieces:
        for piece in pieces:
            text += bounded.feed(piece.text) if isinstance(piece, Words) else ""
            if bounded.full:
                return None
    return (text + bounded.flush()).strip()
