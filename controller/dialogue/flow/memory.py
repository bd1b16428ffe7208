"""What a flow remembers between two turns of one session. Frozen: every turn makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.dialogue.slots import Match

MAX_TURNS = 80
"""No scripted conversation needs more; beyond it the flow takes leave."""
MAX_DETOURS = 8
"""Interjections ("wait", "repeat", questions) in a row without any progress."""
MAX_ASKED = 8
"""How often one node may put its question, in whatever words and for whatever reason. With a bound for
every node no caller, however odd, keeps a conversation going."""
MAX_NESTED = 3
"""Digressions within digressions."""


class Phase(StrEnum):
    """What the current node is waiting for."""

    ANSWER = "answer"
    READBACK = "readback"  # an ask node read its answer back
    WHICH_SLOT = "which_slot"  # it was asked what shall be changed
    OUTCOME = "outcome"  # a tool is running
    ENDED = "ended"  # leave has been taken


@dataclass(frozen=True, slots=True)
class Place:
    """Where a digression left the conversation. `start`: the digression's first node."""

    start: str
    node: str
    phase: Phase
    question: tuple[str, ...]
    tries: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """An agent has the word. `memory` is the agent's own; `turns` counts what the caller said to it."""

    memory: Any = None
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """`slots` are in the order in which they were filled; a PARTIAL match may be among them."""

    node: str
    phase: Phase = Phase.ANSWER
    slots: Mapping[str, Match] = field(default_factory=dict)
    confirmed: frozenset[str] = frozenset()
    """Slots that were read back and found right."""
    variables: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Those the flow itself has set."""
    question: tuple[str, ...] = ()
    """The sentences of the last question, for "can you repeat that"."""
    tries: int = 0
    """Answers to the current question that were not understood, not possible or no step forward."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """By node: how many replies ended in its question."""
    detours: int = 0
    unanswered: int = 0
    """Questions of the caller's at this node that the flow has no answer for."""
    turns: int = 0
    tool: Mapping[str, Any] = field(default_factory=dict)
    """The last tool's result: ok, say, code, data; made harmless."""
    left: tuple[Place, ...] = ()
    """Where digressions left from, the last one last."""
    no_more_calls: bool = False
    """The caller said so while a tool was running."""
    agent: HandedOver | None = None
