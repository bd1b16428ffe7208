"""What a slot type is: the settings of one question's answer, and how to find it in what was said.

A slot type is a frozen pydantic model (its fields are what a flow file may write) with these methods.
It never knows a flow, a node or a session; what was filled before and the time come in `Context`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pydantic import ConfigDict

from controller.dialogue.languages.base import Language, Phrase
from controller.dialogue.model import Model, Text


class Certainty(StrEnum):
    """How far a match can be relied on."""

    CERTAIN = "certain"  # these words mean this and are the whole answer
    LIKELY = "likely"  # good enough to go on with; more words may change it
    PARTIAL = "partial"  # a part of the answer: `missing` asks for the rest
    REFUSED = "refused"  # understood and not possible


@dataclass(frozen=True, slots=True)
class Match:
    """An answer found. `value` is JSON-like or a frozen dataclass; `spoken` is how to read it back.

    `missing` asks for the rest of a PARTIAL one. For a REFUSED one it begins with the reason; `value` is
    then what can be kept of it, and what follows the reason asks for the rest.
    """

    value: Any
    spoken: str
    certainty: Certainty
    missing: tuple[Phrase, ...] = ()
    raw: str = ""
    """The value for machines: what a tool's argument gets for `{slot.value}`."""
    unsure: bool = False
    """The words only sound like this; where the policy is to confirm what is unsure, it is read back."""
    introduced: bool = False
    """The caller said what it is ("my name is …"), so it is found in the answer to any question."""

    @property
    def filled(self) -> bool:
        """Whether the slot has its answer."""
        return self.certainty in (Certainty.CERTAIN, Certainty.LIKELY)


@dataclass(frozen=True, slots=True)
class Context:
    """What a slot type is told besides the words. `now` is aware, in the bot's time zone."""

    now: datetime
    known: Match | None = None
    """What is known of this slot already: a part of it, or the value that is being corrected."""
    keys: bool = False
    """The text was pressed on a keypad, not said."""


class SlotType(Protocol):
    """See the module. `parse` is pure and returns None when the words hold no such thing."""

    @property
    def dtmf_digits(self) -> int:
        """How many key presses make one answer; `#` ends it early."""
        ...

    def ahead(self, match: Match) -> bool:
        """Whether `match`, found in the answer to another question, can be kept without guessing."""
        ...

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """Find the answer in `text`, as recognised (or pressed)."""
        ...

    @property
    def open_ended(self) -> bool:
        """Whether any words are an answer, so that nothing said may be taken for something else."""
        ...

    def hints(self, language: Language) -> tuple[str, ...]:
        """Words the recogniser may expect."""
        ...


class SlotModel(Model):
    """Base of the slot types, with the settings all of them have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    change_words: Mapping[str, tuple[str, ...]] = {}
    """By language: words callers use for this slot when they want it changed ("the time", "预约")."""
    label: Text | None = None
    """What to call it when asking which one to change."""

    @property
    def dtmf_digits(self) -> int:
        """One key, unless a type says otherwise."""
        return 1

    def ahead(self, match: Match) -> bool:  # noqa: ARG002
        """Most types would guess."""
        return False

    @property
    def open_ended(self) -> bool:
        """Only free text is."""
        return False

    def hints(self, language: Language) -> tuple[str, ...]:  # noqa: ARG002
        """None, unless a type says otherwise."""
        return ()
