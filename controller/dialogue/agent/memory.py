"""What an agent remembers between two requests of one session. Frozen: every reply makes a new one.

Words are not kept here: they are in the session's history, as far as they were heard.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.dialogue.agent.ports import AskedCall

MAX_CALLS = 32
"""Past calls whose arguments are kept; of older ones the history still has the results."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage given to the model. `where` is what a citation says."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of this session. `place`: the how-manieth tool entry of the history holds its result;
    None for a call that was not proposed, whose `answer` says why."""

    asked: AskedCall
    place: int | None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One answer of the model that asked for tools: the words before them, and the calls."""

    said: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """`prompt`: version of the prompt that the session began with. `rounds`: of the turn that is
    being answered. `summary` stands for the first `summarised` entries of the history."""

    prompt: str = ""
    rounds: tuple[Round, ...] = ()
    tools_before: int = 0
    """Tool entries in the history when this turn began."""
    passages: tuple[Passage, ...] = ()
    calls: tuple[Call, ...] = ()
    summary: str = ""
    summarised: int = 0
    pending: int = 0
    """So many entries a summary is being made of; 0: none."""

    def settled(self) -> Memory:
        """The turn is over: its calls are past calls now."""
        if not self.rounds:
            return self
        done = tuple(c for r in self.rounds for c in r.calls if c.place is not None)
        return replace(self, rounds=(), passages=(), calls=(*self.calls, *done)[-MAX_CALLS:])
