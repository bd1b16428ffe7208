"""The tools there are: built in, and third parties' entry points of group "switchtalk.tools".

An entry point is a callable without arguments that returns a Tool (a class will do). A tool that can't
be loaded is an error at start-up, not a surprise in a call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from jsonschema import Draft202012Validator, SchemaError

from controller.tools.base import Tool
from controller.tools.channels.base import Channel
from controller.tools.channels.log import LogChannel
from controller.tools.hangup import Hangup
from controller.tools.send_notification import SendNotification
from controller.tools.templates import load_templates
from controller.tools.transfer_to_human import Transfer, TransferToHuman, no_phone

ENTRY_POINTS = "switchtalk.tools"
DEFAULT_TEMPLATES = Path(__file__).with_name("templates.yaml")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class BadTool(Exception):
    """A tool doesn't keep the protocol; the message says which and how."""


def load_tools(
    channels: Mapping[str, Channel] | None = None,
    templates_file: Path = DEFAULT_TEMPLATES,
    transfer: Transfer = no_phone,
    others: Iterable[Tool] = (),
) -> tuple[Tool, ...]:
    """All tools, for every session's Runner.

    `channels` by name, for send_notification; only "log" without it. `transfer` is what
    transfer_to_human does, `others` are the app's. Raises BadTool, TemplateError.
    """
    notify = SendNotification(channels or {"log": LogChannel()}, load_templates(templates_file))
    tools: list[Tool] = [Hangup(), notify, TransferToHuman(transfer), *others]
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            tools.append(entry.load()())
        except Exception as error:
            raise BadTool(f"tool {entry.name!r} ({entry.value}) can't be loaded: {error}") from error
    for tool in tools:
        _check(tool)
    names = [tool.name for tool in tools]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise BadTool(f"several tools are called {', '.join(sorted(doubles))}")
    return tuple(tools)


def _check(tool: Tool) -> None:
    try:
        name, schema, timeout_s = tool.name, tool.schema, tool.timeout_s
        _ = tool.description, tool.cancellable, tool.run
    except AttributeError as error:
        raise BadTool(f"tool {tool!r} doesn't keep the protocol: {error}") from error
    if not _NAME.fullmatch(name):
        raise BadTool(f"tool name {name!r}; expected snake case of at most 64 characters")
    if not 0 < timeout_s <= 60:
        raise BadTool(f"tool {name}: timeout_s is {timeout_s}; expected more than 0 and at most 60")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadTool(f"tool {name}: its schema is no JSON Schema: {error.message}") from error
    if schema.get("type") != "object":
        raise BadTool(f"tool {name}: its schema must describe an object")
