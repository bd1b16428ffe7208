"""From a YAML file to a `Flow`, or to errors that say file, line, column and what was expected.

Reads with the safe loader; the parsed tree is kept beside the data so that every complaint, whoever
makes it, points to the place in the file. Knows nothing of sessions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from controller.dialogue.flow.checks import Where, check
from controller.dialogue.flow.model import Flow

MAX_BYTES = 1_000_000


class _Loader(yaml.SafeLoader):
    """The safe loader with YAML 1.2 scalars: `yes`, `no` and `on` are words here, 09:30 is no number."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ("n", "~", "")),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?[0-9]+\.[0-9]+", "-0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a flow file; line and column count from 1."""

    file: str
    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}:{self.column}: {place}{self.message}"


class FlowError(Exception):
    """A flow file can't be used; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load_flow(path: Path) -> Flow:
    """Read and check a flow file. Raises FlowError for whatever is wrong, a missing file included."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FlowError([Problem(str(path), 1, 1, "", f"larger than {MAX_BYTES} bytes")])
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FlowError([Problem(str(path), 1, 1, "", f"can't be read: {error}")]) from error
    return parse_flow(text, str(path))


def parse_flow(text: str, file: str = "<flow>") -> Flow:
    """Like `load_flow`, for a text. `file` is how errors call it."""
    tree, data = _read(text, file)
    try:
        flow = Flow.model_validate(data)
    except ValidationError as error:
        raise FlowError([_problem(file, tree, details) for details in error.errors()]) from error
    findings = [_locate(file, tree, where, message) for where, message in check(flow)]
    if findings:
        raise FlowError(findings)
    return flow


def _read(text: str, file: str) -> tuple[yaml.Node, Any]:
    try:
        loader = _Loader(text)
        try:
            tree = loader.get_single_node()
            if tree is None:
                raise FlowError([Problem(file, 1, 1, "", "the file is empty; expected a flow")])
            doubles = list(_double_keys(tree))
            if doubles:
                raise FlowError(
                    [_at(file, mark, "", f"'{key}' is there twice") for key, mark in doubles]
                )
            return tree, loader.construct_document(tree)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(filter(None, (error.context, error.problem)))
        raise FlowError([_at(file, mark, "", f"not valid YAML: {message}")]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FlowError([Problem(file, 1, 1, "", f"not valid YAML: {error}")]) from error


def _double_keys(node: yaml.Node, seen: frozenset[int] = frozenset()) -> Any:
    if id(node) in seen:
        return
    seen |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if key.value in keys and isinstance(key.value, str):
                yield key.value, key.start_mark
            keys.add(str(key.value))
            yield from _double_keys(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _double_keys(item, seen)


def _problem(file: str, tree: yaml.Node, details: Any) -> Problem:
    where: Where = tuple(details["loc"])
    message = str(details["msg"]).removeprefix("Value error, ")
    if details["type"] == "unknown_key":
        where = (*where, details["ctx"]["key"])
    elif details["type"] == "missing":
        message = f"'{where[-1]}' is missing"
        where = where[:-1]
    elif details["type"].startswith("union_tag"):
        message = (
            message.replace("Input tag", "kind")
            .replace("found using 'kind' ", "")
            .replace("found using 'type' ", "")
        )
    return _locate(file, tree, where, message)


def _locate(file: str, tree: yaml.Node, where: Where, message: str) -> Problem:
    """Walk down as far as the place exists; names that only the model knows are passed over."""
    node, mark = tree, tree.start_mark
    path: list[str] = []
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if found is not None:
                (key, node), path = found, [*path, str(step)]
                mark = key.start_mark
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node, path = node.value[step], [*path, str(step)]
            mark = node.start_mark
    return _at(file, mark, ".".join(path), message)


def _at(file: str, mark: yaml.Mark | None, where: str, message: str) -> Problem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(file, line, column, where, message)
