"""Hand the conversation to an agent, which talks freely for a while, and take it back.

The flow stays in charge: what the agent says and proposes is passed on, but its memory lives in the
flow's, goodbyes are the flow's, and what it has found out is parsed like a caller's own words. Which
strategy an agent is, and how its stream is carried, is `handover`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from controller.dialogue.agent.ports import ToolCard
from controller.dialogue.flow.memory import HandedOver
from controller.dialogue.flow.nodes.base import NodeModel, Stay, Step
from controller.dialogue.model import Text

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn
    from controller.session.ports import ToolOutcome

HAND_BACK = "hand_back"
HAND_BACK_CARD = ToolCard(
    name=HAND_BACK,
    description=(
        "Give the conversation back to the scripted part of the call. Call it as soon as the goal is "
        "reached (outcome done), or when it can't be (outcome failed). slots: what the caller said for "
        "each thing to be collected, in their own words; leave out what they did not say."
    ),
    schema={
        "type": "object",
        "properties": {
            "outcome": {"type": "string", "enum": ["done", "failed"]},
            "slots": {"type": "object", "additionalProperties": {"type": "string", "maxLength": 200}},
        },
        "required": ["outcome"],
        "additionalProperties": False,
    },
)
"""To be granted to strategies that flows hand over to. Never run: the flow takes the call itself."""


class AgentNode(NodeModel):
    """`agent` (a name that the bot's settings know) has the word, with `goal` and the slots to `collect`
    among its variables. With `say` the caller is next, without it the agent speaks first.

    `next` when the agent says it is done; `otherwise` when it failed, can't be reached, has had
    `max_turns` of the caller's, or is not there at all.
    """

    kind: Literal["agent"]
    agent: str
    say: Text | None = None
    goal: Text
    collect: tuple[str, ...] = ()
    max_turns: int = Field(10, ge=1, le=40)
    next: str
    otherwise: str

    def targets(self) -> Iterator[tuple[str, str]]:
        """`next` and `otherwise`."""
        yield "next", self.next
        yield "otherwise", self.otherwise

    def slots_used(self) -> Iterator[tuple[str, str]]:
        """`collect`."""
        for index, name in enumerate(self.collect):
            yield f"collect.{index}", name

    def enter(self, turn: Turn) -> Step:
        """Give it the word."""
        if self.agent not in turn.script.agents:
            return Stay.FAILED
        turn.remember(agent=HandedOver(), question=())
        if self.say is not None:
            turn.ask(self.say)
        else:
            turn.consults = True
        return Stay.WAIT

    def hear(self, turn: Turn, text: str) -> Step:  # noqa: ARG002
        """The agent answers, up to `max_turns` times."""
        with_agent = turn.memory.agent
        if with_agent is None or with_agent.turns >= self.max_turns:
            return Stay.FAILED
        turn.remember(agent=HandedOver(with_agent.memory, with_agent.turns + 1), question=())
        turn.consults = True
        return Stay.WAIT

    def ask_again(self, turn: Turn) -> None:
        """The agent says what is to be said to silence."""
        turn.consults = turn.memory.agent is not None

    def outcome(self, turn: Turn, outcome: ToolOutcome) -> Step:  # noqa: ARG002
        """Of a tool that the agent proposed, most likely: it is told."""
        turn.consults = turn.memory.agent is not None
        return Stay.WAIT

    def resume(self, turn: Turn) -> Step:
        """Back from elsewhere: from the beginning."""
        return self.enter(turn)

    def on_fail(self) -> str | None:
        """`otherwise`."""
        return self.otherwise
