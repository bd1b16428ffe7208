"""Checks, runs and times the tools that a strategy proposes. One runner a session.

Responsible for the strict protocol: the name is known and allowed, the arguments keep the schema, the
run keeps its time, and whatever happens becomes one form of outcome. Knows no single tool.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import gevent
import structlog
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from controller.session.ports import ToolCall, ToolOutcome
from controller.tools.base import HANG_UP, Tool, ToolContext, ToolError
from controller.tools.messages import safe_to_say

_log = structlog.get_logger(__name__)
MAX_ARGUMENT_CHARS = 20_000
"""Arguments whose text form is longer are refused before they are looked at."""


class Runner:
    """A `controller.session.ports.ToolRunner`. `allowed_names`: what this session's bot may use."""

    def __init__(
        self, tools: Iterable[Tool], allowed_names: Collection[str], context: ToolContext
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._allowed = frozenset(allowed_names)
        self._context = context

    def cancellable(self, name: str) -> bool:
        """Whether a running call of this tool may be abandoned; False for one that isn't there."""
        tool = self._tools.get(name)
        return tool.cancellable if tool is not None else False

    def must_finish(self, name: str) -> bool:
        """Whether a running call of this tool is let finish when the caller hangs up."""
        tool = self._tools.get(name)
        return bool(getattr(tool, "must_finish", tool is not None and not tool.cancellable))

    def run(self, call: ToolCall) -> ToolOutcome:
        """Run one call, blocking cooperatively at most its tool's `timeout_s`; see ports.ToolRunner.

        Codes: unknown_tool, not_allowed, bad_arguments, timeout, failed, or the tool's own. Only what
        ends the session's greenlet itself (GreenletExit, another's Timeout) passes through.
        """
        tool = self._tools.get(call.name)
        if tool is None:
            return self._failure(
                call, "unknown_tool", f"expected one of: {', '.join(sorted(self._tools))}"
            )
        if call.name not in self._allowed:
            return self._failure(call, "not_allowed", "not among this bot's tools")
        if complaint := _complaint(tool, call.arguments):
            return self._failure(call, "bad_arguments", complaint)
        return self._run(tool, call)

    def _run(self, tool: Tool, call: ToolCall) -> ToolOutcome:
        limit = gevent.Timeout(tool.timeout_s)
        try:
            with limit:
                data = tool.run(call.arguments, replace(self._context, key=self._key(call)))
                if not isinstance(data, Mapping):
                    raise ToolError(f"returned {type(data).__name__}; expected a mapping")
        except gevent.Timeout as expired:
            if expired is not limit:
                raise
            return self._failure(call, "timeout", f"not done within {tool.timeout_s} s", retryable=True)
        except ToolError as error:
            return self._failure(call, error.code, str(error), retryable=error.retryable)
        except Exception as error:  # noqa: BLE001 - a third party's tool may raise anything; it is logged
            return self._failure(call, "failed", f"{type(error).__name__}: {error}")
        rest = {key: value for key, value in data.items() if key != HANG_UP}
        return ToolOutcome(call, ok=True, data=rest, hang_up=str(data.get(HANG_UP, "")))

    def _key(self, call: ToolCall) -> str:
        """The same for the same call of the same session, and for no other."""
        content = [self._context.session_id, call.call_id, call.name, call.arguments]
        text = json.dumps(content, sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _failure(
        self, call: ToolCall, code: str, detail: str, *, retryable: bool = False
    ) -> ToolOutcome:
        _log.warning(
            "tool_failed",
            session_id=self._context.session_id,
            tool=call.name[:64],
            code=code,
            detail=detail[:500],
        )
        say = safe_to_say(code, self._context.language)
        return ToolOutcome(call, ok=False, code=code, say=say, retryable=retryable)


def _complaint(tool: Tool, arguments: object) -> str:
    """What is wrong with the arguments; empty when nothing is. Never repeats their values."""
    if not isinstance(arguments, Mapping):
        return "arguments: expected an object"
    if len(repr(arguments)) > MAX_ARGUMENT_CHARS:
        return f"arguments: longer than {MAX_ARGUMENT_CHARS} characters"
    error: ValidationError | None = best_match(
        Draft202012Validator(tool.schema).iter_errors(dict(arguments))
    )
    if error is None:
        return ""
    place = ".".join(str(part) for part in error.absolute_path) or "arguments"
    return f"{place}: breaks the rule {error.validator}={error.validator_value!r}"[:300]
