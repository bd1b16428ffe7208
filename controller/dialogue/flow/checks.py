"""What a flow's file must keep beyond the shape of its parts: names that exist, texts in every language,
templates that can be filled, and no way to go round in circles without the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from controller.dialogue.flow import texts
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.tool import ToolNode
from controller.dialogue.languages import LANGUAGES

Where = tuple[str | int, ...]
Finding = tuple[Where, str]


def check(flow: Flow) -> list[Finding]:
    """Everything that is wrong: where, and what was expected."""
    return [*_languages(flow), *_names(flow), *_texts(flow), *_circles(flow), *_unreachable(flow)]


def _languages(flow: Flow) -> Iterator[Finding]:
    for index, code in enumerate(flow.languages):
        if code not in LANGUAGES:
            yield ("languages", index), f"unknown language '{code}'; expected one of: {_list(LANGUAGES)}"


def _names(flow: Flow) -> Iterator[Finding]:
    def node(where: Where, name: str) -> Iterator[Finding]:
        if name not in flow.nodes:
            yield where, f"there is no node '{name}'; expected one of: {_list(flow.nodes)}"

    yield from node(("start",), flow.start)
    if flow.give_up:
        yield from node(("give_up",), flow.give_up)
    for intent, target in flow.intents.items():
        yield from node(("intents", intent.value), target)
    for name, item in flow.nodes.items():
        for field, target in item.targets():
            yield from node(("nodes", name, *_path(field)), target)
        for field, slot in item.slots_used():
            if slot not in flow.slots:
                yield (
                    ("nodes", name, *_path(field)),
                    f"there is no slot '{slot}'; expected one of: {_list(flow.slots)}",
                )
    for name in flow.variables.keys() & flow.slots.keys():
        yield ("variables", name), f"'{name}' is a slot as well; use another name"


def _texts(flow: Flow) -> Iterator[Finding]:
    for where, text in flow.texts():
        for code in flow.languages:
            if not text.has(code):
                yield where, f"no text for language '{code}'"
        for code, template in text.root.items():
            if code != "*" and code not in flow.languages:
                yield (
                    where,
                    f"text for '{code}', which is none of the flow's languages: {_list(flow.languages)}",
                )
            yield from _template(flow, where, template)
    for name, node in flow.nodes.items():
        if isinstance(node, ToolNode):
            for template in _strings(node.arguments):
                yield from _template(flow, ("nodes", name, "arguments"), template)


def _template(flow: Flow, where: Where, template: str) -> Iterator[Finding]:
    known = {*flow.slots, *(f"{slot}.value" for slot in flow.slots), *flow.variables, "tool.say"}
    for name in texts.names_in(template):
        if name not in known:
            yield where, f"there is no slot or variable '{name}'; expected one of: {_list(known)}"
    if texts.stray_braces(template):
        yield where, "a brace that belongs to no {name}"


def _circles(flow: Flow) -> Iterator[Finding]:
    through = {
        name: [
            target
            for _, target in node.targets()
            if target in flow.nodes and not flow.nodes[target].waits
        ]
        for name, node in flow.nodes.items()
        if not node.waits
    }
    try:
        TopologicalSorter(through).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield (
            ("nodes", circle[0]),
            f"these nodes go round in a circle without waiting for the caller: {' → '.join(circle)}",
        )


def _unreachable(flow: Flow) -> Iterator[Finding]:
    reached: set[str] = set()
    waiting = [flow.start, *flow.intents.values(), *([flow.give_up] if flow.give_up else [])]
    while waiting:
        name = waiting.pop()
        if name in flow.nodes and name not in reached:
            reached.add(name)
            waiting += [target for _, target in flow.nodes[name].targets()]
    for name in flow.nodes:
        if name not in reached:
            yield ("nodes", name), f"nothing leads to node '{name}'"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _path(field: str) -> Where:
    return tuple(int(part) if part.isdigit() else part for part in field.split("."))


def _list(names: Any) -> str:
    return ", ".join(sorted(names))
