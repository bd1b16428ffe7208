"""The system prompt, put together from its parts. Pure.

What comes from outside (a contact's variables, a summary of what was said) goes in as JSON behind a
line that says so: it can neither close its section nor open another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from controller.dialogue.agent.memory import Memory, Passage
from controller.dialogue.agent.ports import ToolCard
from controller.dialogue.agent.prompt_texts import texts_for

MAX_VARIABLES = 50
MAX_VALUE_CHARS = 500


class Prompt:
    """One agent's prompt. `version` changes with anything that the model is told besides the call."""

    def __init__(
        self, persona: str, language: str, tools: Sequence[ToolCard], *, knowledge: bool
    ) -> None:
        self.texts = texts_for(language)
        parts = [persona.strip(), self.texts.style]
        parts += [self.texts.tools] if tools else []
        parts += [self.texts.knowledge] if knowledge else []
        self._fixed = "\n\n".join([*filter(None, parts), self.texts.data])
        told = [self._fixed, *([t.name, t.description, dict(t.schema)] for t in tools)]
        self.version = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    def system(self, variables: Mapping[str, str], memory: Memory) -> str:
        """The whole system message."""
        parts = [self._fixed]
        if variables:
            few = list(variables.items())[:MAX_VARIABLES]
            known = {k[:MAX_VALUE_CHARS]: v[:MAX_VALUE_CHARS] for k, v in few}
            parts.append(f"{self.texts.variables}\n{as_data(known)}")
        if memory.summary:
            parts.append(f"{self.texts.earlier}\n{as_data(memory.summary)}")
        return "\n\n".join(parts)


def documents(passages: Sequence[Passage]) -> str:
    """Passages as the model is given them, before the caller's words; "" without any."""
    if not passages:
        return ""
    numbered = enumerate(passages, start=1)
    told = [{"number": n, "source": p.where, "text": p.text} for n, p in numbered]
    return f"<documents>\n{as_data(told)}\n</documents>\n"


def as_data(value: Any) -> str:
    """A value from outside on one line of JSON, in which no tag can be opened or closed."""
    text = json.dumps(value, ensure_ascii=False)
    for char in "<>\u2028\u2029\u0085":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
