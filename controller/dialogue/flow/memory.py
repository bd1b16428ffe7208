"""What a flow remembers between two turns of one session. Frozen: every turn makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from controller.dialogue.slots import Match

MAX_TURNS = 80
"""No scripted conversation needs more; beyond it the flow takes leave."""
MAX_DETOURS = 8
"""Interjections ("wait", "repeat", questions) in a row without any progress."""
MAX_ASKED = 8
"""How often one node may put its question, in whatever words and for whatever reason. With a bound for
every node no caller, however odd, keeps a conversation going."""


class Phase(StrEnum):
    """What the current node is waiting for."""

    ANSWER = "answer"
    WHICH_SLOT = "which_slot"  # a confirm node asked what shall be changed
    OUTCOME = "outcome"  # a tool is running
    ENDED = "ended"  # leave has been taken


@dataclass(frozen=True, slots=True)
class Memory:
    """`slots` are in the order in which they were filled; a PARTIAL match may be among them."""

    node: str
    phase: Phase = Phase.ANSWER
    slots: Mapping[str, Match] = field(default_factory=dict)
    question: tuple[str, ...] = ()
    """The sentences of the last question, for "can you repeat that"."""
    tries: int = 0
    """Answers to the current question that were not understood, not possible or no step forward."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """By node: how many replies ended in its question."""
    detours: int = 0
    turns: int = 0
    tool_say: str = ""
    """What a failed tool wants the caller to know."""
