"""Actions of the caller's voice while the bot has the turn.

The policy (`bargein`) decides; here its verdicts are carried out: fall silent, hand the turn over,
or go on where the bot was. Pre-roll is kept, so the words that took the turn belong to it.
"""

from __future__ import annotations

from controller.session import events as ev
from controller.session import listening, speaking
from controller.session.bargein import BargeIn, Verdict
from controller.session.core import Core, Interruption, State, Turn
from controller.session.effects import FinaliseUtterance, HypothesiseUtterance, OpenUtterance
from controller.session.events import TimerKind
from controller.session.happenings import (
    BargedIn,
    InterruptionDismissed,
    PartialHeard,
    VoiceHeard,
)
from controller.session.ports import Cause


def voice_over_bot(core: Core, event: ev.SpeechStart) -> None:
    """Voice while the bot speaks. Before anything was heard, the caller was simply not done."""
    reply = core.reply
    turn = core.turn
    if reply is not None and not reply.audible and turn and turn.utterance and not reply.tools_run:
        listening.go_on(core, event)
    else:
        begin(core, event)


def begin(core: Core, event: ev.SpeechStart) -> None:
    """Begin to listen to it."""
    core.forget_interruption()
    settings = core.profile.barge_in
    reply = core.reply
    rest_ms = reply.remaining_ms(core.now) if reply else None
    early = rest_ms is not None and rest_ms <= settings.tail_ms
    allowed = settings.enabled and (reply is None or reply.can_be_interrupted)
    core.interruption = Interruption(
        utterance=core.next_utterance(),
        endpointing=core.endpointing(),
        policy=(
            BargeIn(
                settings,
                core.profile.language,
                early_answer=early,
                answers=core.expect.completes,
            )
            if allowed
            else None
        ),
        early_answer=early,
        ended_at=core.now,
    )
    core.do(OpenUtterance(core.interruption.utterance, event.onset_ms, core.expect.hints))
    core.tell(VoiceHeard("speech_start", event.at_ms))


def follow(core: Core, event: ev.Voice) -> None:
    """One more frame of it."""
    interruption = core.interruption
    if interruption is None or interruption.over:
        return
    interruption.voiced_ms = event.voiced_ms
    interruption.ended_at = core.now - event.silence_ms / 1000
    if interruption.endpointing.wants_hypothesis(event.silence_ms):
        core.do(HypothesiseUtterance(interruption.utterance))
    if event.silence_ms and interruption.endpointing.is_over(event.silence_ms, None):
        core.dispatch(ev.SpeechEnd(event.at_ms))
    elif interruption.policy is not None and core.state is State.SPEAKING:
        _carry_out(core, interruption.policy.voice(event.voiced_ms), "")


def over(core: Core, event: ev.SpeechEnd) -> None:
    """The voice has ended: its words decide, unless it was too short to matter."""
    interruption = core.interruption
    if interruption is None:
        return
    core.tell(VoiceHeard("speech_end", event.at_ms))
    interruption.over = True
    if interruption.voiced_ms < core.profile.barge_in.min_ms and not interruption.early_answer:
        dismiss(core, "")
        return
    core.do(FinaliseUtterance(interruption.utterance))
    core.set_timer(TimerKind.RESUME, core.profile.barge_in.resume_ms / 1000)


def partial(core: Core, event: ev.Partial) -> None:
    """Words so far."""
    interruption = core.interruption
    if interruption is None or interruption.policy is None or core.state is not State.SPEAKING:
        return
    interruption.endpointing.heard(event.text)
    if interruption.policy.hushed:
        core.tell(PartialHeard(event.text))
    _carry_out(core, interruption.policy.words(event.text), event.text)


def hypothesis(core: Core, event: ev.Hypothesis) -> None:
    """Words up to a pause: enough to tell a backchannel."""
    interruption = core.interruption
    if interruption is None or interruption.policy is None or not interruption.policy.hushed:
        return
    interruption.endpointing.heard(event.text)
    _carry_out(core, interruption.policy.pause(event.text), event.text)
    if core.state is State.LISTENING and core.turn is not None:
        listening.guess(core, event)


def final(core: Core, event: ev.Final) -> None:
    """Its settled words: they take the turn, wait for it, or were nothing."""
    interruption = core.interruption
    if interruption is None or event.utterance != interruption.utterance:
        return
    if interruption.policy is None:
        if interruption.early_answer and event.text:
            core.queued.append((Cause.SPEECH, event.text))
        dismiss(core, event.text)
        return
    verdict = interruption.policy.end(event.text)
    if verdict is Verdict.TAKE and not _may_take(core):
        core.queued.append((Cause.SPEECH, event.text))
        dismiss(core, event.text)
        return
    _carry_out(core, verdict, event.text)
    if verdict is Verdict.TAKE and core.turn is not None:
        listening.settle(core, event)


def no_words_in_time(core: Core, _: ev.TimerFired) -> None:
    """The transcript of the voice is late: go on speaking."""
    dismiss(core, "")


def recogniser_failed(core: Core, _: ev.AsrFailed) -> None:
    """Without words nobody takes the turn."""
    dismiss(core, "")


def press(core: Core, event: ev.Dtmf) -> None:
    """A key takes the turn at once."""
    if _takes_now(core):
        listening.listen(core)
        listening.press(core, event)
    else:
        core.queued.append((Cause.DTMF, event.digit))


def typed(core: Core, event: ev.Typed) -> None:
    """Typed words take the turn at once."""
    if _takes_now(core):
        listening.take_turn(core, Cause.TEXT, event.text)
    else:
        core.queued.append((Cause.TEXT, event.text))


def note(core: Core, event: ev.Dtmf | ev.Typed) -> None:
    """While a tool runs, keys and words wait."""
    if isinstance(event, ev.Dtmf):
        core.queued.append((Cause.DTMF, event.digit))
    else:
        core.queued.append((Cause.TEXT, event.text))


def dismiss(core: Core, text: str) -> None:
    """A cough, a backchannel: go on where the bot was."""
    hushed = core.reply is not None and core.reply.paused_at is not None
    core.forget_interruption()
    if hushed and core.reply is not None:
        core.tell(InterruptionDismissed(core.reply.id, text))
    speaking.resume(core)


def adopt(core: Core) -> bool:
    """The bot has finished: a voice still open becomes the turn. False when there is none."""
    interruption = core.interruption
    if interruption is None:
        return False
    _give_turn(core, interruption)
    return True


def _carry_out(core: Core, verdict: Verdict, text: str) -> None:
    if verdict is Verdict.HUSH:
        speaking.hush(core)
    elif verdict is Verdict.TAKE:
        _take(core)
    elif verdict is Verdict.DISMISS:
        dismiss(core, text)


def _take(core: Core) -> None:
    """It is the caller's turn now."""
    interruption = core.interruption
    if interruption is None:
        return
    if core.reply is not None:
        core.tell(BargedIn(core.reply.turn, core.reply.id))
    speaking.drop_reply(core)
    _give_turn(core, interruption)


def _give_turn(core: Core, interruption: Interruption) -> None:
    """Listen to the voice as a turn; when it has ended already, its last words are on their way."""
    core.interruption = None
    core.cancel_timer(TimerKind.RESUME)
    core.turn = Turn(
        by=Cause.SPEECH,
        utterance=interruption.utterance,
        endpointing=interruption.endpointing,
        ended_at=interruption.ended_at,
    )
    if interruption.over:
        core.turn.endpoint_at = core.now
        core.enter(State.THINKING)
        core.set_timer(TimerKind.FINAL, core.profile.limits.final_s)
    else:
        core.enter(State.LISTENING)


def _may_take(core: Core) -> bool:
    running = core.reply.running if core.reply else None
    return running is None or running.cancellable


def _takes_now(core: Core) -> bool:
    reply = core.reply
    if reply is not None and not (reply.can_be_interrupted and core.profile.barge_in.enabled):
        return False
    if reply is not None and reply.audible:
        core.tell(BargedIn(reply.turn, reply.id))
    core.forget_interruption()
    speaking.drop_reply(core)
    return True
