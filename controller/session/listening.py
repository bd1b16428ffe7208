"""Actions of the caller's turn: open it, follow it, guess its reply early, settle it."""

from __future__ import annotations

from controller.session import ending, interrupting, replying, speaking
from controller.session import events as ev
from controller.session.core import Core, State, Turn
from controller.session.effects import (
    CloseUtterance,
    FinaliseUtterance,
    HypothesiseUtterance,
    OpenUtterance,
)
from controller.session.events import TimerKind
from controller.session.happenings import FinalHeard, PartialHeard, Trouble, VoiceHeard
from controller.session.ports import Cause, Entry, Role
from controller.session.words import words


def listen(core: Core) -> None:
    """Wait for the caller; they have as long as is expected, or else `silence.prompt_s`."""
    core.enter(State.LISTENING)
    core.set_timer(TimerKind.SILENCE, core.expect.silence_s or core.profile.silence.prompt_s)


def open_turn(core: Core, event: ev.SpeechStart) -> None:
    """The caller begins to talk."""
    core.cancel_timer(TimerKind.SILENCE, TimerKind.DTMF)
    core.digits = ""
    turn = Turn(by=Cause.SPEECH, utterance=core.next_utterance(), endpointing=core.endpointing())
    turn.ended_at = core.now
    core.turn = turn
    core.do(OpenUtterance(turn.utterance, event.onset_ms, core.expect.hints))
    core.tell(VoiceHeard("speech_start", event.at_ms))


def go_on(core: Core, event: ev.SpeechStart) -> None:
    """The caller was not done: drop the reply being made and reopen the turn."""
    turn = core.turn
    tools_run = core.reply.tools_run if core.reply else 0
    if turn is None or turn.by is not Cause.SPEECH or not turn.utterance or tools_run:
        interrupting.begin(core, event)
        return
    speaking.drop_reply(core)
    core.cancel_timer(TimerKind.FINAL)
    if turn.number:  # its text had been settled: take it back, the whole will be settled anew
        core.turns -= 1
        turn.number = 0
        core.history.pop()
    turn.endpoint_at = turn.final_at = turn.hypothesis = None
    core.enter(State.LISTENING)
    core.tell(VoiceHeard("speech_start", event.at_ms))


def follow(core: Core, event: ev.Voice) -> None:
    """One more frame of the turn: speaking, or a pause that may be its end."""
    turn = core.turn
    if turn is None or turn.endpointing is None:
        return
    turn.at_ms = event.at_ms
    turn.silence_ms = event.silence_ms
    turn.ended_at = core.now - event.silence_ms / 1000
    if event.voiced_ms >= core.profile.endpoint.max_utterance_s * 1000:
        core.dispatch(ev.SpeechEnd(event.at_ms))
        return
    if turn.endpointing.wants_hypothesis(event.silence_ms):
        turn.hypothesis = None  # of an earlier pause
        core.do(HypothesiseUtterance(turn.utterance))
    if event.silence_ms and turn.endpointing.is_over(event.silence_ms, turn.hypothesis):
        core.dispatch(ev.SpeechEnd(event.at_ms))


def end_turn(core: Core, event: ev.SpeechEnd) -> None:
    """The turn is over: settle its text."""
    turn = core.turn
    if turn is None:
        return
    turn.endpoint_at = core.now
    core.tell(VoiceHeard("speech_end", event.at_ms))
    core.enter(State.THINKING)
    core.set_timer(TimerKind.FINAL, core.profile.limits.final_s)
    core.do(FinaliseUtterance(turn.utterance))


def show_partial(core: Core, event: ev.Partial) -> None:
    """Best-effort text while the caller speaks."""
    if core.turn is not None and core.turn.endpointing is not None:
        core.turn.endpointing.heard(event.text)
    core.tell(PartialHeard(event.text))


def guess(core: Core, event: ev.Hypothesis) -> None:
    """Text of what was said up to this pause: begin the reply on it, and maybe end the turn."""
    turn = core.turn
    if turn is None or turn.endpointing is None or not turn.utterance:
        return
    turn.hypothesis = event.text
    turn.endpointing.heard(event.text)
    if words(event.text):
        core.tell(PartialHeard(event.text))
        if core.reply is None or core.reply.request.text != event.text:
            speaking.drop_reply(core)
            replying.ask(core, Cause.SPEECH, event.text, speculative=True)
    if turn.silence_ms and turn.endpointing.is_over(turn.silence_ms, turn.hypothesis):
        core.dispatch(ev.SpeechEnd(turn.at_ms))


def settle(core: Core, event: ev.Final) -> None:
    """The turn's text is final: it is answered, or nothing was said."""
    turn = core.turn
    if turn is None or event.utterance != turn.utterance:
        interrupting.final(core, event)
        return
    if turn.number:  # settled before
        return
    core.cancel_timer(TimerKind.FINAL)
    if not words(event.text):
        abandon_turn(core)
        listen(core)
        return
    turn.final_at = core.now
    begin_turn(core, turn, event.text)
    reply = core.reply
    if reply is not None and reply.speculative and reply.request.text == event.text:
        turn.speculative = True
        replying.accept(core)
    else:
        speaking.drop_reply(core)
        replying.ask(core, Cause.SPEECH, event.text)


def begin_turn(core: Core, turn: Turn, text: str) -> None:
    """Count a turn and enter the caller's words into the history."""
    speaking.settle_stopped(core)  # what was heard before these words stands before them
    core.turns += 1
    core.silence_count = 0
    turn.number = core.turns
    turn.text = text
    core.turn = turn
    core.history.append(Entry(Role.CALLER, text))
    core.tell(FinalHeard(turn.number, text, turn.by.value))


def abandon_turn(core: Core) -> None:
    """Nothing was said after all, or something else takes its place."""
    speaking.drop_reply(core)
    core.cancel_timer(TimerKind.FINAL)
    if core.turn is not None and core.turn.utterance:
        core.do(CloseUtterance(core.turn.utterance))
    core.turn = None


def recogniser_failed(core: Core, event: ev.AsrFailed) -> None:
    """The engine raised and is being rebuilt: ask the caller to say it again."""
    core.tell(Trouble("asr_failed", event.message))
    abandon_turn(core)
    replying.say(core, core.profile.phrases.repeat, failed=True)


def final_is_late(core: Core, _: ev.TimerFired) -> None:
    """No transcript came: ask the caller to say it again."""
    core.tell(Trouble("asr_late", "no transcript came in time"))
    abandon_turn(core)
    replying.say(core, core.profile.phrases.repeat, failed=True)


# --- key presses and typed turns --------------------------------------------------------------


def press(core: Core, event: ev.Dtmf) -> None:
    """A key while listening: one answer, or part of one."""
    abandon_turn(core)
    core.cancel_timer(TimerKind.SILENCE)
    if event.digit != "#":
        core.digits += event.digit
    if event.digit == "#" or len(core.digits) >= core.expect.dtmf_digits:
        digits_done(core, event)
    else:
        core.set_timer(TimerKind.DTMF, core.profile.limits.dtmf_gap_s)


def digits_done(core: Core, event: ev.Dtmf | ev.TimerFired) -> None:
    """The row of key presses is complete: it is the caller's turn."""
    core.cancel_timer(TimerKind.DTMF)
    digits, core.digits = core.digits, ""
    # a lone "#" is a key like any other
    take_turn(core, Cause.DTMF, digits or (event.digit if isinstance(event, ev.Dtmf) else ""))


def typed(core: Core, event: ev.Typed) -> None:
    """A typed turn while listening or thinking."""
    abandon_turn(core)
    take_turn(core, Cause.TEXT, event.text)


def press_while_thinking(core: Core, event: ev.Dtmf) -> None:
    """A key while the reply is being made: it replaces what was said."""
    abandon_turn(core)
    listen(core)
    press(core, event)


def take_turn(core: Core, by: Cause, text: str) -> None:
    """A turn that needs no recogniser."""
    core.cancel_timer(TimerKind.SILENCE, TimerKind.DTMF)
    core.digits = ""
    if not text.strip():
        listen(core)
        return
    turn = Turn(by=by, ended_at=core.now, endpoint_at=core.now, final_at=core.now)
    begin_turn(core, turn, text)
    core.enter(State.THINKING)
    replying.ask(core, by, text)


# --- silence ----------------------------------------------------------------------------------


def silence(core: Core, _: ev.TimerFired) -> None:
    """The caller says nothing: ask again, at last say goodbye."""
    core.silence_count += 1
    if core.silence_count > core.profile.silence.max_prompts:
        ending.say_goodbye(core, "silence", core.profile.phrases.no_input_goodbye)
        return
    core.turns += 1
    core.turn = Turn(by=Cause.SILENCE, ended_at=core.now, number=core.turns)
    core.enter(State.THINKING)
    replying.ask(core, Cause.SILENCE, "")
