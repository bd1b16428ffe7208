"""What the templates and expressions of a flow see: slots, variables, the last tool's result, the time.

Everything is plain data or `Spoken`; nothing of the session's machinery gets here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.dialogue.flow.filters import NOW
from controller.dialogue.flow.memory import Memory
from controller.dialogue.flow.model import Variable
from controller.dialogue.flow.plain import plain_text
from controller.dialogue.flow.sandbox import seen
from controller.dialogue.flow.script import Script
from controller.dialogue.model import Text


def scope_of(script: Script, memory: Memory, given: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """By name. A slot without an answer is not there. `given`: the contact's data."""
    scope: dict[str, Any] = {NOW: now, "tool": memory.tool}
    for name, first in script.flow.variables.items():
        scope[name] = _variable(first, given.get(name), script.language.code)
    scope.update(memory.variables)
    for name, match in memory.slots.items():
        scope[name] = seen(match)
    return scope


def _variable(first: Variable, given: str | None, language: str) -> str | int | float | bool:
    """The contact's value in the kind of the first one; that one when it is of another kind."""
    if isinstance(first, Text):
        return first.of(language) if given is None else plain_text(given)
    if given is None:
        return first
    words = plain_text(given).casefold()
    if isinstance(first, bool):
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            words, first
        )
    try:
        number = type(first)(words)
    except ValueError:
        return first
    return number if abs(number) < 10**30 else first
