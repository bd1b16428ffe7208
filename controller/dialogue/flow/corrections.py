"""Callers change their minds: a new value for something said before, or the wish to change it.

Works on a `Turn`; decides which slot is meant and where the conversation goes back to. Never says more
than "No problem."
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from controller.dialogue.flow.memory import Phase
from controller.dialogue.languages.base import Phrase
from controller.dialogue.normalise import plain
from controller.dialogue.slots import Certainty, Match

if TYPE_CHECKING:
    from controller.dialogue.flow.nodes.base import Go, Step
    from controller.dialogue.flow.turn import Turn


def new_value(turn: Turn, text: str, names: Iterable[str]) -> Step | None:
    """The words hold another value for one of the slots: take it and go on from there.

    None when they don't, or say again what is known already.
    """
    said = plain(text)
    parts = [said[mark.end() :] for mark in turn.language.correction.finditer(said.lower())][-1:]
    for part in (*parts, said):
        for name in names:
            known = turn.memory.slots.get(name)
            if known is None or turn.flow.slots[name].open_ended:
                continue
            match = turn.parse(name, part)
            if match is None or match.value == known.value or isinstance(match.value, bool):
                continue
            turn.say(Phrase.NO_PROBLEM if match.certainty is not Certainty.REFUSED else match.missing[0])
            return _take(turn, name, match)
    return None


def says_again(turn: Turn, text: str, names: Iterable[str]) -> bool:
    """The words hold a value that is known already: "Friday at four", when that was read back."""
    known = {name: turn.memory.slots[name] for name in names if name in turn.memory.slots}
    found = {name: turn.parse(name, text) for name in known}
    return any(
        match is not None and match.filled and match.value == known[name].value
        for name, match in found.items()
    )


def wanted_change(turn: Turn, text: str, names: Iterable[str]) -> Step | None:
    """The caller wants one of the slots changed and doesn't say to what: go back and ask."""
    if not turn.language.change.search(turn.language.clean(text)):
        return None
    name = slot_named(turn, text, names)
    if name is None:
        return None
    turn.say(Phrase.NO_PROBLEM)
    return back_to(turn, name)


def slot_named(turn: Turn, text: str, names: Iterable[str]) -> str | None:
    """The slot one of whose `change_words` is said."""
    said = turn.language.clean(text)
    for name in names:
        for word in turn.flow.slots[name].change_words.get(turn.language.code, ()):
            if (f" {word} " in f" {said} ") if turn.language.joiner else (word in said):
                return name
    return None


def back_to(turn: Turn, name: str) -> Go | None:
    """Forget a slot and ask for it again; the others are kept, so nothing else is asked twice."""
    from controller.dialogue.flow.nodes.base import Go

    node = turn.flow.asks(name)
    if node is None:
        return None
    turn.clear(name)
    turn.remember(phase=Phase.ANSWER)
    return Go(node)


def _take(turn: Turn, name: str, match: Match) -> Step | None:
    from controller.dialogue.flow.nodes.base import Go

    if match.filled:
        turn.fill(name, match)
        turn.remember(phase=Phase.ANSWER)
        return Go(turn.flow.confirms(name, turn.memory.node) or turn.memory.node)
    step = back_to(turn, name)
    if match.certainty is Certainty.PARTIAL:
        turn.fill(name, match)
    return step
