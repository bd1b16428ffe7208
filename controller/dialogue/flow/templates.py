"""Templates and expressions of a flow: sandboxed Jinja2, cut down to what a sentence needs.

Allowed are `{{ output }}`, `{% if %}`, comparisons, tests and the filters below. Loops, macros, imports,
assignments and calls are refused when a flow loads. A template sees values only through `Spoken` and
JSON-like data: no attribute of a Python object is ever read, and a value is put in after everything else
is done, so that nothing a caller says can be a template, an end of a sentence or a part of the code.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.parser import Parser

from controller.dialogue.flow import texts
from controller.dialogue.flow.filters import speech_filters
from controller.dialogue.flow.sandbox import FIRST_HELD, HELD, SLOT_PARTS, TESTS, Spoken, make_sandbox
from controller.dialogue.flow.suggest import expected
from controller.dialogue.languages.base import Language

_PLACE = re.compile(rf"\s?({texts.HELD.pattern})(?=\W|$)|({texts.HELD.pattern})")
MAX_SOURCE_CHARS = 2000
MAX_OUTPUT_CHARS = 1200
"""Two minutes of speech; what would follow is left out."""
_MAX_VARIANTS = 32
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Filter, nodes.Test, nodes.Keyword, nodes.Add, nodes.Sub, nodes.Neg, nodes.Pos, nodes.Concat,
    nodes.List, nodes.Tuple,
)  # fmt: skip
_TOOL_PARTS = frozenset({"ok", "say", "code", "data"})


class TemplateFault(Exception):
    """A template can't be filled with the values there are: a comparison of words with a number."""


_READER = make_sandbox(dict.fromkeys(speech_filters(None), str))


class Book:
    """The templates of a flow in one language, compiled once. Raises TemplateFault when filling."""

    def __init__(self, language: Language, sources: Iterable[str], expressions: Iterable[str]) -> None:
        self._sandbox = make_sandbox(speech_filters(language))
        self._cut: dict[str, list[str]] = {}
        self._templates: dict[str, Template] = {}
        self._expressions: dict[str, Any] = {}
        for source in sources:
            if is_fixed(source):
                self._cut[source] = texts.sentences(source)
            else:
                self._templates[source] = self._sandbox.from_string(source)
        for source in expressions:
            self._expressions[source] = self._sandbox.compile_expression(source, undefined_to_none=True)

    def sentences(self, source: str, scope: Mapping[str, Any]) -> list[str]:
        """The sentences of a template, at most MAX_OUTPUT_CHARS in all."""
        if (fixed := self._cut.get(source)) is not None:
            return list(fixed)
        text, held = self._render(source, scope)
        pieces: list[str] = []
        room = MAX_OUTPUT_CHARS
        for piece in texts.sentences(text):
            filled = " ".join(_put_in(piece, held).split())[:room]
            room -= len(filled)
            if filled:
                pieces.append(filled)
        return pieces

    def text(self, source: str, scope: Mapping[str, Any]) -> str:
        """A template filled, in one piece."""
        if source in self._cut:
            return source
        text, held = self._render(source, scope)
        return _put_in(text, held)[:MAX_OUTPUT_CHARS]

    def facts(self, source: str, scope: Mapping[str, Any]) -> list[str]:
        """The values that a template puts in."""
        return (
            [] if source in self._cut else [value for value in self._render(source, scope)[1] if value]
        )

    def value(self, expression: str, scope: Mapping[str, Any]) -> Any:
        """What an expression comes to: JSON-like; a slot counts as its `value`."""
        try:
            found = self._expressions[expression](scope)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise TemplateFault(f"{expression!r}: {error}") from error
        return found.value if isinstance(found, Spoken) else found

    def _render(self, source: str, scope: Mapping[str, Any]) -> tuple[str, list[str]]:
        held: list[str] = []
        template = self._templates[source]
        try:
            context = template.new_context({**scope, HELD: held}, shared=False)
            return "".join(template.root_render_func(context)), held
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise TemplateFault(f"{source!r}: {error}") from error


def _put_in(piece: str, held: list[str]) -> str:
    """Values in their places; where one is empty the space before it goes too."""

    def value(mark: re.Match[str]) -> str:
        found = held[ord(mark[1] or mark[2]) - FIRST_HELD]
        return mark[0][:-1] + found if found else ""

    return _PLACE.sub(value, piece)


# --- checking -------------------------------------------------------------------------------


def is_fixed(source: str) -> bool:
    """Whether a template is the same whatever the variables hold."""
    return "{{" not in source and "{%" not in source and "{#" not in source


def problems(source: str, slots: Collection[str], variables: Collection[str]) -> Iterator[str]:
    """What is wrong with a template, in words that say what was expected."""
    if len(source) > MAX_SOURCE_CHARS:
        yield f"longer than {MAX_SOURCE_CHARS} characters"
        return
    if texts.HELD.search(source):
        yield "a private-use character (U+E000 to U+F8FF)"
    try:
        tree = _READER.parse(source)
        found = list(_judge(tree.body, slots, variables))
        if not found:
            _READER.from_string(source)
    except (TemplateError, RecursionError) as error:
        yield f"no template: {error}; expected {{{{ name }}}} or {{% if … %}} … {{% endif %}}"
        return
    yield from found
    for data in tree.find_all(nodes.TemplateData):
        if "{" in data.data or "}" in data.data:
            yield "a stray brace; expected {{ name }}"


def expression_problems(
    source: str, slots: Collection[str], variables: Collection[str]
) -> Iterator[str]:
    """The same for an expression such as `amount.value > 100`."""
    if len(source) > MAX_SOURCE_CHARS:
        yield f"longer than {MAX_SOURCE_CHARS} characters"
        return
    try:
        parser = Parser(_READER, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateError("something follows the expression")
        found = list(_judge([tree], slots, variables))
        if not found:
            _READER.compile_expression(source)
    except (TemplateError, RecursionError) as error:
        yield f"no expression: {error}; expected one such as amount.value > 100"
        return
    yield from found


def fixed_sentences(source: str) -> list[str]:
    """The sentences without a value that a template may say, whichever way its conditions go."""
    if is_fixed(source):
        return texts.sentences(source)
    ways = islice(_ways(_READER.parse(source).body), _MAX_VARIANTS)
    found = (piece for way in ways for piece in texts.sentences(way))
    return list(dict.fromkeys(piece for piece in found if not texts.HELD.search(piece)))


def _ways(body: Iterable[nodes.Node]) -> Iterator[str]:
    """Every text that the conditions allow, values standing as one character."""
    parts: list[list[str]] = []
    for node in body:
        if isinstance(node, nodes.Output):
            parts += [
                [item.data if isinstance(item, nodes.TemplateData) else chr(FIRST_HELD)]
                for item in node.nodes
            ]
        elif isinstance(node, nodes.If):
            bodies = [node.body, *(other.body for other in node.elif_), node.else_]
            parts.append([way for one in bodies for way in islice(_ways(one), _MAX_VARIANTS)])
    return ("".join(way) for way in product(*parts))


def _judge(
    trees: Iterable[nodes.Node], slots: Collection[str], variables: Collection[str]
) -> Iterator[str]:
    for node in trees:
        if not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            yield f"'{kind}' has no place in a template; allowed: {{{{ name }}}}, if"
            continue
        if isinstance(node, nodes.Filter) and node.name not in _READER.filters:
            yield f"no filter '{node.name}'; expected one of: {_list(_READER.filters)}"
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            yield f"no test '{node.name}'; expected one of: {_list(TESTS)}"
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            yield from _judge_name(_path(node), slots, variables)
        else:
            yield from _judge(node.iter_child_nodes(), slots, variables)


def _judge_name(
    path: tuple[str, ...], slots: Collection[str], variables: Collection[str]
) -> Iterator[str]:
    if not path:
        yield "only slots, variables and tool have parts"
        return
    root, rest = path[0], path[1:]
    if root not in slots and root not in variables and root != "tool":
        yield f"there is no slot or variable '{root}'{expected(root, {*slots, *variables, 'tool'})}"
    elif root == "tool" and not (
        rest and rest[0] in _TOOL_PARTS and (len(rest) == 1 or rest[0] == "data")
    ):
        known = "tool.ok, tool.say, tool.code, tool.data.…"
        yield f"'{'.'.join(path)}' is nothing; expected one of: {known}"
    elif root in slots and rest and (len(rest) > 1 or rest[0] not in SLOT_PARTS):
        yield f"'{'.'.join(path)}' is nothing; expected {root} or {root}.value"
    elif root in variables and root not in slots and rest:
        yield f"'{'.'.join(path)}' is nothing; a variable has no parts"


def _path(node: nodes.Node) -> tuple[str, ...]:
    """("tool", "data", "name") of a dotted name; () for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr) and (before := _path(node.node)):
        return (*before, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        before = _path(node.node)
        return (*before, str(node.arg.value)) if before else ()
    return ()


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
