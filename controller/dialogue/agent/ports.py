"""What the agent needs from elsewhere, and the values that cross. Knows no HTTP and no session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

ChatMessage = dict[str, Any]
"""One message in the form of OpenAI's chat completions."""


@dataclass(frozen=True, slots=True)
class ToolCard:
    """A tool as the model is told of it. `schema`: JSON Schema of the arguments, an object."""

    name: str
    description: str
    schema: Mapping[str, Any]


class Hit(Protocol):
    """A passage that was found. `score`: higher is nearer; its scale is the searcher's business."""

    @property
    def source(self) -> str:
        """The document."""
        ...

    @property
    def section(self) -> str:
        """The heading within it; may be empty."""
        ...

    @property
    def text(self) -> str:
        """The words."""
        ...

    @property
    def score(self) -> float:
        """How near."""
        ...


class Knowledge(Protocol):
    """A knowledge base."""

    def search(self, text: str, /) -> Sequence[Hit]:
        """The passages that answer a question, best first; none that have nothing to do with it. May
        block cooperatively, never the hub."""
        ...


@runtime_checkable
class SearchesAhead(Protocol):
    """A knowledge base that may begin before the question is over."""

    def ahead(self, text: str, /) -> None:
        """`text` may be what is asked for next. Never blocks, never raises for being busy."""
        ...


@runtime_checkable
class HearsAhead(Protocol):
    """A strategy that wants to be told what the caller is saying, before they are done."""

    def heard(self, text: str, before: str = "", /) -> None:
        """`text`: the words so far; `before`: the caller's turn before this one. Never blocks."""
        ...


@runtime_checkable
class TakesTools(Protocol):
    """A strategy that wants to be told what its bot's tools are."""

    def grant(self, tools: Sequence[ToolCard]) -> None:
        """These and no others. Called at most once, before the first session."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the model's text, of any size; "" is a sign of life."""

    text: str


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A tool call as the model asked for it. `arguments` is text that ought to be JSON."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class AskedCalls:
    """All the tool calls of one answer, complete; comes last."""

    calls: tuple[AskedCall, ...]


Piece = Words | AskedCalls


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a model is asked. `may_call`: False forbids calls although tools are shown.

    `first_s` bounds the wait for the first piece, `total_s` the whole answer, seconds; `max_tokens`:
    None takes the model's own setting.
    """

    messages: Sequence[ChatMessage]
    tools: Sequence[ToolCard] = ()
    may_call: bool = True
    first_s: float = 2.5
    total_s: float = 20.0
    max_tokens: int | None = None


class Fault(StrEnum):
    """Why a model gave no answer."""

    SLOW_START = "slow_start"  # no first piece in time
    TOO_LONG = "too_long"  # not done in time
    UNREACHABLE = "unreachable"
    BUSY = "busy"  # 429
    BROKEN = "broken"  # 5xx, a cut stream, nonsense
    REFUSED = "refused"  # other 4xx: asking again won't help
    OPEN_CIRCUIT = "open_circuit"  # not even asked: it failed too often just now
    SILENT = "silent"  # it answered with nothing to say


class ModelError(Exception):
    """A model can't answer. `fault` says why, the message is for logs and holds no caller's words."""

    def __init__(self, fault: Fault, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(f"{fault.value}: {message}")
        self.fault = fault
        self.retry_after_s = retry_after_s


class ChatModel(Protocol):
    """One language model. Shared by all sessions."""

    @property
    def name(self) -> str:
        """Its name, for logs."""
        ...

    def stream(self, request: ChatRequest) -> Iterator[Piece]:
        """Stream an answer, blocking cooperatively. Raises ModelError. Closing the iterator closes the
        connection."""
        ...
