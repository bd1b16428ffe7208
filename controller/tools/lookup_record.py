"""The tool that looks something up: a prepared question by its name, with values for its parameters.

SQL is in the settings only; neither a caller nor a model can bring any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controller.tools.base import ToolContext, ToolError

VALUE_CHARS = 500


class Answer(Protocol):
    """Rows by column name; `more` were left out."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def more(self) -> bool: ...


class Records(Protocol):
    """Where the answers come from."""

    def find(self, name: str, values: Mapping[str, Any]) -> Answer:
        """Run a query by its name; blocks cooperatively."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is told of a query. `params`: JSON type by name, all of them needed."""

    about: str
    params: Mapping[str, str]


class LookupRecord:
    """`lookup_record({query, params})`. `unavailable` is what `records` raises when it can't answer.

    Data: `rows`, `count`, `more` (some were left out), and the first row as `first` for flows.
    """

    name = "lookup_record"
    timeout_s = 15.0
    cancellable = True  # it changes nothing

    def __init__(
        self, records: Records, questions: Mapping[str, Question], unavailable: type[Exception]
    ) -> None:
        self._records = records
        self._unavailable = unavailable
        told = [
            f"{name}({', '.join(question.params)}): {question.about}".rstrip(": ")
            for name, question in questions.items()
        ]
        self.description = "Look something up. Queries: " + "; ".join(told)
        self.schema: Mapping[str, Any] = {
            "type": "object",
            "properties": {
                "query": {"type": "string", "enum": sorted(questions)},
                "params": {"type": "object"},
            },
            "required": ["query"],
            "additionalProperties": False,
            "allOf": [_rule(name, question) for name, question in sorted(questions.items())],
        }

    def run(self, arguments: Mapping[str, Any], context: ToolContext) -> Mapping[str, Any]:  # noqa: ARG002
        """Ask. Raises ToolError (unavailable, retryable) when the database doesn't answer in time."""
        try:
            answer = self._records.find(arguments["query"], arguments.get("params", {}))
        except self._unavailable as error:
            raise ToolError(str(error), code="unavailable", retryable=True) from error
        rows = [dict(row) for row in answer.rows]
        first = rows[0] if rows else {}
        return {"rows": rows, "count": len(rows), "more": answer.more, "first": first}


def _rule(name: str, question: Question) -> Mapping[str, Any]:
    """The parameters that this query takes, exactly."""
    limits = {"string": {"maxLength": VALUE_CHARS}}
    params = {
        "properties": {
            param: {"type": kind, **limits.get(kind, {})} for param, kind in question.params.items()
        },
        "required": sorted(question.params),
        "additionalProperties": False,
    }
    then: dict[str, Any] = {"properties": {"params": params}}
    if question.params:
        then["required"] = ["params"]
    return {"if": {"properties": {"query": {"const": name}}, "required": ["query"]}, "then": then}
