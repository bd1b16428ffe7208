"""Every cell of the state table."""

from __future__ import annotations

import typing

import pytest

from controller.session import events as ev
from controller.session.core import Core, State
from controller.session.events import TimerKind
from controller.session.ports import Expect, ToolCall, ToolOutcome
from controller.session.table import ALL, TABLE
from media.tts.base import Clip
from tests.unit.session.world import World

CALL = ToolCall("c1", "t", {})


def world_in(state: State) -> World:
    """A session that has come to a state in the ordinary way."""
    from controller.session.ports import Propose, Say

    def script(request):
        if request.cause == "opening":
            yield Say("Hello there, this is a bot that talks for quite a while. ")
        elif request.text == "slow":
            yield 5.0
            yield Say("There you are. ")
        else:
            yield Propose("tool", {})
            yield Say("Here it is now. ")

    world = World(script)
    world.tool_s = 30
    if state is State.SPEAKING:
        return world.run(until=1)
    world.run(until=6)
    if state is State.LISTENING:
        return world
    if state is State.ENDING:
        world.post(ev.GoodbyeRequested("drain"))
        return world.run(until=6.2)
    world.post(ev.Typed("slow" if state is State.THINKING else "tool please"))
    return world.run(until=6.1)


def sample(key: type | TimerKind, core: Core) -> ev.Event:
    """An event of this row that belongs to what the session is doing."""
    reply = core.reply.id if core.reply else "r1"
    utterance = core.turn.utterance if core.turn else 0
    running = core.reply.running.call if core.reply and core.reply.running else CALL
    if isinstance(key, TimerKind):
        core._timers.add(key)
        return ev.TimerFired(key)
    made = {
        ev.SpeechStart: lambda: ev.SpeechStart(100, 180),
        ev.Voice: lambda: ev.Voice(200, 100, 0, True),
        ev.SpeechEnd: lambda: ev.SpeechEnd(500),
        ev.Partial: lambda: ev.Partial(utterance, "hello"),
        ev.Hypothesis: lambda: ev.Hypothesis(utterance, "hello"),
        ev.Final: lambda: ev.Final(utterance, "hello"),
        ev.AsrFailed: lambda: ev.AsrFailed(utterance, "x"),
        ev.Dtmf: lambda: ev.Dtmf("5"),
        ev.Typed: lambda: ev.Typed("hi"),
        ev.ReplyText: lambda: ev.ReplyText(reply, "More words here. "),
        ev.ReplyMemory: lambda: ev.ReplyMemory(reply, 1),
        ev.ReplyExpects: lambda: ev.ReplyExpects(reply, Expect()),
        ev.ToolRequested: lambda: ev.ToolRequested(reply, CALL),
        ev.ReplyEnded: lambda: ev.ReplyEnded(reply),
        ev.ReplyFailed: lambda: ev.ReplyFailed(reply, "x"),
        ev.AudioReady: lambda: ev.AudioReady(reply, 0, Clip(b"", 16000)),
        ev.AudioFailed: lambda: ev.AudioFailed(reply, 0, "x"),
        ev.PlaybackStarted: lambda: ev.PlaybackStarted(reply, 0),
        ev.PlaybackDone: lambda: ev.PlaybackDone(reply, 0),
        ev.PlaybackStopped: lambda: ev.PlaybackStopped(reply, 0, 10.0),
        ev.ToolDone: lambda: ev.ToolDone(ToolOutcome(running, ok=True)),
        ev.HangupRequested: lambda: ev.HangupRequested("done"),
        ev.GoodbyeRequested: lambda: ev.GoodbyeRequested("drain"),
    }
    return made.get(key, key)()


def test_every_event_has_a_row():
    kinds = {e for e in typing.get_args(ev.Event) if e is not ev.TimerFired}
    assert kinds | set(TimerKind) == set(TABLE)


L, T, S, R, E = State.LISTENING, State.THINKING, State.SPEAKING, State.TOOL_RUNNING, State.ENDING
AFTER = {
    (ev.SpeechStart, S): S,
    (ev.SpeechStart, L): L,
    (ev.SpeechStart, T): T,  # a typed turn has no utterance to reopen: a possible barge-in
    (ev.SpeechStart, R): R,
    (ev.Dtmf, L): R,
    (ev.Dtmf, T): R,
    (ev.Dtmf, S): R,
    (ev.Dtmf, R): R,
    (ev.Typed, L): R,
    (ev.Typed, T): R,
    (ev.Typed, S): R,
    (ev.Typed, R): R,
    (ev.ReplyText, T): S,
    (ev.ReplyText, S): S,
    (ev.ReplyFailed, T): S,
    (ev.ReplyFailed, S): S,
    (ev.ToolRequested, T): R,
    (ev.ToolRequested, S): R,
    (ev.ToolRequested, R): R,
    (ev.HangupRequested, S): E,
    (ev.HangupRequested, T): E,
    (ev.HangupRequested, R): E,
    (ev.HangupRequested, L): State.ENDED,
    (TimerKind.SILENCE, L): R,
    (TimerKind.FILLER, T): S,
    (TimerKind.REPLY, T): S,
    (TimerKind.GOODBYE, E): State.ENDED,
    (TimerKind.TOOLS, E): State.ENDED,
    **{(ev.RemoteHangup, s): State.ENDED for s in ALL},
    **{(ev.MediaLost, s): State.ENDED for s in ALL},
    **{(ev.GoodbyeRequested, s): E for s in ALL},
    **{(TimerKind.LIMIT, s): E for s in (L, T, S, R)},
}


@pytest.mark.parametrize("state", ALL, ids=str)
@pytest.mark.parametrize("key", TABLE, ids=lambda k: k if isinstance(k, str) else k.__name__)
def test_cell(key, state):
    world = world_in(state)
    assert world.core.state is state
    event = sample(key, world.core)
    before = (world.core.unexpected.total(), world.core.stale)
    world.post(event)
    if (key, state) in AFTER:
        world.run(until=world.now - world.start_at)  # what takes no time
        assert world.core.state is AFTER[key, state]
    if TABLE[key].get(state) is None:
        assert (world.core.unexpected.total(), world.core.stale) != before, "counted, never a crash"
    world.post(ev.RemoteHangup())
    assert world.core.state is State.ENDED
