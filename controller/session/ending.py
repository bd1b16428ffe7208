"""Actions of endings: a reply's end, a polite goodbye, the end of the session."""

from __future__ import annotations

from controller.session import events as ev
from controller.session import interrupting, listening, replying, speaking, tooling
from controller.session.core import Core, State
from controller.session.effects import CloseUtterance
from controller.session.events import TimerKind
from controller.session.happenings import Trouble
from controller.session.ports import Cause


def reply_finished(core: Core) -> None:
    """Everything of the reply was heard: the caller's turn, or the end if a hang-up waits."""
    reply = core.reply
    if reply is None:
        return
    core.reply = None
    if reply.audible or not reply.chunks:  # one that could not be spoken has not been given
        speaking.commit(core, reply, len(reply.chunks))
    if not reply.failed:
        core.failures = 0
    elif not reply.audible:
        core.failures += 1
    speaking.record(core, reply, core.turn, interrupted=False)
    if reply.hang_up or core.failures >= replying.MAX_FAILURES:
        core.finish(reply.hang_up or "error")
        return
    if core.turn is not None and core.turn.utterance:
        core.do(CloseUtterance(core.turn.utterance))
    core.turn = None
    if interrupting.adopt(core):
        return
    if core.queued:
        _next_queued(core)
        return
    listening.listen(core)


def _next_queued(core: Core) -> None:
    cause, text = core.queued.pop(0)
    while core.queued and cause is Cause.DTMF and core.queued[0][0] is Cause.DTMF:
        text += core.queued.pop(0)[1]  # keys pressed one after another are one answer
    listening.take_turn(core, cause, text)


def hangup_requested(core: Core, event: ev.HangupRequested) -> None:
    """The bot hangs up: once what it is saying has been heard. Nobody may interrupt a goodbye."""
    core.forget_interruption()
    reply = core.reply
    if reply is None:
        core.finish(event.reason)
        return
    speaking.resume(core)
    reply.hang_up = event.reason
    reply.proposals.clear()
    core.queued.clear()
    core.cancel_timer(TimerKind.SILENCE)
    core.set_timer(TimerKind.GOODBYE, core.profile.limits.goodbye_s)
    core.enter(State.ENDING)


def say_goodbye(core: Core, reason: str, text: str) -> None:
    """End politely: whatever is going on stops, `text` is heard, then the session is over."""
    core.forget_interruption()
    listening.abandon_turn(core)
    core.queued.clear()
    core.cancel_all_timers()
    core.set_timer(TimerKind.GOODBYE, core.profile.limits.goodbye_s)
    core.enter(State.ENDING)
    replying.say(core, text, hang_up=reason)


def goodbye_requested(core: Core, event: ev.GoodbyeRequested) -> None:
    """An operator or a drain."""
    say_goodbye(core, event.reason, core.profile.phrases.goodbye)


def time_limit(core: Core, _: ev.TimerFired) -> None:
    """The session is as long as it may be."""
    say_goodbye(core, "time_limit", core.profile.phrases.time_limit)


def goodbye_unheard(core: Core, _: ev.TimerFired) -> None:
    """The goodbye could not be heard to its end."""
    reason = core.reply.hang_up if core.reply and core.reply.hang_up else "goodbye"
    gone(core, ev.RemoteHangup(reason))


def goodbye_failed(core: Core, event: ev.ReplyFailed) -> None:
    """No more words for the goodbye: what there is will do."""
    if core.reply is not None:
        core.tell(Trouble("reply_failed", event.message))
        core.reply.streaming = False
        tooling.advance(core)


def gone(core: Core, event: ev.RemoteHangup | ev.MediaLost) -> None:
    """The caller is gone: stop everything at once."""
    core.forget_interruption()
    if core.turn is not None and core.turn.utterance:
        core.do(CloseUtterance(core.turn.utterance))
    speaking.drop_reply(core)
    speaking.settle_stopped(core)
    core.finish(event.reason)
