"""What a tool is. Implementations: one file each beside it, or a third party's entry point.

A tool does one thing with checked arguments and returns data. Who may call it, its arguments' check, its
time limit and the form of its failures are the runner's business. A tool never knows sessions,
strategies or engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

HANG_UP = "hang_up"
"""Key in a tool's data: the session shall end, with this reason."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The session that a tool runs for. `language` such as "en"; `variables` came with the contact.

    `key` stands for this one call: a tool that does something in the world hands it on, so that doing
    it again after a lost answer is not doing it twice. The runner sets it.
    """

    session_id: str
    language: str
    variables: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    phone_number: str = ""
    """At the other end of the line; "" unless this is a phone call that shows one."""


class ToolError(Exception):
    """A tool can't do it. `code` is for machines, the message for logs; `retryable`: "
    "later it may work."""

    def __init__(self, message: str, *, code: str = "failed", retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class Tool(Protocol):
    """Shared by all sessions, so `run` keeps nothing on itself."""

    @property
    def name(self) -> str:
        """What strategies call it; snake case."""
        ...

    @property
    def description(self) -> str:
        """For a model that chooses among tools."""
        ...

    @property
    def schema(self) -> Mapping[str, Any]:
        """JSON Schema (2020-12) of the arguments: an object."""
        ...

    @property
    def timeout_s(self) -> float:
        """Longest run, seconds."""
        ...

    @property
    def cancellable(self) -> bool:
        """Whether a run may be abandoned half-way without harm. One that may not be finishes, within
        `timeout_s`, even when the caller hangs up; a tool that is of use only to a caller who is there
        says `must_finish = False` besides."""
        ...

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:
        """Do it; may block cooperatively. Returns JSON-like data; raises ToolError when it can't."""
        ...
