"""What a caller hears of files queued at FreeSWITCH: order, position, pause, stop, and lost reports."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.telephony.phone_items import Chunk, Done, Outcome, Skipped, Started, Stopped
from controller.telephony.phone_slicing import slice_size, wait_ms
from media.pcm import FRAME_BYTES
from tests.unit.telephony.phone_model import Rig


def test_a_reply_is_heard_whole_and_without_a_gap() -> None:
    rig = Rig()
    first, second = rig.say("r", 0, 130), rig.say("r", 1, 40)
    rig.run(4)
    assert rig.player.heard == [*first, *second]
    assert rig.player.longest_gap_s == pytest.approx(0.02)
    assert [mark for _, mark in rig.marks] == [
        Started("r", 0),
        Done("r", 0),
        Started("r", 1),
        Done("r", 1),
    ]
    assert rig.player.files == {}


def test_the_first_file_is_short_and_leaves_at_once() -> None:
    rig = Rig()
    rig.say("r", 0, 300)
    assert rig.started[0] == (100.0, 20 * FRAME_BYTES)
    assert [size // FRAME_BYTES for at, size in rig.started if at == 100.0] == [20, 100, 100]
    rig.run(1.3)
    assert len(rig.started) == 3
    rig.run(0.2)
    assert [size // FRAME_BYTES for _, size in rig.started] == [20, 100, 100, 80]


def test_speech_that_is_still_being_made_is_sent_as_it_comes() -> None:
    rig = Rig()
    said = []
    for number in range(20):
        said += rig.say("r", 0, 13, last=number == 19)  # 260 ms of audio every 200 ms
        rig.run(0.2)
    rig.run(3)
    assert rig.player.heard == said
    assert rig.player.longest_gap_s == pytest.approx(0.02)


def test_a_chunk_without_audio_is_told_in_its_turn() -> None:
    rig = Rig()
    rig.say("r", 0, 50)
    rig.say("r", 1, 0)
    rig.say("r", 2, 10)
    assert rig.told(Done) == []
    rig.run(3)
    assert rig.told(Started) == [Started("r", n) for n in range(3)]
    assert rig.told(Done) == [Done("r", n) for n in range(3)]


def test_a_pause_is_silent_and_resume_goes_on_where_it_cut() -> None:
    rig = Rig()
    said = rig.say("r", 0, 200)
    rig.run(1.3)
    rig.pause()
    rig.run(0.05)
    cut = len(rig.player.heard)
    rig.run(2)
    assert len(rig.player.heard) == cut
    assert rig.player.files == {}, "nothing lies about in a pause"
    rig.resume()
    rig.run(4)
    assert rig.player.heard == list(said)
    assert rig.told(Started) == [Started("r", 0)]
    assert rig.told(Done) == [Done("r", 0)]


def test_resume_before_the_position_is_known() -> None:
    rig = Rig(delay_s=0.09)
    said = rig.say("r", 0, 200)
    rig.run(1.3)
    rig.pause()
    rig.resume()
    rig.run(5)
    assert rig.player.heard == list(said)


def test_a_break_without_any_report_is_settled_by_the_clock() -> None:
    rig = Rig(delay_s=0.01)
    said = rig.say("r", 0, 200)
    rig.run(1.3)
    rig.player.lose = lambda what: True
    rig.pause()
    rig.run(0.2)
    rig.player.lose = lambda what: False
    rig.resume()
    rig.run(5)
    steps = [b - a for a, b in pairwise(rig.player.heard)]
    assert min(steps) >= -1
    assert max(steps) <= 3
    assert rig.player.heard[-1] == said[-1]


def test_the_clock_goes_on_through_items_nobody_reported() -> None:
    """The control connection was away while several files were played."""
    rig = Rig()
    said = rig.say("r", 0, 170)
    rig.run(0.2)
    rig.player.lose = lambda what: True
    rig.run(2.5)
    rig.pause()
    rig.run(0.2)
    rig.player.lose = lambda what: False
    rig.resume()
    rig.run(3)
    steps = [b - a for a, b in pairwise(rig.player.heard)]
    assert min(steps) >= -2
    assert max(steps) <= 2
    assert rig.player.heard[-1] == said[-1]


def test_stop_tells_how_much_was_heard() -> None:
    rig = Rig()
    rig.say("r", 0, 50)
    rig.say("r", 1, 100)
    rig.run(1.51)
    rig.stop()
    rig.run(0.2)
    (stopped,) = rig.told(Stopped)
    assert isinstance(stopped, Stopped)
    assert (stopped.reply_id, stopped.chunk) == ("r", 1)
    assert stopped.played_ms == (len(rig.player.heard) - 50) * 20


def test_stop_before_anything_was_heard() -> None:
    rig = Rig()
    rig.say("r", 0, 50)
    rig.stop()
    rig.run(0.3)
    assert rig.marks[-1][1] == Stopped("r", -1, 0.0)
    assert rig.player.heard == []


def test_stop_of_nothing_tells_nothing() -> None:
    rig = Rig()
    rig.stop()
    rig.run(0.3)
    assert rig.marks == []


def test_the_next_reply_follows_a_stop_at_once() -> None:
    rig = Rig()
    old = rig.say("r1", 0, 200)
    rig.run(1)
    rig.stop()
    new = rig.say("r2", 0, 30)
    rig.run(0.1)
    assert rig.player.heard[-1] in new
    rig.run(1)
    heard_old = [n for n in rig.player.heard if n in old]
    assert rig.player.heard == [*heard_old, *new]
    assert rig.told(Done) == [Done("r2", 0)]
    (stopped,) = rig.told(Stopped)
    assert stopped == Stopped("r1", 0, len(heard_old) * 20)


def test_a_stop_in_a_pause_whose_position_is_not_known_yet() -> None:
    rig = Rig(delay_s=0.03)
    rig.say("r", 0, 200)
    rig.run(1)
    rig.pause()
    rig.stop()
    rig.run(0.3)
    assert rig.told(Stopped) == [Stopped("r", 0, len(rig.player.heard) * 20)]


def test_files_that_vanished_are_made_anew_once() -> None:
    """mod_audio_stream takes its files along when a media socket goes."""
    rig = Rig()
    said = rig.say("r", 0, 200)
    rig.run(0.3)
    for place in list(rig.player.files):
        if place != rig.player.playing.uuid:  # type: ignore[union-attr]
            del rig.player.files[place]
    rig.run(6)
    assert rig.player.heard == list(said)
    assert rig.told(Skipped) == []


def test_files_that_never_arrive_are_passed_over() -> None:
    rig = Rig()
    rig.vanish = True
    rig.say("r", 0, 60)
    rig.run(2)
    assert rig.told(Done) == [Done("r", 0)]
    assert rig.told(Skipped)


def test_an_undeliverable_item_is_passed_over() -> None:
    rig = Rig()
    rig.playout.append("r", 0, bytes(FRAME_BYTES * 20), last=True)
    command = rig.playout.next(rig.now)
    rig.playout.undeliverable(command.uuid, "disk full")  # type: ignore[union-attr]
    assert rig.playout.take_marks() == [
        Skipped("item-0", "disk full", 400.0),
        Started("r", 0),
        Done("r", 0),
    ]


def test_a_queue_that_somebody_else_broke_ends() -> None:
    rig = Rig()
    rig.say("r", 0, 200)
    rig.run(1)
    rig.player.break_all()
    rig.run(12)
    assert rig.told(Done) == [Done("r", 0)]
    assert rig.told(Skipped)


def test_a_hang_up_leaves_unheard_what_was_not_heard() -> None:
    rig = Rig()
    rig.say("r", 0, 200)
    rig.run(1)
    assert rig.player.playing is not None
    rig.playout.completed(rig.player.playing.uuid, Outcome.FAILED, 580.0, rig.now)
    rig.player.lose = lambda what: True
    rig.run(0.1)
    assert rig.told(Done) == []
    rig.stop()
    rig.run(0.3)
    assert rig.told(Stopped) == [Stopped("r", 0, 980.0)]


@pytest.mark.parametrize("paused", [False, True])
def test_a_queue_that_freeswitch_has_lost_is_made_anew(paused: bool) -> None:
    rig = Rig()
    said = rig.say("r", 0, 200)
    rig.run(1)
    if paused:
        rig.pause()
        rig.run(0.5)
    rig.player.queue.clear()
    rig.player.playing = None
    heard = len(rig.player.heard)
    rig.playout.replay(rig.now)
    rig.work()
    rig.run(0.5)
    assert (len(rig.player.heard) == heard) == paused
    rig.resume()
    rig.run(5)
    assert sorted(set(rig.player.heard)) == list(said)
    assert len(rig.player.heard) <= len(said) + 2
    assert rig.told(Done) == [Done("r", 0)]


def test_reports_of_strangers_change_nothing() -> None:
    rig = Rig()
    said = rig.say("r", 0, 60)
    for uuid in ("", "item-77", "someone's"):
        rig.playout.executed(uuid, rig.now)
        rig.playout.completed(uuid, Outcome.PLAYED, 400.0, rig.now)
        rig.playout.delivered(uuid, "/tmp/x")
        rig.playout.undeliverable(uuid, "no")
    rig.run(2)
    assert rig.player.heard == list(said)


@pytest.mark.parametrize("complete", [True, False])
@given(frames=st.integers(1, 400), ahead_ms=st.floats(0, 4000))
def test_slices_fit_and_a_wait_ends(complete: bool, frames: int, ahead_ms: float) -> None:
    chunk = Chunk("r", 0, bytearray(frames * FRAME_BYTES), complete)
    size = slice_size(chunk, ahead_ms)
    assert 0 <= size <= chunk.rest
    assert size % FRAME_BYTES == 0
    ms = wait_ms(chunk, ahead_ms)
    if size == 0 and ms is not None:
        assert ms > 0
        assert slice_size(chunk, ahead_ms - ms) > 0
    if complete:
        assert slice_size(chunk, 0) > 0


step = st.one_of(
    st.tuples(st.just("say"), st.integers(0, 120)),
    st.tuples(st.just("more"), st.integers(1, 120)),
    st.tuples(st.just("run"), st.integers(1, 300)),  # 5 ms each
    st.tuples(st.just("pause"), st.just(0)),
    st.tuples(st.just("resume"), st.just(0)),
    st.tuples(st.just("stop"), st.just(0)),
)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(step, max_size=25),
    delay_ms=st.integers(1, 120),
    loss=st.sampled_from([0.0, 0.0, 0.3]),
    seed=st.integers(0, 9),
)
def test_whatever_happens(steps: list[tuple[str, int]], delay_ms: int, loss: float, seed: int) -> None:
    dice = random.Random(seed)
    rig = Rig(delay_s=delay_ms / 1000, lose=lambda what: dice.random() < loss)
    reply, chunk, dropped = 0, 0, set[tuple[str, int]]()
    said: list[range] = []
    open_chunk = False
    for what, number in steps:
        marks_before = len(rig.marks)
        match what:
            case "say" | "more":
                if not open_chunk:
                    chunk += 1
                open_chunk = what == "more"
                said.append(rig.say(f"r{reply}", chunk, number, last=not open_chunk))
            case "run":
                rig.run(number * 0.005)
            case "pause":
                rig.pause()
            case "resume":
                rig.resume()
            case "stop":
                dropped |= {(f"r{reply}", n) for n in range(chunk + 1)}
                rig.stop()
                reply, chunk, open_chunk, said = reply + 1, 0, False, []
        for _, mark in rig.marks[marks_before:]:
            if isinstance(mark, Started | Done):
                assert (mark.reply_id, mark.chunk) not in dropped, "told after its stop"
    if open_chunk:
        said.append(rig.say(f"r{reply}", chunk, 1))
    rig.resume()
    rig.run(sum(len(numbers) for numbers in said) * 0.02 + 1 + (60 if loss else 0))
    done = [(mark.reply_id, mark.chunk) for mark in rig.told(Done) if isinstance(mark, Done)]
    started = [(m.reply_id, m.chunk) for m in rig.told(Started) if isinstance(m, Started)]
    assert done == sorted(set(done)), "in order, and once"
    assert started == sorted(set(started))
    assert set(done) <= set(started)
    assert {c for r, c in done if r == f"r{reply}"} == set(range(1, chunk + 1))
    assert rig.player.files == {}
    if loss:
        return
    current = [n for numbers in said for n in numbers]
    heard = [n for n in rig.player.heard if current and n >= current[0]]
    steps_heard = [b - a for a, b in pairwise(heard)]
    assert all(-1 <= gap <= 3 for gap in steps_heard), "at most 40 ms twice or lost"
    assert heard[-1:] == current[-1:]
    if current:
        assert heard[0] - current[0] <= 2
