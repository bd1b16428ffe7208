"""What callers say at any point: "wait", "say that again", "goodbye", a question that is none of ours.

Each gets a short answer and the open question again, or leads to the node that the flow names for it.
Decides only what an utterance is taken for; the conversation's own answers are the nodes' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.dialogue.flow import corrections, digressions
from controller.dialogue.flow.memory import MAX_DETOURS
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.languages.base import Intent, Phrase

if TYPE_CHECKING:
    from controller.dialogue.flow.model import Answer
    from controller.dialogue.flow.turn import Turn

SOFT = frozenset({Intent.LISTENING, Intent.HELLO, Intent.THANKS, Intent.WRONG})
"""Weaker than an answer: "okay" is a yes where yes or no was asked, "that's wrong" a no."""

_ANSWERS: dict[Intent, Phrase | None] = {
    Intent.REPEAT: None,
    Intent.LISTENING: None,
    Intent.HELLO: Phrase.HELLO,
    Intent.THANKS: Phrase.WELCOME,
    Intent.ROBOT: Phrase.ROBOT,
    Intent.PERSON: Phrase.NO_COLLEAGUE,
    Intent.WRONG: Phrase.NO_PROBLEM,  # nothing was answered yet
    Intent.BACK: None,
}
PAUSES = {Intent.WAIT: Phrase.TAKE_YOUR_TIME, Intent.ATTENTION: Phrase.GO_AHEAD}
_ENDS = {Intent.GOODBYE: (Phrase.GOODBYE, "goodbye"), Intent.CANCEL: (Phrase.CANCELLED, "cancelled")}
_GO_BACK = {Intent.WRONG: corrections.something_wrong, Intent.BACK: corrections.back}


def intent_of(turn: Turn, text: str, *, loose: bool = False) -> Intent | None:
    """What the whole utterance is; with `loose`, what stands somewhere in it."""
    said = turn.language.clean(text)
    patterns = turn.language.loose_intents if loose else turn.language.intents
    for intent, pattern in patterns.items():
        if (pattern.search(said) if loose else pattern.fullmatch(said)) is not None:
            return intent
    return None


def answer_to(turn: Turn, text: str) -> Answer | None:
    """The flow's own answer to a question or remark, if it has one."""
    return next((a for a in turn.flow.answers if turn.mentions(text, a.words)), None)


def is_question(turn: Turn, text: str) -> bool:
    """Whether the words ask something."""
    return turn.language.question.match(turn.language.clean(text)) is not None


def follow(turn: Turn, intent: Intent) -> Step:
    """Do what the intent asks for."""
    if step := detour(turn):
        return step
    if intent in turn.flow.intents:
        return Go(turn.flow.intents[intent])
    if digression := digressions.digression_for(turn, intent):
        return digressions.leave(turn, digression)
    if intent in _ENDS:
        turn.take_leave(*_ENDS[intent])
    elif intent in _GO_BACK and (step := _GO_BACK[intent](turn)):
        return step
    elif intent is Intent.ATTENTION:
        turn.say(PAUSES[intent])  # it's the caller's turn
    elif intent in PAUSES:
        turn.say(PAUSES[intent])
        turn.ask_again()
    else:
        turn.say(_ANSWERS[intent])
        turn.ask_again()
    return Stay.WAIT


def reply_with(turn: Turn, answer: Answer | str | None) -> Step:
    """Give a short answer (without one: say honestly that there is none), then ask again."""
    if step := detour(turn):
        return step
    if isinstance(answer, str):
        turn.say_plain(answer)
    else:
        turn.say(answer.say if answer else Phrase.DONT_KNOW)
    turn.ask_again()
    return Stay.WAIT


def detour(turn: Turn) -> Step | None:
    """Count one more remark besides the question; FAILED when there were too many in a row."""
    turn.remember(detours=turn.memory.detours + 1)
    return None if turn.memory.detours <= MAX_DETOURS else Stay.FAILED
