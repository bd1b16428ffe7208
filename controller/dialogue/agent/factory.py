"""Makes an agent from its options: the one place that chooses the `openai` client."""

from __future__ import annotations

from collections.abc import Sequence

from controller.dialogue.agent.client import connect
from controller.dialogue.agent.failover import Failover
from controller.dialogue.agent.options import AgentOptions
from controller.dialogue.agent.ports import Knowledge, ToolCard
from controller.dialogue.agent.strategy import AgentStrategy


def agent_strategy(
    *, options: AgentOptions, tools: Sequence[ToolCard] = (), knowledge: Knowledge | None = None
) -> AgentStrategy:
    """An agent; entry point "agent" of group "switchtalk.strategies".

    `tools`: those that the bot grants, no others. One client, its connections and circuit breakers are
    shared by all sessions of the agent. Raises ValueError for an endpoint that is not set up.
    """
    return AgentStrategy(options, Failover(connect(options.endpoint)), tools, knowledge)
