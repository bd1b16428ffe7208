"""What callers say at any point: "wait", "say that again", "goodbye", a question that is none of ours.

Each gets a short answer and the open question again, or leads to the node that the flow names for it.
Decides only what an utterance is taken for; the conversation's own answers are the nodes' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.dialogue.flow.memory import MAX_DETOURS
from controller.dialogue.flow.nodes.base import Go, Stay, Step
from controller.dialogue.languages.base import Intent, Phrase

if TYPE_CHECKING:
    from controller.dialogue.flow.model import Answer
    from controller.dialogue.flow.turn import Turn

SOFT = frozenset({Intent.LISTENING, Intent.HELLO, Intent.THANKS})
"""Weaker than an answer: "okay" is a yes where yes or no was asked."""

_ANSWERS: dict[Intent, Phrase | None] = {
    Intent.REPEAT: None,
    Intent.LISTENING: None,
    Intent.HELLO: Phrase.HELLO,
    Intent.THANKS: Phrase.WELCOME,
    Intent.ROBOT: Phrase.ROBOT,
    Intent.PERSON: Phrase.NO_COLLEAGUE,
}
PAUSES = {Intent.WAIT: Phrase.TAKE_YOUR_TIME, Intent.ATTENTION: Phrase.GO_AHEAD}
_ENDS = {Intent.GOODBYE: (Phrase.GOODBYE, "goodbye"), Intent.CANCEL: (Phrase.CANCELLED, "cancelled")}


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
    said = turn.language.clean(text)
    code = turn.language.code
    for answer in turn.flow.answers:
        for words in answer.words.get(code, ()):
            if (f" {words} " in f" {said} ") if turn.language.joiner else (words in said):
                return answer
    return None


def is_question(turn: Turn, text: str) -> bool:
    """Whether the words ask something."""
    return turn.language.question.match(turn.language.clean(text)) is not None


def follow(turn: Turn, intent: Intent) -> Step:
    """Do what the intent asks for."""
    if not _detour(turn):
        return Stay.FAILED
    if intent in turn.flow.intents:
        return Go(turn.flow.intents[intent])
    if intent in _ENDS:
        turn.take_leave(*_ENDS[intent])
    elif intent is Intent.ATTENTION:
        turn.say(PAUSES[intent])  # it's the caller's turn
    elif intent in PAUSES:
        turn.say(PAUSES[intent])
        turn.ask_again()
    else:
        turn.say(_ANSWERS[intent])
        turn.ask_again()
    return Stay.WAIT


def reply_with(turn: Turn, answer: Answer | None) -> Step:
    """Give a short answer (without one: say honestly that there is none), then ask again."""
    if not _detour(turn):
        return Stay.FAILED
    turn.say(answer.say if answer else Phrase.DONT_KNOW)
    turn.ask_again()
    return Stay.WAIT


def _detour(turn: Turn) -> bool:
    turn.remember(detours=turn.memory.detours + 1)
    return turn.memory.detours <= MAX_DETOURS
