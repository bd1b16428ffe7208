"""Leaving the conversation for a chain of nodes, and coming back to where it was left.

Works on a `Turn`. Bounded by MAX_NESTED and, like every detour, by MAX_DETOURS; a place that the
conversation has moved away from meanwhile (a correction led elsewhere) is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from controller.dialogue.flow.memory import MAX_NESTED, Phase, Place
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.languages.base import Intent

if TYPE_CHECKING:
    from controller.dialogue.flow.model import Digression, Flow
    from controller.dialogue.flow.turn import Turn


def digression_in(turn: Turn, text: str) -> Digression | None:
    """The digression whose words are said, unless it is going on already or it is one too many."""
    return next((d for d in _possible(turn) if turn.mentions(text, d.words)), None)


def digression_for(turn: Turn, intent: Intent) -> Digression | None:
    """The same for a digression that an intent begins."""
    return next((d for d in _possible(turn) if d.intent is intent), None)


def leave(turn: Turn, digression: Digression) -> Step:
    """Go to the digression's first node, keeping the place."""
    memory = turn.memory
    place = Place(digression.start, memory.node, memory.phase, memory.question, memory.tries)
    turn.remember(left=(*memory.left, place), phase=Phase.ANSWER)
    return Go(digression.start)


def come_back(turn: Turn) -> Step:
    """Where the last digression left from, with its question open again."""
    if not turn.memory.left:
        return Stay.FAILED
    *others, place = turn.memory.left
    turn.remember(
        left=tuple(others),
        node=place.node,
        phase=place.phase,
        question=place.question,
        tries=place.tries,
    )
    return turn.flow.node(place.node).resume(turn)


def forget_left(turn: Turn, node: str) -> None:
    """The conversation goes on at `node`: places whose digressions don't lead there are history."""
    left = turn.memory.left
    while left and node not in chain(turn.flow, left[-1].start):
        left = left[:-1]
    if left != turn.memory.left:
        turn.remember(left=left)


def chain(flow: Flow, start: str) -> set[str]:
    """The nodes that a digression beginning at `start` may pass."""
    passed: set[str] = set()
    waiting: list[str] = [start]
    while waiting:
        name = waiting.pop()
        if name in flow.nodes and name not in passed:
            passed.add(name)
            waiting += _targets(flow, name)
    return passed


def _possible(turn: Turn) -> list[Digression]:
    memory = turn.memory
    if memory.phase in (Phase.OUTCOME, Phase.ENDED) or len(memory.left) >= MAX_NESTED:
        return []
    under_way = {place.start for place in memory.left}
    return [d for d in turn.flow.digressions if d.start not in under_way]


def _targets(flow: Flow, name: str) -> Iterable[str]:
    return (target for _, target in flow.nodes[name].targets())
