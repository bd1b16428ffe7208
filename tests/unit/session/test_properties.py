"""Random lives of a session hold the kernel's promises.

Whatever happens, in whatever order: nothing of a cancelled reply is ever sent, the history is what was
heard, at most one reply is current, no event crashes the core, and every session ends.
"""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.session import effects as ef
from controller.session import events as ev
from controller.session import happenings as hp
from controller.session.core import Core, State
from controller.session.events import TimerKind
from controller.session.ports import (
    Cause,
    Expect,
    Propose,
    Remember,
    Role,
    Say,
    ToolCall,
    ToolOutcome,
)
from controller.session.profile import Profile
from controller.session.reply import join_text
from media.tts.base import Clip
from tests.unit.session.world import World

SLACK = 10
"""Characters: the word that was just being said may count either way."""
WORDS = st.sampled_from(
    ["", "yes", "okay", "Mm-hmm.", "stop it", "next Tuesday and", "嗯", "我想改时间", "you"]
)
IDS = st.sampled_from(["r0", "r1", "r2", "r3", "r4", "r9"])
UTTERANCES = st.integers(0, 5)
MS = st.integers(0, 3000)


def any_event() -> st.SearchStrategy[ev.Event]:
    """Any event with ids that are current, stale or never were."""
    call = st.builds(ToolCall, st.sampled_from(["c1", "c2"]), st.just("t"), st.just({}))
    outcome = st.builds(ToolOutcome, call, st.booleans(), hang_up=st.sampled_from(["", "", "done"]))
    clip = st.builds(
        Clip, st.sampled_from([b"", bytes(640), bytes(64000)]), st.just(16000), st.booleans()
    )
    chunk = st.just(0)
    return st.one_of(
        st.just(ev.Started()),
        st.builds(ev.SpeechStart, MS, MS),
        st.builds(ev.Voice, MS, MS, MS, st.booleans()),
        st.builds(ev.SpeechEnd, MS),
        st.builds(ev.Partial, UTTERANCES, WORDS),
        st.builds(ev.Hypothesis, UTTERANCES, WORDS),
        st.builds(ev.Final, UTTERANCES, WORDS),
        st.builds(ev.AsrFailed, UTTERANCES, st.just("broken")),
        st.builds(ev.Dtmf, st.sampled_from("0123456789*#")),
        st.builds(ev.Typed, WORDS),
        st.builds(
            ev.ReplyText, IDS, st.sampled_from(["Hello there. ", "and", "好的。", ""]), st.booleans()
        ),
        st.builds(ev.ReplyMemory, IDS, st.integers()),
        st.builds(ev.ReplyExpects, IDS, st.builds(Expect, dtmf_digits=st.integers(1, 4))),
        st.builds(ev.ToolRequested, IDS, call, st.booleans(), st.booleans()),
        st.builds(ev.ReplyEnded, IDS),
        st.builds(ev.ReplyFailed, IDS, st.just("broken")),
        st.builds(ev.PlaybackStopped, IDS, chunk, st.floats(0, 5000)),
        st.builds(ev.ToolDone, outcome),
        st.builds(ev.TimerFired, st.sampled_from(TimerKind)),
        st.builds(ev.HangupRequested, st.just("done")),
        st.builds(ev.GoodbyeRequested, st.just("drain")),
        st.builds(ev.AudioReady, IDS, chunk, clip),
        st.builds(ev.AudioFailed, IDS, chunk, st.just("broken")),
        st.builds(ev.PlaybackStarted, IDS, chunk),
        st.builds(ev.PlaybackDone, IDS, chunk),
        st.just(ev.MediaLost()),
    )


def has_chunk(core: Core, event: ev.Event) -> bool:
    """Engines speak only of chunks they were given."""
    return core.reply is None or getattr(event, "chunk", -1) < len(core.reply.chunks)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(any_event(), st.floats(0, 2)), max_size=60))
def test_no_event_crashes_the_core_and_it_always_ends(steps):
    core = Core(Profile(name="t"))
    now = 0.0
    dropped: set[str] = set()
    paused = False
    effects = core.handle(ev.Started(), now)
    for event, wait in steps:
        now += wait
        if has_chunk(core, event):
            effects += core.handle(event, now)
    effects += core.handle(ev.RemoteHangup(), now)
    for call_id in list(core.unfinished):
        done = ToolOutcome(ToolCall(call_id, "t", {}), ok=True)
        effects += core.handle(ev.ToolDone(done), now)
    assert core.state is State.ENDED
    assert isinstance(effects[-1], ef.End)
    assert sum(isinstance(e, ef.End) for e in effects) == 1
    for effect in effects:
        match effect:
            case ef.CancelReply(reply_id) | ef.StopPlayback(reply_id):
                dropped.add(reply_id)
                paused = False
            case ef.Play(reply_id) | ef.Synthesise(reply_id):
                assert reply_id not in dropped
            case ef.PausePlayback():
                assert not paused
                paused = True
            case ef.ResumePlayback():
                assert paused
                paused = False
    assert core.handle(ev.Started(), now) == []


def bot(request):
    """A bot with tools, slow words, marks and several chunks."""
    if request.cause is Cause.TOOL:
        yield Say("That is done. Anything else I can do?")
        return
    yield Remember(len(request.history))
    yield Expect(completes=lambda text: text == "yes")
    yield Say(f"You said {request.text or 'nothing'}, which is fine. ")
    if len(request.history) % 3 == 2:
        yield 0.5
        yield Say("And this took a while to find out. ", interruptible=False)
    if len(request.history) % 4 == 3:
        yield Propose("tool", {})
    yield Say("What shall we do now?")


def heard_by_world(world: World) -> dict[str, str]:
    """What the world's own playback says was heard of each reply."""
    texts: dict[str, list[str]] = {}
    for reply_id, text, share in world.told_chunks:
        heard = text if share >= 1 else re.sub(r"[\w']*$", "", text[: int(len(text) * share)])
        texts.setdefault(reply_id, []).append(heard.rstrip(" ,"))
    return {reply_id: join_text(pieces) for reply_id, pieces in texts.items()}


def plain(text: str) -> str:
    """Letters and digits only."""
    return re.sub(r"\W", "", text)


class Recording(World):
    """Notes for each chunk how much of it was really played."""

    @property
    def told_chunks(self):
        """(reply, text, share played) of every chunk that began."""
        return [
            (reply_id, self.texts[reply_id, chunk], min(1.0, ms / self.lengths[reply_id, chunk]))
            for (reply_id, chunk), ms in self.played_ms.items()
        ]

    def __init__(self, *args) -> None:
        self.texts: dict[tuple[str, int], str] = {}
        self.lengths: dict[tuple[str, int], float] = {}
        self.current: set[str] = set()
        super().__init__(*args)

    def _carry_out(self, effect: ef.Effect) -> None:
        match effect:
            case ef.Synthesise(reply_id, chunk, text, _):
                self.texts[reply_id, chunk] = text
            case ef.Play(reply_id, chunk, clip):
                self.lengths[reply_id, chunk] = clip.ms
                assert self.core.reply is not None
                assert self.core.reply.id == reply_id, "only the current reply may be played"
        super()._carry_out(effect)


ACTS = st.one_of(
    st.tuples(st.just("says"), WORDS, st.floats(0, 25), st.integers(60, 1500)),
    st.tuples(st.just("presses"), st.sampled_from("0123456789*#"), st.floats(0, 25), st.just(0)),
    st.tuples(st.just("types"), WORDS, st.floats(0, 25), st.just(0)),
    st.tuples(st.just("partial"), WORDS, st.floats(0, 25), st.just(0)),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, max_size=12), st.integers(0, 2), st.booleans())
def test_history_is_what_was_heard(acts, synth_fails, cancellable):
    world = Recording(bot)
    world.synth_fails = synth_fails
    world.cancellable = cancellable
    for kind, what, at, ms in acts:
        if kind == "says":
            world.says(what, at=at, ms=ms)
        elif kind == "presses":
            world.presses(what, at=at)
        elif kind == "partial":
            world.partial(what, at=at)
        else:
            world.at(at, lambda what=what: world.post(ev.Typed(what)))
    world.run(until=200)
    assert world.ended is not None, "every session ends"
    records = [h for h in world.told(hp.TurnEnded) if h.heard_text]
    assert [h.heard_text for h in records] == [e.text for e in world.core.history if e.role is Role.BOT]
    really = heard_by_world(world)
    told = {h.reply_id: plain(h.heard_text) for h in records}
    for reply_id in told.keys() | really.keys():
        text, truth = told.get(reply_id, ""), plain(really.get(reply_id, ""))
        assert text.startswith(truth) or truth.startswith(text)
        assert abs(len(text) - len(truth)) <= SLACK
    assert not world.core.unexpected
