"""A flow of a few lines around the nodes that a test is about."""

from __future__ import annotations

import re
from textwrap import dedent, indent
from typing import Any

from controller.dialogue.flow.loader import parse_flow
from tests.unit.dialogue.conversation import Conversation

HEAD = """\
flow: tiny
languages: [en]
start: one
give_up: lost
variables: {count: 0, who: nobody, rich: false}
slots:
  name: {type: name, label: the name, change_words: {en: [name]}}
  when: {type: day_time, label: the time, change_words: {en: [time, date]}}
  sure: {type: yes_no}
  score: {type: rating}
nodes:
  lost: {kind: hangup, say: I am lost. Goodbye., reason: lost}
  end: {kind: hangup, say: "So {{ name }}, {{ when }}. Goodbye.", reason: done}
  asks_score: {kind: ask, slot: score, prompt: What mark?, next: end}
  asks_sure: {kind: ask, slot: sure, prompt: Are you sure?, next: asks_score}
intents: {cancel: asks_sure}
"""


def talk(nodes: str, **options: Any) -> Conversation:
    """A conversation over HEAD and these nodes; it asks elsewhere for the slots that they do not."""
    head, tail = HEAD.split("intents:")
    body = indent(dedent(nodes).rstrip() + "\n", "  ")
    used = [s for s in ("name", "when") if f"slot: {s}" not in nodes]
    body += "".join(
        f"  asks_{s}: {{kind: ask, slot: {s}, prompt: Which {s}?, next: end}}\n" for s in used
    )
    tail += "digressions:\n" * bool(used)
    tail += "".join(f"  - {{words: {{en: [zzz {s}]}}, start: asks_{s}}}\n" for s in used)
    text = re.sub(r"(?<=: )(\w[\w ']*\?)(?=,)", r'"\1"', f"{head}{body}intents:{tail}")
    return Conversation(parse_flow(text), "en", **options)
