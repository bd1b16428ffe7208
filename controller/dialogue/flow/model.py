"""A whole flow, as its file says it. Frozen. What belongs together but lies apart is in `checks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, model_validator

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


class Digression(Model):
    """A chain of nodes that begins at `start` whenever one of `words` (as in an answer) or an
    utterance of `intent` is said. The target `return` leads back to where the conversation was."""

    words: Mapping[str, tuple[str, ...]] = {}
    intent: Intent | None = None
    start: Name

    @model_validator(mode="after")
    def _is_entered(self) -> Digression:
        if not self.words and self.intent is None:
            raise ValueError("a digression needs one of: words, intent")
        return self


Variable = bool | int | float | Text


class Flow(Model):
    """`start` is the first node; `intents` send what callers may say anywhere to a node of the flow.
    `variables` hold what the contact's data and `set` nodes may change; these are their first values."""

    flow: Name
    languages: tuple[str, ...] = Field(min_length=1)
    start: Name
    give_up: Name | None = None
    variables: Mapping[Name, Variable] = {}
    slots: Mapping[Name, Slot] = {}
    intents: Mapping[Intent, Name] = {}
    answers: tuple[Answer, ...] = ()
    digressions: tuple[Digression, ...] = ()
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

    def slot_of(self, node: str) -> str | None:
        """The slot that a node asks for."""
        found = self.nodes[node]
        return found.slot if isinstance(found, AskNode) else None

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

    def templates(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every template that is no text for the caller (a tool's argument) and where it stands."""
        for name, node in self.nodes.items():
            for field, source in node.templates():
                yield ("nodes", name, *_place(field)), source

    def expressions(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every expression and where it stands."""
        for name, node in self.nodes.items():
            for field, source in node.expressions():
                yield ("nodes", name, *_place(field)), source


def _place(field: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdigit() else part for part in field.split("."))


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
