"""All that is the same for every session of a flow in one language. Frozen, made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.dialogue.flow.helper import FlowHelper
from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.templates import Book
from controller.dialogue.languages import language_of
from controller.dialogue.languages.base import Language, Phrase
from controller.session.ports import Strategy


@dataclass(frozen=True, slots=True)
class Script:
    """`agents`: whom `agent` nodes may hand over to, by name."""

    flow: Flow
    language: Language
    book: Book
    helper: FlowHelper
    agents: Mapping[str, Strategy]


def make_script(flow: Flow, language: str, helper: FlowHelper, agents: Mapping[str, Strategy]) -> Script:
    """Compile the flow's templates. Raises LookupError when the flow has no texts in `language`."""
    found = language_of(language)
    if found.code not in flow.languages:
        raise LookupError(
            f"flow {flow.flow!r} has no texts for {language!r}; it has: {', '.join(flow.languages)}"
        )
    book = Book(found, _sources(flow, found), [source for _, source in flow.expressions()])
    return Script(flow, found, book, helper, agents)


def _sources(flow: Flow, language: Language) -> Iterator[str]:
    yield from (language.phrases[phrase] for phrase in Phrase)
    yield from (text.of(language.code) for _, text in flow.texts())
    yield from (source for _, source in flow.templates())
