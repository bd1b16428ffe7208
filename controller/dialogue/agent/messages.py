"""From a session's history to the messages that a model is told. Pure.

The history holds what was heard, so nothing else is told. It is bounded: what a summary stands for is
left out, and what still is too long is cut at its old end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count

from controller.dialogue.agent.memory import Call, Memory
from controller.dialogue.agent.ports import AskedCall, ChatMessage
from controller.dialogue.agent.prompt import documents
from controller.session.ports import Entry, ReplyRequest, Role
from controller.session.words import cjk_count

CUT_OFF = "…"
"""Ends a bot's turn that the caller interrupted; the prompt explains it."""
MAX_ENTRY_CHARS = 4000
"""A longer line of the history (a tool's result) is cut for the model."""
_PER_MESSAGE = 8


def estimated_tokens(text: str) -> int:
    """About how many tokens: one per CJK character, one per 3.5 others; tokenizers differ by ±30 %."""
    cjk = cjk_count(text)
    return cjk + (2 * (len(text) - cjk) + 6) // 7


def conversation(request: ReplyRequest, memory: Memory, budget: int, opening: str) -> list[ChatMessage]:
    """The messages after the system's. `budget`: estimated tokens of the history among them."""
    history = _fitting(request.history, memory.summarised, budget)
    first = len(request.history) - len(history)
    tools_seen = sum(e.role is Role.TOOL for e in request.history[:first])
    past = {c.place: c for c in memory.calls if c.place is not None}
    results = [e.text for e in request.history if e.role is Role.TOOL]
    messages: list[ChatMessage] = []
    numbers = count()
    for entry in history:
        if entry.role is not Role.TOOL:
            _add_spoken(messages, entry)
            continue
        if not (memory.rounds and tools_seen >= memory.tools_before):  # else: told with its round
            call = past.get(tools_seen) or _unknown_call(tools_seen, entry.text)
            messages += _exchange("", [(call, entry.text)], numbers)
        tools_seen += 1
    _give_documents(messages, memory, opening)
    for round_ in memory.rounds:
        answers = [(c, _answer(c, results)) for c in round_.calls]
        messages += _exchange(round_.said, answers, numbers)
    return messages


def worth_summarising(request: ReplyRequest, memory: Memory, budget: int) -> int:
    """How many entries a summary should stand for now: the older half once three quarters of the
    budget are used; 0 while there is room."""
    entries = request.history[memory.summarised :]
    if sum(map(_size, entries)) * 4 < budget * 3:
        return 0
    upto = memory.summarised + len(entries) // 2
    while upto < len(request.history) and request.history[upto].role is not Role.CALLER:
        upto += 1
    return upto if upto < len(request.history) else 0


def transcript(entries: Sequence[Entry]) -> Iterator[dict[str, str]]:
    """Entries as data, for a summary."""
    for entry in entries:
        yield {"by": entry.role.value, "text": entry.text[:MAX_ENTRY_CHARS]}


def _fitting(history: tuple[Entry, ...], summarised: int, budget: int) -> tuple[Entry, ...]:
    kept, left = len(history), budget
    while kept > summarised:
        left -= _size(history[kept - 1])
        if left < 0 and kept < len(history):  # the newest entry always stays
            break
        kept -= 1
    return history[kept:]


def _size(entry: Entry) -> int:
    return estimated_tokens(entry.text[:MAX_ENTRY_CHARS]) + _PER_MESSAGE


def _add_spoken(messages: list[ChatMessage], entry: Entry) -> None:
    """Turns in a row of the same side become one: many models' templates want sides to alternate."""
    role = "user" if entry.role is Role.CALLER else "assistant"
    text = entry.text[:MAX_ENTRY_CHARS] + (CUT_OFF if entry.interrupted else "")
    if messages and messages[-1]["role"] == role and "tool_calls" not in messages[-1]:
        messages[-1]["content"] += f"\n{text}"
    else:
        messages.append({"role": role, "content": text})


def _give_documents(messages: list[ChatMessage], memory: Memory, opening: str) -> None:
    """Passages go before the caller's last words. Some servers want a caller's message at the start
    and at the end."""
    last = messages[-1] if messages else None
    if last is None or last["role"] != "user":
        last = {"role": "user", "content": opening if not messages else "…"}
        messages.append(last)
    last["content"] = documents(memory.passages) + last["content"]
    if messages[0]["role"] != "user":
        messages.insert(0, {"role": "user", "content": opening})


def _exchange(
    said: str, answers: Sequence[tuple[Call, str]], numbers: Iterator[int]
) -> list[ChatMessage]:
    """Calls and their results. The ids are our own: servers' are not unique, and some servers want
    nine letters and digits."""
    told: list[ChatMessage] = [{"role": "assistant", "content": said, "tool_calls": []}]
    for call, answer in answers:
        call_id = f"call{next(numbers):05d}"
        function = {"name": call.asked.name, "arguments": _valid(call.asked.arguments)}
        told[0]["tool_calls"].append({"id": call_id, "type": "function", "function": function})
        told.append({"role": "tool", "tool_call_id": call_id, "content": answer[:MAX_ENTRY_CHARS]})
    return told


def _valid(arguments: str) -> str:
    """Some servers parse the arguments of past calls, and fail on what their model wrote itself."""
    try:
        return arguments if isinstance(json.loads(arguments), dict) else "{}"
    except ValueError:
        return "{}"


def _answer(call: Call, results: Sequence[str]) -> str:
    if call.place is None:
        return call.answer
    if call.place < len(results):
        return results[call.place]
    return "not run"


def _unknown_call(place: int, result: str) -> Call:
    name = result.partition(" -> ")[0][:64]
    return Call(AskedCall(name, "{}"), place)
