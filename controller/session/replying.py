"""Actions of a reply in the making: ask the strategy, take its stream, cut it into chunks."""

from __future__ import annotations

from controller.session import ending, speaking, tooling
from controller.session import events as ev
from controller.session.chunker import STALL_MS, chunk_all
from controller.session.core import Core, State, Turn
from controller.session.effects import AskStrategy, CancelStream, Synthesise
from controller.session.events import TimerKind
from controller.session.happenings import Trouble
from controller.session.ports import Cause, Entry, Remember, ReplyRequest, Role
from controller.session.reply import Chunk, Reply

MAX_FAILURES = 3
"""Failed replies in a row before the session ends politely."""


def start(core: Core, _: ev.Started) -> None:
    """The entry is connected: greet."""
    core.started_at = core.now
    core.set_timer(TimerKind.LIMIT, core.profile.limits.session_s)
    core.turn = Turn(by=Cause.OPENING, ended_at=core.now)
    core.enter(State.THINKING)
    ask(core, Cause.OPENING, "")


def ask(core: Core, cause: Cause, text: str, *, speculative: bool = False) -> None:
    """Begin a reply. A speculative one is made but not played until `accept`."""
    speaking.settle_stopped(core)
    request = build_request(core, cause, text, speculative=speculative)
    number = core.turn.number if core.turn else core.turns
    reply = Reply(core.next_reply_id(), number, request, core.now, speculative=speculative)
    core.reply = reply
    if not speculative:
        expect_words_soon(core)
    core.do(AskStrategy(reply.id, request))


def build_request(core: Core, cause: Cause, text: str, *, speculative: bool = False) -> ReplyRequest:
    """All that the strategy is told."""
    history = tuple(core.history)
    if speculative:  # as it will be once the words are settled
        history = (*history, Entry(Role.CALLER, text))
    return ReplyRequest(
        cause=cause,
        text=text,
        history=history,
        memory=core.memory,
        variables=core.variables,
        silence_count=core.silence_count,
        tool=core.untold,
    )


def expect_words_soon(core: Core) -> None:
    """Watch the stream: a filler when it is slow, the fallback when it is too slow."""
    core.set_timer(TimerKind.FILLER, core.profile.limits.filler_s)
    core.set_timer(TimerKind.REPLY, core.profile.limits.reply_s)


def accept(core: Core) -> None:
    """The guess was right: what was made in advance may be played."""
    reply = core.reply
    if reply is None:
        return
    reply.speculative = False
    if core.turn is not None:
        reply.turn = core.turn.number
    if reply.failed:
        _speak_fallback(core, reply)
        return
    if reply.chunks:
        core.enter(State.SPEAKING)
    elif reply.first_text_at is None:
        expect_words_soon(core)
    speaking.play_ready(core, reply)
    tooling.advance(core)


def say(core: Core, text: str, *, failed: bool = False, hang_up: str = "") -> None:
    """A reply of the kernel's own, without the strategy."""
    speaking.settle_stopped(core)
    number = core.turn.number if core.turn else core.turns
    reply = Reply(core.next_reply_id(), number, ReplyRequest(Cause.SPEECH), core.now)
    reply.streaming = False
    reply.failed = failed
    reply.hang_up = hang_up
    core.reply = reply
    for piece in chunk_all(text):
        _add_chunk(core, reply, piece)
    if hang_up == "":
        core.enter(State.SPEAKING)


def add_text(core: Core, event: ev.ReplyText) -> None:
    """A piece of the reply's text."""
    reply = core.reply
    if reply is None:
        return
    if reply.first_text_at is None:
        reply.first_text_at = core.now
    core.cancel_timer(TimerKind.FILLER, TimerKind.REPLY)
    if event.interruptible != reply.interruptible:
        _add_chunks(core, reply, reply.chunker.flush())  # one chunk is the one or the other
        reply.interruptible = event.interruptible
    earlier = reply.citations if reply.chunker.waiting.strip() else ()  # of words in the same chunk
    reply.citations = tuple(dict.fromkeys((*earlier, *event.citations)))
    _add_chunks(core, reply, reply.chunker.feed(event.text))
    if reply.chunker.may_stall:
        core.set_timer(TimerKind.STALL, STALL_MS / 1000)
    else:
        core.cancel_timer(TimerKind.STALL)


def stream_stalls(core: Core, _: ev.TimerFired) -> None:
    """No new text, but words are waiting: say them meanwhile."""
    if core.reply is not None:
        _add_chunks(core, core.reply, core.reply.chunker.stalled())


def remember(core: Core, event: ev.ReplyMemory) -> None:
    """Kept until the reply is really spoken."""
    if core.reply is not None:
        core.reply.promise(Remember(event.memory))


def expects(core: Core, event: ev.ReplyExpects) -> None:
    """Kept until the reply is really spoken."""
    if core.reply is not None:
        core.reply.promise(event.expect)


def stream_ended(core: Core, _: ev.ReplyEnded) -> None:
    """The strategy has said all."""
    reply = core.reply
    if reply is None:
        return
    core.cancel_timer(TimerKind.STALL, TimerKind.FILLER, TimerKind.REPLY)
    reply.streaming = False
    _add_chunks(core, reply, reply.chunker.flush())
    tooling.advance(core)


def _add_chunks(core: Core, reply: Reply, texts: list[str]) -> None:
    for text in texts:
        _add_chunk(core, reply, text)
    if texts and not reply.speculative and core.state is State.THINKING:
        core.enter(State.SPEAKING)


def _add_chunk(core: Core, reply: Reply, text: str) -> None:
    reply.chunks.append(Chunk(text, reply.interruptible, reply.citations))
    if reply.first_synth_at is None:
        reply.first_synth_at = core.now
    urgent = all(c.complete or c.skipped for c in reply.chunks[:-1])
    core.do(Synthesise(reply.id, len(reply.chunks) - 1, text, urgent))


def reply_failed(core: Core, event: ev.ReplyFailed) -> None:
    """The strategy raised or was too slow: what is being said is finished, then the fallback."""
    reply = core.reply
    if reply is None:
        return
    core.tell(Trouble("reply_failed", event.message))
    core.cancel_timer(TimerKind.FILLER, TimerKind.REPLY, TimerKind.STALL)
    reply.failed = True
    reply.streaming = False
    reply.outcome = None
    reply.proposals.clear()
    _add_chunks(core, reply, reply.chunker.flush())
    if not reply.speculative:
        _speak_fallback(core, reply)


def _speak_fallback(core: Core, reply: Reply) -> None:
    core.failures += 1
    if core.failures >= MAX_FAILURES:
        ending.say_goodbye(core, "error", core.profile.phrases.goodbye)
        return
    _add_chunks(core, reply, chunk_all(core.profile.phrases.fallback))
    if core.state is State.THINKING:
        core.enter(State.SPEAKING)


def reply_is_late(core: Core, _: ev.TimerFired) -> None:
    """No first words in time."""
    reply = core.reply
    if reply is None:
        return
    core.do(CancelStream(reply.id))
    core.dispatch(ev.ReplyFailed(reply.id, "no reply in time"))


def filler(core: Core, _: ev.TimerFired) -> None:
    """Thinking takes long: say so, once a reply."""
    reply = core.reply
    if reply is not None and not reply.filler_used and reply.streaming:
        reply.filler_used = True
        _add_chunks(core, reply, chunk_all(core.profile.phrases.filler))
