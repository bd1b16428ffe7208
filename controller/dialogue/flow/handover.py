"""Carries the stream of an agent that a flow has handed over to, and takes the conversation back.

Passes on what the agent says and proposes as it comes; keeps the agent's memory within the flow's. Takes
back when the agent proposes `hand_back`, when it raises and when it has nothing to say. Knows an agent
only as a `Strategy`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import structlog

from controller.dialogue.flow.memory import HandedOver, Phase
from controller.dialogue.flow.nodes.agent import HAND_BACK, AgentNode
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.flow.plain import plain_text
from controller.dialogue.flow.player import play
from controller.dialogue.flow.turn import Turn
from controller.dialogue.languages.base import Phrase
from controller.session.ports import Cause, Expect, Propose, Remember, ReplyItem, ReplyRequest, Say

_log = structlog.get_logger(__name__)
MAX_IN_A_REPLY = 2
"""Agents that may have the word one after the other in one reply."""
_CALLERS_OWN = (Cause.SPEECH, Cause.TEXT, Cause.DTMF)


def whole_reply(turn: Turn) -> Iterator[ReplyItem]:
    """A turn's items, and the agent's as long as one has the word."""
    for _ in range(MAX_IN_A_REPLY):
        yield from turn.items()
        if not turn.consults:
            return
        step = yield from _consult(turn)
        if step is None:
            return
        turn = Turn(turn.script, turn.now, turn.request, turn.memory)
        play(turn, step)
    if turn.consults:
        turn.unsay()
        turn.take_leave(Phrase.GIVING_UP, "not_understood")
    yield from turn.items()


def _consult(turn: Turn) -> Generator[ReplyItem, None, Step | None]:
    """Stream the agent's reply. Returns where the flow goes on; None while the agent keeps the word."""
    node = turn.flow.node(turn.memory.node)
    if not isinstance(node, AgentNode):
        return Stay.FAILED
    spoke = False
    items: Iterator[ReplyItem] | None = None
    try:
        items = turn.script.agents[node.agent].reply(_request(turn, node))
        for item in items:
            if isinstance(item, Propose) and item.name == HAND_BACK:
                return _taken_back(turn, node, item.arguments)
            spoke = spoke or isinstance(item, Say | Propose)
            yield from _passed_on(turn, item)
    except Exception as error:  # noqa: BLE001 - the flow goes on by `otherwise`; it is logged
        _log.warning("flow_agent_failed", agent=node.agent, detail=f"{type(error).__name__}: {error}")
        return Stay.FAILED
    finally:
        if isinstance(items, Generator):
            items.close()
    return None if spoke or turn.request.cause is Cause.TOOL else Stay.FAILED


def _request(turn: Turn, node: AgentNode) -> ReplyRequest:
    """The session's request as the agent sees it: its own memory; the goal among the variables."""
    with_agent = turn.memory.agent or HandedOver()
    request, scope = turn.request, turn.scope()
    known = {name: plain_text(scope[name]) for name in turn.flow.slots if name in scope}
    variables = {
        **request.variables,
        **known,
        "goal": turn.language.joiner.join(turn.words(node.goal)),
        "collect": ", ".join(node.collect),
    }
    first = with_agent.memory is None and request.cause not in _CALLERS_OWN
    return replace(
        request,
        cause=Cause.OPENING if first else request.cause,
        tool=None if first else request.tool,
        memory=with_agent.memory,
        variables=variables,
    )


def _passed_on(turn: Turn, item: ReplyItem) -> Iterator[ReplyItem]:
    if isinstance(item, Remember):
        with_agent = turn.memory.agent or HandedOver()
        turn.remember(agent=replace(with_agent, memory=item.memory))
        yield Remember(turn.memory)
    elif isinstance(item, Propose) and item.name == "hangup":
        turn.remember(phase=Phase.ENDED)
        yield Remember(turn.memory)
        yield item
    elif isinstance(item, Say | Propose | Expect):
        yield item


def _taken_back(turn: Turn, node: AgentNode, arguments: Mapping[str, Any]) -> Step:
    """Keep what the agent found out, as far as each slot finds it in the words."""
    found = arguments.get("slots")
    for name in node.collect:
        value = found.get(name) if isinstance(found, Mapping) else None
        words = plain_text(value) if isinstance(value, str | int | float) else ""
        before = turn.memory
        turn.clear(name)
        if not words or not turn.fill_guess(name, words):
            turn.memory = before
    return Go(node.next) if arguments.get("outcome") == "done" else Go(node.otherwise)
