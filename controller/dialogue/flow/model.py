"""A whole flow, as its file says it. Frozen. What belongs together but lies apart is in `checks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from controller.dialogue.flow.nodes import Node
from controller.dialogue.flow.nodes.ask import AskNode
from controller.dialogue.flow.nodes.base import NodeModel
from controller.dialogue.flow.nodes.confirm import ConfirmNode
from controller.dialogue.languages.base import Intent
from controller.dialogue.model import Model, Text
from controller.dialogue.slots import Slot

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Answer(Model):
    """A short answer to something callers ask or say besides; the open question follows it.

    `words`, by language: any of these phrases in what was said (clean: lower case, no punctuation).
    """

    words: Mapping[str, tuple[str, ...]]
    say: Text


class Flow(Model):
    """`start` is the first node; `intents` send what callers may say anywhere to a node of the flow."""

    flow: Name
    languages: tuple[str, ...] = Field(min_length=1)
    start: Name
    give_up: Name | None = None
    variables: Mapping[Name, Text] = {}
    slots: Mapping[Name, Slot] = {}
    intents: Mapping[Intent, Name] = {}
    answers: tuple[Answer, ...] = ()
    nodes: Mapping[Name, Node] = Field(min_length=1)

    def node(self, name: str) -> NodeModel:
        """A node by name; the checks made sure that it is there."""
        return self.nodes[name]

    def asks(self, slot: str) -> str | None:
        """The node that asks for a slot."""
        return next(
            (n for n, node in self.nodes.items() if isinstance(node, AskNode) and node.slot == slot),
            None,
        )

    def confirms(self, slot: str, current: str) -> str | None:
        """Where a corrected slot has to be confirmed: nowhere while it is still going to be."""
        if isinstance(self.nodes[current], AskNode):
            return None
        return next(
            (
                n
                for n, node in self.nodes.items()
                if isinstance(node, ConfirmNode) and slot in node.corrects
            ),
            None,
        )

    def texts(self) -> Iterator[tuple[tuple[str | int, ...], Text]]:
        """Every text of the flow and where it stands."""
        yield from _texts_in(self, ())


def _texts_in(
    value: object, where: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Text]]:
    if isinstance(value, Text):
        yield where, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _texts_in(getattr(value, name), (*where, name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts_in(item, (*where, key))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _texts_in(item, (*where, index))
