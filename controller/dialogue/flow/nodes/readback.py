"""Reading an answer back: "Friday the 20th at ten. Is that right?", and what the caller says to it.

The part of an ask node after its slot was filled; the slot counts as confirmed only when this is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.languages.base import Phrase
from controller.dialogue.normalise import plain
from controller.dialogue.slots import Match
from controller.dialogue.slots.yes_no import YesNoSlot

if TYPE_CHECKING:
    from controller.dialogue.flow.nodes.ask import AskNode
    from controller.dialogue.flow.turn import Turn

YES_NO = YesNoSlot()


def begin(turn: Turn, node: AskNode, match: Match) -> Step:
    """Read `match`, which fills the slot, back."""
    turn.remember(phase=Phase.READBACK)
    if node.readback is not None:
        turn.ask(node.readback)
    else:
        turn.ask(Phrase.IS_THAT_RIGHT, match.spoken + turn.language.full_stop)
    return Stay.WAIT


def hear(turn: Turn, node: AskNode, text: str) -> Step:
    """A new value is read back in turn; otherwise yes or no."""
    known = turn.answer(node.slot)
    if known is None:
        return Stay.NOT_UNDERSTOOD
    other = None if turn.keys else _said_value(turn, node, text, known)
    if other is not None and other.value != known.value:
        return _once_more(turn, node, other)
    answer = YES_NO.parse(text, turn.language, turn.context())
    if answer is None:
        return _accept(turn, node) if other is not None else Stay.NOT_UNDERSTOOD
    if answer.value:
        return _accept(turn, node)
    turn.clear(node.slot)
    turn.remember(phase=Phase.ANSWER, tries=turn.memory.tries + 1, detours=0)
    if turn.memory.tries >= node.max_tries:
        return Stay.FAILED
    turn.say(Phrase.NO_PROBLEM)
    if node.reprompts:
        node.ask_again(turn)
    else:
        turn.ask(node.instead or node.prompt)
    return Stay.WAIT


def _said_value(turn: Turn, node: AskNode, text: str, known: Match) -> Match | None:
    """The value in "no, Thursday" or "Thursday"; `known` once more when it is only said again."""
    slot = turn.flow.slots[node.slot]
    if slot.open_ended or isinstance(known.value, bool):
        return None
    said = plain(text)
    marks = list(turn.language.correction.finditer(said.lower()))
    for part in (*(said[mark.end() :] for mark in marks[-1:]), said):
        match = turn.parse(node.slot, part)
        if match is not None and match.filled:
            return match
    return None


def _accept(turn: Turn, node: AskNode) -> Step:
    turn.confirm(node.slot)
    turn.remember(phase=Phase.ANSWER, tries=0, detours=0)
    turn.say(node.thanks)
    return Go(node.next)


def _once_more(turn: Turn, node: AskNode, match: Match) -> Step:
    turn.remember(tries=turn.memory.tries + 1)
    if turn.memory.tries >= node.max_tries:
        turn.clear(node.slot)
        return Stay.FAILED
    turn.fill(node.slot, match)
    turn.say(Phrase.NO_PROBLEM)
    return begin(turn, node, match)
