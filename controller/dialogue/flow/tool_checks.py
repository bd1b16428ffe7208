"""Whether the tools a flow calls exist and would take what it gives them.

Values that a template makes are known only in a call, so complaints about them are left to the tool
runner; whatever is written out is checked here. Knows tools by name and JSON Schema only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.base import is_expression
from controller.dialogue.flow.nodes.tool import ToolNode
from controller.dialogue.flow.nodes.transfer import TRANSFER_TOOL, TransferNode
from controller.dialogue.flow.suggest import expected
from controller.dialogue.flow.templates import is_fixed

Finding = tuple[tuple[str | int, ...], str]
Tools = Mapping[str, Mapping[str, Any]]
"""JSON Schema of the arguments, by tool."""

_UNSURE = frozenset({"anyOf", "oneOf", "not", "if", "contains", "uniqueItems"})
"""What a template inside may turn from wrong to right."""


def check_tools(flow: Flow, tools: Tools) -> Iterator[Finding]:
    """Findings about the tool nodes, for a bot that may use `tools`."""
    for name, node in flow.nodes.items():
        if isinstance(node, TransferNode) and TRANSFER_TOOL not in tools:
            missing = f"this needs the tool '{TRANSFER_TOOL}', which this bot may not use"
            yield ("nodes", name), missing
        if not isinstance(node, ToolNode):
            continue
        where = ("nodes", name)
        if node.tool not in tools:
            yield (
                (*where, "tool"),
                f"there is no tool '{node.tool}' that this bot may use{expected(node.tool, tools)}",
            )
            continue
        arguments = _plain(node.arguments)
        for error in Draft202012Validator(tools[node.tool]).iter_errors(arguments):
            if not _open(error.instance, error.validator):
                yield (
                    (*where, "arguments", *error.absolute_path),
                    f"'{node.tool}' would refuse this: {error.message}",
                )


def _open(instance: Any, validator: object) -> bool:
    if isinstance(instance, str):
        return _is_template(instance)
    if isinstance(instance, Mapping) and is_expression(instance):
        return True
    return validator in _UNSURE and _holds_template(instance)


def _holds_template(value: Any) -> bool:
    if isinstance(value, str):
        return _is_template(value)
    if isinstance(value, Mapping):
        return is_expression(value) or any(map(_holds_template, value.values()))
    return isinstance(value, list | tuple) and any(map(_holds_template, value))


def _is_template(text: str) -> bool:
    return not is_fixed(text)


def _plain(value: Any) -> Any:
    """Mappings and tuples as JSON Schema knows them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
