"""Callers change their minds: a new value for something said before, or the wish to change it.

Works on a `Turn`; decides which slot is meant and where the conversation goes back to. Never says more
than "No problem."
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.normalise import plain
from controller.dialogue.slots import Certainty, Match

if TYPE_CHECKING:
    from controller.dialogue.flow.turn import Turn

MAX_LISTED = 4
"""More things than this nobody keeps in mind when asked which one is wrong."""


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
    return next((n for n in names if turn.mentions(text, turn.flow.slots[n].change_words)), None)


def which_slot(turn: Turn, text: str, names: Sequence[str]) -> str | None:
    """The one of several slots that the caller names, by its words or by its place as a key."""
    named = slot_named(turn, text, names)
    if named is None and turn.keys and len(text) == 1 and text in "123456789"[: len(names)]:
        named = names[int(text) - 1]
    return named


def something_wrong(turn: Turn) -> Step | None:
    """ "That's wrong", said where no yes or no was asked for: what was answered last, or which of it.

    None when nothing was answered yet.
    """
    names = answered(turn)
    if not names:
        return None
    if len(names) == 1:
        turn.say(Phrase.NO_PROBLEM)
        return back_to(turn, names[-1])
    turn.remember(phase=Phase.WHICH_SLOT)
    turn.ask(Phrase.WHICH_IS_WRONG, *_listed(turn, names))
    return Stay.WAIT


def hear_which(turn: Turn, text: str) -> Step:
    """The answer to "which of it is wrong": a slot's name or its new value. Anything else goes back to
    the last answer: something was wrong, and the question was not understood."""
    names = answered(turn)
    if not turn.keys and (step := new_value(turn, text, names[::-1])):
        return step
    name = which_slot(turn, text, names) or (names[-1] if names else None)
    turn.remember(phase=Phase.ANSWER)
    return (back_to(turn, name) if name else None) or Stay.NOT_UNDERSTOOD


def back(turn: Turn) -> Step | None:
    """ "Go back": to the question before the open one. None when there is none."""
    current = turn.flow.slot_of(turn.memory.node)
    before = [name for name in answered(turn) if name != current]
    if not before:
        return None
    turn.say(Phrase.NO_PROBLEM)
    return back_to(turn, before[-1])


def answered(turn: Turn) -> list[str]:
    """Slots that were answered and can be asked for again, the latest last; at most MAX_LISTED."""
    names = [n for n in turn.memory.slots if turn.answer(n) and turn.flow.asks(n) is not None]
    return names[-MAX_LISTED:]


def back_to(turn: Turn, name: str) -> Go | None:
    """Forget a slot and ask for it again; the others are kept, so nothing else is asked twice."""
    node = turn.flow.asks(name)
    if node is None:
        return None
    turn.clear(name)
    turn.remember(phase=Phase.ANSWER)
    return Go(node)


def _take(turn: Turn, name: str, match: Match) -> Step | None:
    if match.filled:
        turn.fill(name, match)
        turn.remember(phase=Phase.ANSWER)
        asks = turn.flow.asks(name)
        if asks and turn.flow.node(asks).must_read_back(turn, match):
            return Go(asks)
        return Go(turn.flow.confirms(name, turn.memory.node) or turn.memory.node)
    step = back_to(turn, name)
    if match.certainty is Certainty.PARTIAL:
        turn.fill(name, match)
    return step


def _listed(turn: Turn, names: Sequence[str]) -> list[str]:
    """What there is to change, as a sentence; nothing when the flow has no label for one of them."""
    code = turn.language.code
    labels = [slot.label.of(code) for n in names if (slot := turn.flow.slots[n]).label is not None]
    if len(labels) < len(names):
        return []
    listed = (", " if turn.language.joiner else "、").join(labels)
    return [listed[:1].upper() + listed[1:] + turn.language.full_stop]
