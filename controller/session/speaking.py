"""Actions of a reply being heard: play it in order, hush, resume, drop it, note what was heard."""

from __future__ import annotations

from controller.session import events as ev
from controller.session import tooling
from controller.session.core import Core, Turn
from controller.session.effects import (
    CancelReply,
    CloseUtterance,
    PausePlayback,
    Play,
    ResumePlayback,
    StopPlayback,
    Synthesise,
)
from controller.session.events import TimerKind
from controller.session.happenings import ChunkSpoken, Timings, Trouble, TurnEnded, TurnMeasured
from controller.session.ports import Cause, Entry, Remember, Role
from controller.session.reply import Reply


def play(core: Core, event: ev.AudioReady) -> None:
    """Audio of a chunk: play it, or keep it while the reply is a guess."""
    reply = core.reply
    if reply is None:
        return
    chunk = reply.chunks[event.chunk]
    chunk.total_ms += event.clip.ms
    chunk.complete = chunk.complete or event.clip.last
    if core.turn is not None and event.chunk == 0 and reply.first_synth_at is not None:
        reply.tts_first_frame_at = reply.tts_first_frame_at or core.now
    chunk.clips.append(event.clip)
    if not reply.speculative:
        play_ready(core, reply)


def play_ready(core: Core, reply: Reply) -> None:
    """Play what has come, in the order of the chunks: a short one may be made before a long one."""
    for index, chunk in enumerate(reply.chunks):
        for clip in chunk.clips:
            core.do(Play(reply.id, index, clip))
        chunk.clips.clear()
        if not (chunk.complete or chunk.skipped):
            return


def synthesis_failed(core: Core, event: ev.AudioFailed) -> None:
    """The voice raised and is being rebuilt: try the chunk once more, then go on without it."""
    reply = core.reply
    if reply is None:
        return
    chunk = reply.chunks[event.chunk]
    if not chunk.retried and not chunk.total_ms:
        chunk.retried = True
        core.do(Synthesise(reply.id, event.chunk, chunk.text, urgent=True))
        return
    core.tell(Trouble("tts_failed", event.message))
    reply.failed = True
    chunk.skipped = True
    if not reply.speculative:
        play_ready(core, reply)
    tooling.advance(core)


def chunk_started(core: Core, event: ev.PlaybackStarted) -> None:
    """The caller begins to hear a chunk. What was promised before it holds now."""
    reply = core.reply
    if reply is None:
        return
    chunk = reply.chunks[event.chunk]
    if chunk.started_at is None:
        chunk.started_at = core.now
        core.tell(ChunkSpoken(reply.turn, reply.id, chunk.text, chunk.citations))
    if reply.first_audio_at is None:
        reply.first_audio_at = core.now
        _measure(core, reply)
    commit(core, reply, event.chunk)


def chunk_done(core: Core, event: ev.PlaybackDone) -> None:
    """The caller has heard a chunk to its end."""
    if core.reply is not None:
        core.reply.chunks[event.chunk].heard = True
        tooling.advance(core)


def commit(core: Core, reply: Reply, upto_chunk: int) -> None:
    """The words are really being heard: the strategy's memory moves on, the turn's audio may go."""
    for value in reply.kept(upto_chunk):
        if isinstance(value, Remember):
            core.memory = value.memory
            core.untold = None
        else:
            core.expect = value
    if core.turn is not None and core.turn.utterance:
        core.do(CloseUtterance(core.turn.utterance))
        core.turn.utterance = 0


def hold(core: Core, reply: Reply) -> None:
    """A tool of this reply has run: what the strategy remembered before it holds, heard or not."""
    core.memory = reply.memory_or(core.memory)
    reply.promises = [p for p in reply.promises if not isinstance(p.value, Remember)]


def _measure(core: Core, reply: Reply) -> None:
    turn = core.turn
    if turn is None or turn.measured is not None:
        return

    def since(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else round((b - a) * 1000, 1)

    turn.measured = Timings(
        endpoint_ms=since(turn.ended_at, turn.endpoint_at),
        asr_final_ms=since(turn.ended_at, turn.final_at),
        llm_first_token_ms=since(reply.asked_at, reply.first_text_at),
        tts_first_frame_ms=since(reply.first_synth_at, reply.tts_first_frame_at),
        response_ms=since(turn.ended_at, core.now),
        speculative=turn.speculative,
    )
    if turn.by in (Cause.SPEECH, Cause.DTMF, Cause.TEXT):
        core.tell(TurnMeasured(turn.number, turn.measured))


def drop_reply(core: Core) -> None:
    """Give up the reply, wherever it is. What was heard of it goes into the history."""
    reply = core.reply
    if reply is None:
        return
    core.reply = None
    core.cancel_timer(TimerKind.FILLER, TimerKind.REPLY, TimerKind.STALL)
    core.do(CancelReply(reply.id))
    if reply.running is not None:
        tooling.give_up(core, reply, reply.running)
    if reply.speculative:
        return
    settle_stopped(core)
    core.stopping = reply
    reply.stopped_turn = core.turn
    core.do(StopPlayback(reply.id))
    if not reply.audible:
        settle_stopped(core)


def playback_stopped(core: Core, event: ev.PlaybackStopped) -> None:
    """How much of the dropped reply was heard is known now."""
    if core.stopping is not None:
        core.stopping.stopped(event.chunk, event.played_ms)
        settle_stopped(core, told=True)


def settle_stopped(core: Core, *, told: bool = False) -> None:
    """Enter a dropped reply into the history. Not `told` how far it was heard: by the clock."""
    reply, core.stopping = core.stopping, None
    if reply is None:
        return
    if not told:
        reply.stopped_by_clock(core.now)
    if reply.audible or reply.failed:
        record(core, reply, reply.stopped_turn, interrupted=True)


def record(core: Core, reply: Reply, turn: Turn | None, *, interrupted: bool) -> None:
    """One turn is complete: into the history and to those who keep records."""
    heard = reply.heard_text
    if heard:
        core.history.append(Entry(Role.BOT, heard, interrupted))
    core.tell(
        TurnEnded(
            turn=reply.turn,
            caller_text=turn.text if turn else "",
            by=turn.by.value if turn else Cause.SPEECH.value,
            bot_text=reply.text,
            heard_text=heard,
            interrupted=interrupted,
            failed=reply.failed,
            timings=(turn.measured if turn and turn.measured else Timings()),
            reply_id=reply.id,
        )
    )


def hush(core: Core) -> None:
    """Fall silent, keeping the rest of the reply."""
    if core.reply is not None and core.reply.paused_at is None:
        core.reply.paused_at = core.now
        core.do(PausePlayback(core.reply.id))


def resume(core: Core) -> None:
    """Go on where `hush` cut."""
    if core.reply is not None and core.reply.paused_at is not None:
        core.reply.shift(core.now - core.reply.paused_at)
        core.reply.paused_at = None
        core.do(ResumePlayback(core.reply.id))
