"""Judges the tool calls that a model asked for: which may be proposed, and what the others are told.

A call is proposed only for a granted tool and with arguments that are an object; whether they keep the
tool's schema is the runner's business, which checks everything again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from controller.dialogue.agent.memory import Call, Round
from controller.dialogue.agent.ports import AskedCall
from controller.session.ports import Propose


@dataclass(frozen=True, slots=True)
class Judged:
    """A round and what of it is proposed."""

    round: Round
    proposals: tuple[Propose, ...]


def judge(
    asked: tuple[AskedCall, ...], said: str, granted: Collection[str], place: int, most: int
) -> Judged:
    """`place`: tool entries in the history so far. `most`: calls of one round that are proposed."""
    calls: list[Call] = []
    proposals: list[Propose] = []
    for call in asked:
        arguments = _object(call.arguments)
        if call.name not in granted:
            calls.append(Call(call, None, "error: there is no such tool"))
        elif arguments is None:
            calls.append(Call(call, None, "error: the arguments are not a JSON object"))
        elif len(proposals) >= most:
            calls.append(Call(call, None, f"error: not run, at most {most} calls at once"))
        else:
            calls.append(Call(call, place + len(proposals)))
            proposals.append(Propose(call.name, arguments))
    return Judged(Round(said, tuple(calls)), tuple(proposals))


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
