"""From a YAML file to a `Flow`, or to errors that say file, line, column and what was expected.

Reads with the safe loader; the parsed tree is kept beside the data so that every complaint, whoever
makes it, points to the place in the file. Knows nothing of sessions.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from controller.dialogue.flow.checks import Where, check
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.suggest import expected, nearest
from controller.dialogue.flow.tool_checks import Tools

MAX_BYTES = 1_000_000
MAX_PROBLEMS = 100
"""More than a person mends before looking again; also a bound for a hostile file."""
QUOTES = "a text that holds any of : # { } [ ] & * may need quotes around it"
VERSION_CHARS = 12
"""Of a SHA-256: enough to tell the versions of one file apart."""


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


Stamp = tuple[int, int, int]
"""Time of the last change in ns, size in bytes, and which file it is."""


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
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column, p.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A flow as a file held it; `version` is the beginning of the SHA-256 of its bytes."""

    flow: Flow
    path: Path
    version: str
    stamp: Stamp


def stamp_of(status: os.stat_result) -> Stamp:
    """What changes when somebody writes or replaces the file."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def load_flow(path: Path) -> Flow:
    """Read and check a flow file. Raises FlowError for whatever is wrong, a missing file included."""
    return load_version(path).flow


def load_version(
    path: Path, tools: Tools | None = None, agents: Collection[str] | None = None
) -> Loaded:
    """Like `load_flow`, with the version of what was read. `tools`, `agents`: see `checks.check`."""
    try:
        with path.open("rb") as file:
            stamp = stamp_of(os.fstat(file.fileno()))
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise FlowError([Problem(str(path), 1, 1, "", f"larger than {MAX_BYTES} bytes")])
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FlowError([Problem(str(path), 1, 1, "", f"can't be read: {error}")]) from error
    version = hashlib.sha256(content).hexdigest()[:VERSION_CHARS]
    return Loaded(parse_flow(text, str(path), tools, agents), path, version, stamp)


def parse_flow(
    text: str,
    file: str = "<flow>",
    tools: Tools | None = None,
    agents: Collection[str] | None = None,
) -> Flow:
    """Like `load_flow`, for a text. `file` is how errors call it."""
    tree, data = _read(text, file)
    flow, problems = _validated(file, tree, data)
    if flow is not None:
        problems += [
            _locate(file, tree, where, message) for where, message in check(flow, tools, agents)
        ]
    if problems or flow is None:
        raise FlowError(problems)
    return flow


def _validated(file: str, tree: yaml.Node, data: Any) -> tuple[Flow | None, list[Problem]]:
    """The flow, or None, and all problems of its shape.

    The model stops at the first unknown key of a mapping; it is noted and taken for what was meant, so
    that the rest is looked at too.
    """
    problems: list[Problem] = []
    while True:
        try:
            return Flow.model_validate(data), problems
        except ValidationError as error:
            found = error.errors()
        unknown = [details for details in found if details["type"] == "unknown_key"]
        if len(problems) < MAX_PROBLEMS and _put_right_all(data, unknown):
            told, done = unknown or found, not unknown
        else:
            told, done = found, True
        problems += [_problem(file, tree, details) for details in told]
        if done:
            return None, problems[:MAX_PROBLEMS]


def _put_right_all(data: Any, unknown: list[Any]) -> bool:
    """Rename or remove unknown keys where they were found; whether all could be."""
    return [_put_right(data, details) for details in unknown].count(False) == 0


def _put_right(data: Any, details: Any) -> bool:
    key = details["ctx"]["key"]
    holders = [place for place in _down(data, _without_kind(details["loc"])) if isinstance(place, dict)]
    for holder in reversed(holders):
        for name in [name for name in holder if str(name) == key]:
            value = holder.pop(name)
            if meant := nearest(key, details["ctx"]["known"].split(", ")):
                holder.setdefault(meant, value)
            return True
    return False


def _down(data: Any, where: Where) -> Iterator[Any]:
    """The values on the way to a place; steps that only the model knows are passed over."""
    yield data
    for step in where:
        known: Any = data if isinstance(data, dict) else {}
        if isinstance(data, list):
            known = dict(enumerate(data))
        if step in known:
            data = known[step]
            yield data


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
        raise FlowError([_at(file, mark, "", f"not valid YAML: {message}; {QUOTES}")]) from error
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
    where = _without_kind(details["loc"])
    message = str(details["msg"]).removeprefix("Value error, ")
    if details["type"] == "unknown_key":
        key, known = details["ctx"]["key"], details["ctx"]["known"].split(", ")
        where, message = (*where, key), f"unknown key '{key}'{expected(key, known)}"
    elif details["type"] == "missing":
        message = f"'{where[-1]}' is missing"
        where = where[:-1]
    elif details["type"] == "union_tag_invalid":
        key, tag = details["ctx"]["discriminator"].strip("'"), details["ctx"]["tag"]
        known = details["ctx"]["expected_tags"].replace("'", "").split(", ")
        where, message = (*where, key), f"unknown {key} '{tag}'{expected(tag, known)}"
    elif details["type"] == "union_tag_not_found":
        key = details["ctx"]["discriminator"]
        message = f"{key} is missing; it says what this is"
    return _locate(file, tree, where, message)


def _without_kind(where: Where) -> Where:
    """The model names a node's kind and a slot's type in a place; the file has no such step."""
    return (*where[:2], *where[3:]) if where[:1] and where[0] in ("nodes", "slots") else where


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
