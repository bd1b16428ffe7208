"""What an utterance is taken for. "Don't call me again" goes before everything, also beside an agent and
in a goodbye: it leads to the flow's node for it, if there is one. Then it is tried in this order:

1. an interjection that is the whole utterance ("wait a second"); a certain answer beats a soft one
   ("okay"), and where any words are an answer only real commands count;
2. a question that the flow has an answer or a digression for ("what time do you open on Saturday");
3. the current node's answer;
4. a correction of something said earlier, or the wish to change it;
5. a remark that the flow has an answer or a digression for, an interjection somewhere in it;
6. what a helper makes of it;
7. nothing: the question is put in other words, a bounded number of times.

While an agent has the word only goodbyes, and what the flow itself has a node for, are taken from it.
"""

from __future__ import annotations

from controller.dialogue.flow import corrections, digressions, interjections
from controller.dialogue.flow.helper import explained, understood
from controller.dialogue.flow.memory import Phase
from controller.dialogue.flow.nodes.agent import AgentNode
from controller.dialogue.flow.nodes.ask import AskNode
from controller.dialogue.flow.nodes.base import Go, NodeModel, Stay, Step
from controller.dialogue.flow.nodes.transfer import TransferNode
from controller.dialogue.flow.turn import Turn
from controller.dialogue.languages.base import Intent, Phrase
from controller.dialogue.slots import Certainty
from controller.session.ports import ToolOutcome

MAX_SILENCES = 3
"""How often a caller may say nothing in a row before the flow takes leave."""
BRANCH_SILENCES = 2
"""The same where the node has a way of its own for it (`no_input.next`): at the third silence a session
with its usual settings (`silence.max_prompts`) says goodbye itself."""


def hear(turn: Turn, text: str) -> Step:
    """The caller said, typed or pressed something."""
    node = turn.flow.node(turn.memory.node)
    if not turn.keys and (step := _no_more_calls(turn, text)):
        return step
    if isinstance(node, AgentNode) and turn.memory.phase is Phase.ANSWER:
        return _beside_agent(turn, node, text)
    if turn.memory.phase is Phase.ENDED:
        return _after_leave(turn, node, text)
    if turn.memory.phase is Phase.OUTCOME and turn.request.tool is not None:
        return _outcome_first(turn, node, text, turn.request.tool)
    if turn.keys:
        step = _at_node(turn, node, text)
        return _not_understood(turn, node) if step is Stay.NOT_UNDERSTOOD else step
    open_ended = isinstance(node, AskNode) and turn.flow.slots[node.slot].open_ended
    if not open_ended and (calm := _calm(turn, text)) != text:
        if not calm:
            return _beside(turn, text) or _not_understood(turn, node, Phrase.EXCUSE)
        text = calm
    return _hear_words(turn, node, text, open_ended=open_ended)


def _no_more_calls(turn: Turn, text: str) -> Step | None:
    """The way to the flow's node for it, when that is said and not under way. While a tool runs, whose
    outcome belongs to its own node, it is remembered."""
    target = turn.flow.intents.get(Intent.DO_NOT_CALL)
    if target is None or not turn.language.no_more_calls.search(turn.language.clean(text)):
        return None
    if turn.memory.node in digressions.chain(turn.flow, target):
        return None
    if turn.memory.phase is Phase.OUTCOME and turn.request.tool is None:
        turn.remember(no_more_calls=True)
        return None
    turn.remember(left=(), no_more_calls=False)
    return Go(target)


def after_outcome(turn: Turn, outcome: ToolOutcome) -> Step:
    """A tool has ended during which the caller asked for no more calls."""
    turn.note_outcome(outcome)
    turn.remember(no_more_calls=False)
    return Go(turn.flow.intents[Intent.DO_NOT_CALL])


def _hear_words(turn: Turn, node: NodeModel, text: str, *, open_ended: bool) -> Step:
    intent = interjections.intent_of(turn, text)
    if turn.memory.phase is Phase.OUTCOME and intent in (Intent.WRONG, Intent.BACK):
        intent = None  # too late while the tool runs
    if intent is not None and not _answers(turn, node, text, intent):
        own = None if intent in turn.flow.intents else _beside(turn, text)
        return own or interjections.follow(turn, intent)
    question = interjections.is_question(turn, text) and not open_ended
    besides = question or (not open_ended and _only_beside(turn, node, text))
    if besides and (aside := _beside(turn, text)):
        return aside
    step = _at_node(turn, node, text)
    if step is not Stay.NOT_UNDERSTOOD:
        return step
    return _make_sense(turn, node, text, question=question)


def silence(turn: Turn) -> Step:
    """The caller said nothing for a while."""
    node = turn.flow.node(turn.memory.node)
    if turn.memory.phase is Phase.OUTCOME:
        return Stay.FAILED
    missed = node.missed(silent=True) if turn.memory.phase is not Phase.ENDED else None
    if missed and missed.next and turn.request.silence_count >= BRANCH_SILENCES:
        return Go(missed.next)
    if turn.memory.phase is Phase.ENDED or turn.request.silence_count >= MAX_SILENCES:
        turn.take_leave(Phrase.SILENT_GOODBYE, "silence")
        return Stay.WAIT
    if not isinstance(node, AgentNode):
        turn.say(missed.say if missed and missed.say else Phrase.STILL_THERE)
    node.ask_again(turn)
    return Stay.WAIT


def _at_node(turn: Turn, node: NodeModel, text: str) -> Step:
    """What the node makes of it. A confirm node asks itself what shall be changed."""
    if turn.memory.phase is Phase.WHICH_SLOT and node.answer_slot(turn) is not None:
        return corrections.hear_which(turn, text)
    if turn.memory.phase is Phase.OUTCOME:
        return _meanwhile(turn)
    return node.hear(turn, text)


def _meanwhile(turn: Turn) -> Step:
    """A tool is running, and what was said has to wait; not for ever: its outcome may be lost with a
    reply that the caller talked over."""
    turn.say(Phrase.ONE_MOMENT)
    return interjections.detour(turn) or Stay.WAIT


def _outcome_first(turn: Turn, node: NodeModel, text: str, outcome: ToolOutcome) -> Step:
    """The caller talked over the reply that would have told the outcome: it goes on from there. What was
    said counts only when it corrects something."""
    step = node.outcome(turn, outcome)
    return (not turn.keys and _corrected(turn, text)) or step


def _beside_agent(turn: Turn, node: AgentNode, text: str) -> Step:
    if not turn.keys and (intent := interjections.intent_of(turn, text)) is not None:
        ends = intent in (Intent.GOODBYE, Intent.PERSON) and intent in turn.flow.intents
        if ends or intent is Intent.GOODBYE:
            return interjections.follow(turn, intent)
    return node.hear(turn, text)


def _after_leave(turn: Turn, node: NodeModel, text: str) -> Step:
    """Something came to the caller's mind during the goodbye."""
    if isinstance(node, TransferNode):  # a colleague is about to have the caller
        return _meanwhile(turn)
    if turn.keys:
        turn.take_leave(Phrase.GOODBYE, "goodbye")
        return Stay.WAIT
    intent = interjections.intent_of(turn, text)
    if intent in interjections.PAUSES:
        turn.remember(phase=Phase.ANSWER)
        return interjections.follow(turn, intent)
    if intent is Intent.WRONG and (step := corrections.something_wrong(turn)):
        return step
    if step := _corrected(turn, text):
        return step
    turn.take_leave(Phrase.GOODBYE, "goodbye")
    return Stay.WAIT


def _answers(turn: Turn, node: NodeModel, text: str, intent: Intent) -> bool:
    """Whether words that look like an interjection surely answer the node's question."""
    slot, soft = node.answer_slot(turn), intent in interjections.SOFT
    if slot is None or not (soft or slot.open_ended):
        return False
    match = slot.parse(text, turn.language, turn.context())
    if match is None:
        return False
    return match.certainty is Certainty.CERTAIN or (intent is Intent.WRONG and match.value is False)


def _calm(turn: Turn, text: str) -> str:
    """The words without the swearing in them; empty when nothing else was said."""
    calm = turn.language.swearing.sub(" ", text)
    return calm if turn.language.clean(calm) else ""


def _only_beside(turn: Turn, node: NodeModel, text: str) -> bool:
    """What looks like an answer is nothing but words that the flow has an answer or a digression for:
    "parking" is no name, the "don't" of "don't call me" no refusal."""
    slot = node.answer_slot(turn)
    match = slot.parse(text, turn.language, turn.context()) if slot is not None else None
    if slot is None or match is None or match.introduced:
        return False
    if match.certainty is Certainty.CERTAIN and not isinstance(match.value, bool):
        return False
    said = turn.language.clean(text)
    answer, digression = interjections.answer_to(turn, text), digressions.digression_in(turn, text)
    if answer is not None and said in answer.words.get(turn.language.code, ()):
        return True
    if digression is None:
        return False
    words = digression.words.get(turn.language.code, ())
    rest = next((said.replace(word, " ") for word in words if word in said), said)
    return slot.parse(rest, turn.language, turn.context()) is None


def _beside(turn: Turn, text: str) -> Step | None:
    """The flow's own answer to a remark, or its digression about it."""
    if answer := interjections.answer_to(turn, text):
        return interjections.reply_with(turn, answer)
    if digression := digressions.digression_in(turn, text):
        return interjections.detour(turn) or digressions.leave(turn, digression)
    return None


def _make_sense(turn: Turn, node: NodeModel, text: str, *, question: bool) -> Step:
    if step := _corrected(turn, text) or _beside(turn, text):
        return step
    if (intent := interjections.intent_of(turn, text, loose=True)) is not None:
        return interjections.follow(turn, intent)
    if step := _helped(turn, node, text):
        return step
    if question:
        return _explained(turn, node, text)
    return _not_understood(turn, node)


def _corrected(turn: Turn, text: str) -> Step | None:
    latest_first = list(turn.memory.slots)[::-1]
    marked = turn.language.correction.search(text.lower()) is not None
    step = corrections.new_value(turn, text, latest_first) if marked else None
    return step or corrections.wanted_change(turn, text, turn.flow.slots)


def _helped(turn: Turn, node: NodeModel, text: str) -> Step | None:
    """What the helper makes of the words, in plain words that the slots parse themselves."""
    if not isinstance(node, AskNode) or turn.memory.phase is not Phase.ANSWER:
        return None
    wanted = [node.slot, *(n for n in turn.flow.slots if n != node.slot and not turn.answer(n))]
    found = understood(turn.script.helper, turn.question(), text, {n: _wanted(turn, n) for n in wanted})
    if not found:
        return None
    turn.guessed = True
    if words := found.pop(node.slot, ""):
        for name, other in found.items():
            turn.fill_guess(name, other)
        step = node.hear(turn, words)
        return None if step is Stay.NOT_UNDERSTOOD else step
    filled = [turn.fill_guess(name, other) for name, other in found.items()]
    if any(filled):
        turn.say(node.thanks)
        return node.enter(turn)
    return None


def _wanted(turn: Turn, name: str) -> str:
    slot = turn.flow.slots[name]
    label = slot.label.of(turn.language.code) if slot.label is not None else name
    return f"{slot.type}: {label}"


def _explained(turn: Turn, node: NodeModel, text: str) -> Step:
    """A question that the flow has no answer for: the helper's, or an honest word. From the second one
    on it counts as an answer that was not understood, so that the question changes its words."""
    code = turn.language.code
    topics = {
        ", ".join(answer.words.get(code, ())): turn.language.joiner.join(turn.words(answer.say))
        for answer in turn.flow.answers
    }
    words = explained(turn.script.helper, turn.question(), text, topics)
    turn.remember(unanswered=turn.memory.unanswered + 1)
    if words is None and turn.memory.unanswered > 1:
        return _not_understood(turn, node, Phrase.DONT_KNOW)
    return interjections.reply_with(turn, words)


def _not_understood(turn: Turn, node: NodeModel, why: Phrase = Phrase.NOT_UNDERSTOOD) -> Step:
    turn.remember(tries=turn.memory.tries + 1)
    if turn.memory.tries >= node.tries_allowed():
        return Stay.FAILED
    missed = node.missed(silent=False)
    turn.say(missed.say if missed and missed.say else why)
    node.ask_again(turn)
    return Stay.WAIT
