"""What a flow's file must keep beyond the shape of its parts: names that exist, texts in every language,
templates that can be filled, slots that somebody fills, and sizes that stay readable.

Where the ways through the nodes lead is checked in `paths`, tools in `tool_checks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jinja2 import Environment, TemplateSyntaxError, meta

from controller.dialogue.flow import templates
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.agent import AgentNode
from controller.dialogue.flow.nodes.base import RETURN
from controller.dialogue.flow.paths import FILLING_KINDS, Finding, after_answers, check_paths, place
from controller.dialogue.flow.suggest import expected
from controller.dialogue.flow.tool_checks import Tools, check_tools
from controller.dialogue.languages import LANGUAGES

Where = tuple[str | int, ...]
_PARSER = Environment(autoescape=True)  # parses only; nothing is ever filled with it

MAX_NODES = 500
MAX_SLOTS = 100
MAX_TEXT_CHARS = 1000
"""About a minute of speech; nobody listens longer without a word of their own."""


def check(
    flow: Flow, tools: Tools | None = None, agents: Collection[str] | None = None
) -> list[Finding]:
    """Everything that is wrong: where, and what was expected. `tools`: those the bot may use, by name,
    with the JSON Schema of their arguments; `agents`: bots that `agent` nodes may hand over to. None:
    not known here, so these are not checked."""
    wrong_names = list(_names(flow))
    findings = [*_sizes(flow), *_languages(flow), *wrong_names, *_texts(flow), *_words(flow)]
    if agents is not None:
        findings += _agents(flow, agents)
    if tools is not None:
        findings += check_tools(flow, tools)
    if not wrong_names:  # they would be complained about a second time: "nothing leads to …"
        findings += [*_unfilled(flow), *check_paths(flow)]
    return findings


def _sizes(flow: Flow) -> Iterator[Finding]:
    for key, count, most in (
        ("nodes", len(flow.nodes), MAX_NODES),
        ("slots", len(flow.slots), MAX_SLOTS),
    ):
        if count > most:
            yield (key,), f"{count} {key}; expected at most {most}"


def _languages(flow: Flow) -> Iterator[Finding]:
    for index, code in enumerate(flow.languages):
        if code not in LANGUAGES:
            yield ("languages", index), f"unknown language '{code}'{expected(code, LANGUAGES)}"


def _names(flow: Flow) -> Iterator[Finding]:
    def node(where: Where, name: str) -> Iterator[Finding]:
        if name not in flow.nodes:
            yield where, f"there is no node '{name}'{expected(name, flow.nodes)}"

    yield from node(("start",), flow.start)
    if flow.give_up:
        yield from node(("give_up",), flow.give_up)
    for intent, target in flow.intents.items():
        yield from node(("intents", intent.value), target)
    for index, digression in enumerate(flow.digressions):
        yield from node(("digressions", index, "start"), digression.start)
    for name, item in flow.nodes.items():
        for field, target in item.targets():
            if target != RETURN:
                yield from node(("nodes", name, *place(field)), target)
        for field, slot in item.slots_used():
            if slot not in flow.slots:
                where = ("nodes", name, *place(field))
                yield where, f"there is no slot '{slot}'{expected(slot, flow.slots)}"
        for field, variable in item.assigns():
            if variable not in flow.variables:
                where = ("nodes", name, *place(field))
                yield where, f"there is no variable '{variable}'{expected(variable, flow.variables)}"
    if RETURN in flow.nodes:
        yield ("nodes", RETURN), "'return' leads back from a digression; use another name for the node"
    for name in flow.variables.keys() & flow.slots.keys():
        yield ("variables", name), f"'{name}' is a slot as well; use another name"


def _texts(flow: Flow) -> Iterator[Finding]:
    for where, text in flow.texts():
        for code in flow.languages:
            if not text.has(code):
                yield where, f"no text for language '{code}'"
        for code, template in text.root.items():
            if code != "*" and code not in flow.languages:
                among = expected(code, flow.languages)
                yield where, f"text for '{code}', which is none of the flow's languages{among}"
            if len(template) > MAX_TEXT_CHARS:
                yield where, f"{len(template)} characters; expected at most {MAX_TEXT_CHARS}"
    for where, template in _templates(flow):
        for problem in templates.problems(template, flow.slots, flow.variables):
            yield where, problem
    for where, expression in flow.expressions():
        for problem in templates.expression_problems(expression, flow.slots, flow.variables):
            yield where, problem


def _words(flow: Flow) -> Iterator[Finding]:
    """Phrases that callers say: an answer without any in one language is never given in it."""
    listened = [(("answers", index), item.words) for index, item in enumerate(flow.answers)]
    listened += [
        (("digressions", index), item.words) for index, item in enumerate(flow.digressions) if item.words
    ]
    for where, words in listened:
        for code in flow.languages:
            if not any(words.get(code, ())):
                yield (*where, "words"), f"no words for language '{code}'"
        for code in words.keys() - set(flow.languages):
            among = expected(code, flow.languages)
            yield (*where, "words", code), f"'{code}' is none of the flow's languages{among}"


def _agents(flow: Flow, agents: Collection[str]) -> Iterator[Finding]:
    for name, node in flow.nodes.items():
        if isinstance(node, AgentNode) and node.agent not in agents:
            told = f"there is no bot '{node.agent}' that is an agent{expected(node.agent, agents)}"
            yield ("nodes", name, "agent"), told


def _templates(flow: Flow) -> Iterator[tuple[Where, str]]:
    """Every template, those in tools' arguments included."""
    for where, text in flow.texts():
        for template in text.root.values():
            yield where, template
    yield from flow.templates()


def _names_in(template: str) -> set[str]:
    """The names a template uses; none when it is no template."""
    try:
        return meta.find_undeclared_variables(_PARSER.parse(template))
    except (TemplateSyntaxError, RecursionError):
        return set()


def _unfilled(flow: Flow) -> Iterator[Finding]:
    """Slots that are always empty: nowhere filled, or used before anything was asked."""
    filled = {
        slot
        for node in flow.nodes.values()
        if node.kind in FILLING_KINDS
        for _, slot in node.slots_used()
    }
    for name in flow.slots:
        if name not in filled:
            yield ("slots", name), f"slot '{name}' is never filled: no ask or set node has it"
    known = after_answers(flow)
    for where, template in _templates(flow):
        if where[0] == "nodes" and where[1] in flow.nodes and where[1] not in known:
            for slot in _names_in(template) & filled:
                yield where, f"slot '{slot}' is still empty here: nothing was asked before this node"
