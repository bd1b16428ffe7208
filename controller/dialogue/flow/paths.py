"""Where a flow can go: circles without the caller, nodes nothing leads to, nodes with no way to an end.

Works on names and `NodeModel.targets()` only; never looks into a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.base import RETURN

Finding = tuple[tuple[str | int, ...], str]

END_KINDS = frozenset({"hangup", "transfer"})
"""Nodes that end the conversation. A node that leads nowhere is an end as well."""
MAX_NAMED = 5
FILLING_KINDS = frozenset({"ask", "set", "agent"})
"""Nodes after which a slot may hold something."""


def check_paths(flow: Flow) -> Iterator[Finding]:
    """Findings about the ways through the flow."""
    yield from _circles(flow)
    yield from _dead(flow)
    yield from _endless(flow)
    yield from _homeless(flow)


def anywhere(flow: Flow) -> list[str]:
    """Nodes that may follow at any moment of a conversation: by an intent, by words, when it fails."""
    digressions = [digression.start for digression in flow.digressions]
    return [*flow.intents.values(), *digressions, *([flow.give_up] if flow.give_up else [])]


def reachable(flow: Flow, begin: Iterable[str]) -> set[str]:
    """The nodes `begin` and all that may follow them."""
    return _closure(begin, {name: [t for _, t in node.targets()] for name, node in flow.nodes.items()})


def after_answers(flow: Flow) -> set[str]:
    """Nodes at which some slot may be filled; at the others nothing was asked yet."""
    filling = [name for name, node in flow.nodes.items() if node.kind in FILLING_KINDS]
    return reachable(flow, [*filling, *anywhere(flow)])


def _closure(begin: Iterable[str], leads_to: Mapping[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(begin)
    while waiting:
        name = waiting.pop()
        if name in leads_to and name not in reached:
            reached.add(name)
            waiting += leads_to[name]
    return reached


def _circles(flow: Flow) -> Iterator[Finding]:
    through = {
        name: [t for _, t in node.targets() if t in flow.nodes and not flow.nodes[t].waits]
        for name, node in flow.nodes.items()
        if not node.waits
    }
    try:
        TopologicalSorter(through).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))  # graphlib names them against the arrows
        yield (
            ("nodes", circle[0]),
            f"these nodes go round in a circle without waiting for the caller: {' → '.join(circle)}",
        )


def _dead(flow: Flow) -> Iterator[Finding]:
    reached = reachable(flow, [flow.start, *anywhere(flow)])
    for name in flow.nodes:
        if name not in reached:
            yield ("nodes", name), f"nothing leads to node '{name}'"


def _endless(flow: Flow) -> Iterator[Finding]:
    before: dict[str, list[str]] = {name: [] for name in flow.nodes}
    ends = []
    for name, node in flow.nodes.items():
        targets = [target for _, target in node.targets()]
        if node.kind in END_KINDS or not targets or RETURN in targets:
            ends.append(name)
        for target in targets:
            before.setdefault(target, []).append(name)
    finishing = _closure(ends, before)
    if endless := [name for name in flow.nodes if name not in finishing]:
        names = ", ".join(f"'{name}'" for name in endless[:MAX_NAMED])
        names += "" if len(endless) <= MAX_NAMED else f" and {len(endless) - MAX_NAMED} more"
        yield ("nodes", endless[0]), f"no way leads to an end (a hangup or a transfer) from {names}"


def _homeless(flow: Flow) -> Iterator[Finding]:
    astray = reachable(flow, [digression.start for digression in flow.digressions])
    for name, node in flow.nodes.items():
        for field, target in node.targets():
            if target == RETURN and name not in astray:
                yield ("nodes", name, *place(field)), "'return' is only possible in a digression"


def place(field: str) -> tuple[str | int, ...]:
    """The steps of a field's name such as "cases.0.next"."""
    return tuple(int(part) if part.isdigit() else part for part in field.split("."))
