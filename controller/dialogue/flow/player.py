"""Moves through the nodes of a flow: follows the steps of one turn until the conversation rests.

Every way round is bounded: the nodes of one turn, the questions of one node, nested digressions. A node
whose text can't be filled has failed.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from controller.dialogue.flow import digressions
from controller.dialogue.flow.memory import MAX_ASKED, Phase
from controller.dialogue.flow.nodes.base import RETURN, Go, NodeModel, Stay, Step
from controller.dialogue.flow.templates import TemplateFault
from controller.dialogue.flow.turn import Turn
from controller.dialogue.languages.base import Phrase

_log = structlog.get_logger(__name__)


def play(turn: Turn, step: Step) -> None:
    """Follow `step` and all that comes of it. The flow's checks make sure that it comes to rest, unless
    nodes that have asked too often fail in a circle."""
    for _ in range(2 * len(turn.flow.nodes) + 2):
        step = _bounded(turn, step)
        if step is Stay.FAILED:
            step = _failed(turn)
        if not isinstance(step, Go):
            break
        step = _enter(turn, step.node)
    else:
        turn.unsay()
        turn.take_leave(Phrase.GIVING_UP, "not_understood")
    if turn.memory.phase is not Phase.ENDED:
        _node(turn).expect(turn)


def attempt(turn: Turn, begin: Callable[[], Step]) -> Step:
    """A step, or FAILED when its words can't be put together."""
    try:
        return begin()
    except TemplateFault as fault:
        _log.warning("flow_text_failed", flow=turn.flow.flow, node=turn.memory.node, detail=str(fault))
        turn.unsay()
        return Stay.FAILED


def _enter(turn: Turn, name: str) -> Step:
    if name == RETURN:
        return attempt(turn, lambda: digressions.come_back(turn))
    moved = name != turn.memory.node
    digressions.forget_left(turn, name)
    turn.remember(node=name, phase=Phase.ANSWER, agent=None)
    if moved:
        turn.remember(tries=0, unanswered=0)
    return attempt(turn, lambda: _node(turn).enter(turn))


def _bounded(turn: Turn, step: Step) -> Step:
    if step is Stay.WAIT and turn.count_question() > MAX_ASKED:
        turn.unsay()
        return Stay.FAILED
    return step


def _failed(turn: Turn) -> Step:
    """Where a failure leads: the node's own way out, the flow's, the end of the call."""
    target = _node(turn).on_fail() or turn.flow.give_up
    if target is None or target == turn.memory.node:
        turn.take_leave(Phrase.GIVING_UP, "not_understood")
        return Stay.WAIT
    return Go(target)


def _node(turn: Turn) -> NodeModel:
    return turn.flow.node(turn.memory.node)
