"""Playout on a virtual clock: pacing, the listener's position, pause, stop."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.playout import MAX_LAG_S, Done, Playout, PlayoutFull, Stopped

RATE = 8000
FRAME = 320  # bytes of 20 ms
LEAD_MS = 100


def tone(ms: int, seed: int = 1) -> bytes:
    """Audio in which every sample differs from its neighbours, so that order shows."""
    return b"".join((seed + n & 0x7FFF).to_bytes(2, "little") for n in range(RATE * ms // 1000))


@dataclass
class Listener:
    """A player: starts on arrival, runs dry without audio, drops its buffer on clear."""

    heard: bytearray = field(default_factory=bytearray)
    buffer: bytearray = field(default_factory=bytearray)
    clock: float = 0.0
    owed: float = 0.0
    most_ahead_ms: float = 0.0

    def run_to(self, now: float) -> None:
        if self.buffer:
            self.owed += (now - self.clock) * RATE
            n = min(int(self.owed + 1e-6) * 2, len(self.buffer))
            self.owed -= n / 2
            self.heard += self.buffer[:n]
            del self.buffer[:n]
        if not self.buffer:
            self.owed = 0.0
        self.clock = now

    def receive(self, pcm: bytes, now: float) -> None:
        self.run_to(now)
        self.buffer += pcm
        self.most_ahead_ms = max(self.most_ahead_ms, len(self.buffer) / 2 / RATE * 1000)


def send_all(playout: Playout, now: float) -> bytes:
    sent = b""
    while (out := playout.take(now)) is not None:
        sent += out.pcm
    return sent


def test_a_burst_of_the_lead_first_then_real_time() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(1000), last=True)
    assert len(send_all(playout, 5.0)) == 5 * FRAME
    assert playout.next_due(5.0) == pytest.approx(5.02)
    assert send_all(playout, 5.019) == b""
    assert len(send_all(playout, 5.02)) == FRAME
    assert len(send_all(playout, 5.12)) == 5 * FRAME  # a late visit catches up, within the lead


def test_no_drift_over_ten_minutes_of_late_visits() -> None:
    playout = Playout(RATE, LEAD_MS, max_queued_s=700)
    audio = tone(1000) * 600
    playout.append("r", 0, audio, last=True)
    now, sent = 0.0, 0
    while sent < len(audio):
        sent += len(send_all(playout, now))
        now = (playout.next_due(now) or now) + 0.0037
    done_at = playout.next_due(0.0)
    assert done_at == pytest.approx(600.0, abs=1e-6)


def test_a_hole_in_supply_starts_the_clock_again() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(200), last=False)
    send_all(playout, 0.0)
    send_all(playout, 0.1)
    assert playout.next_due(0.1) is None
    playout.append("r", 0, tone(1000), last=True)
    assert len(send_all(playout, 9.0)) == 5 * FRAME, "after a hole only the lead may leave at once"
    assert playout.next_due(9.0) == pytest.approx(9.02)


def test_an_unfinished_tail_waits_for_the_rest_of_its_frame() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(30), last=False)
    assert len(send_all(playout, 0.0)) == FRAME
    assert playout.next_due(0.0) is None
    playout.append("r", 0, b"", last=True)
    assert len(send_all(playout, 0.0)) == FRAME // 2


def test_marks_come_when_their_sample_is_heard() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(50), last=True)
    playout.append("r", 1, tone(40), last=True)
    starts = []
    while (out := playout.take(1.0)) is not None:
        starts.append((out.chunk, out.starts))
    assert starts == [(0, True), (0, False), (0, False), (1, True), (1, False)]
    assert playout.settle(1.049) == []
    assert playout.next_due(1.0) == pytest.approx(1.05)
    assert [(d.chunk, round(d.at, 6)) for d in playout.settle(1.2)] == [(0, 1.05), (1, 1.09)]
    assert playout.empty
    assert playout.next_due(1.2) is None


def test_a_chunk_without_audio_starts_and_ends() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, b"", last=True)
    out = playout.take(3.0)
    assert out is not None
    assert (out.pcm, out.starts) == (b"", True)
    assert playout.settle(3.0) == [Done("r", 0, 3.0)]


def test_pause_takes_back_what_was_not_heard_and_resume_sends_it_again() -> None:
    playout = Playout(RATE, LEAD_MS)
    audio = tone(300)
    playout.append("r", 0, audio, last=True)
    assert len(send_all(playout, 0.0)) == 5 * FRAME
    playout.pause(0.05)  # 2.5 frames heard: the half-heard one comes again
    assert playout.take(0.2) is None
    assert playout.next_due(0.2) is None
    playout.resume()
    again = playout.take(0.7)
    assert again is not None
    assert again.pcm == audio[2 * FRAME : 3 * FRAME]
    assert not again.starts
    assert playout.next_due(0.7) == pytest.approx(0.7)


def test_stop_says_where_it_cut() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(100), last=True)
    playout.append("r", 1, tone(500), last=True)
    for ms in range(0, 250, 20):
        send_all(playout, ms / 1000)
    assert [d.chunk for d in playout.settle(0.25)] == [0]
    assert playout.stop(0.25) == Stopped("r", 1, pytest.approx(150.0, abs=0.2))  # type: ignore[arg-type]
    assert playout.empty
    assert playout.take(0.3) is None
    assert playout.stop(0.3) is None


def test_stop_before_a_sample_was_heard() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(100), last=True)
    assert playout.stop(1.0) == Stopped("r", -1, 0.0)
    playout.append("s", 0, tone(100), last=True)
    send_all(playout, 2.0)
    assert playout.stop(2.0) == Stopped("s", -1, 0.0)


def test_stop_between_two_chunks_names_the_second() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(20), last=True)
    playout.append("r", 1, tone(20), last=False)
    send_all(playout, 0.0)
    playout.settle(0.02)
    assert playout.stop(0.02) == Stopped("r", 1, pytest.approx(0.0, abs=0.2))  # type: ignore[arg-type]


def test_stop_while_paused_plays_again_afterwards() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(100), last=True)
    send_all(playout, 0.0)
    playout.pause(0.04)
    assert playout.stop(0.5) == Stopped("r", 0, 40.0)
    playout.append("s", 0, tone(100), last=True)
    assert playout.take(1.0) is not None


def test_a_report_puts_the_listener_behind_our_clock() -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(1000), last=True)
    for ms in range(0, 420, 20):
        send_all(playout, ms / 1000)
    playout.report("r", 320.0, 0.4)  # by our clock 400 ms are heard: 80 ms behind
    stopped = playout.stop(0.41)
    assert stopped is not None
    assert stopped.played_ms == pytest.approx(330.0, abs=0.2)


@pytest.mark.parametrize(
    ("reply_id", "played_ms", "lag_s"), [("other", 0, 0), ("r", 1e9, 0), ("r", -1e9, MAX_LAG_S)]
)
def test_reports_that_can_not_be_true_are_bounded(reply_id: str, played_ms: float, lag_s: float) -> None:
    playout = Playout(RATE, LEAD_MS)
    playout.append("r", 0, tone(20), last=True)
    send_all(playout, 0.0)
    playout.report(reply_id, played_ms, 0.01)
    assert playout.next_due(0.0) == pytest.approx(0.02 + lag_s)


def test_a_full_queue_says_so_and_still_ends_the_chunk() -> None:
    playout = Playout(RATE, LEAD_MS, max_queued_s=0.1)
    playout.append("r", 0, tone(100), last=False)
    with pytest.raises(PlayoutFull):
        playout.append("r", 0, tone(20), last=True)
    assert len(send_all(playout, 0.0)) == 5 * FRAME
    assert [d.chunk for d in playout.settle(1.0)] == [0]
    playout.append("r", 1, tone(100), last=True)  # room again


@pytest.mark.parametrize("lead_ms", [0, 19, 201])
def test_a_lead_out_of_bounds_is_refused(lead_ms: int) -> None:
    with pytest.raises(ValueError, match="lead_ms"):
        Playout(RATE, lead_ms)


clips = st.lists(
    st.tuples(st.integers(0, 130), st.integers(0, 300), st.booleans()), min_size=1, max_size=12
)  # (length in ms, when it comes: ms after the one before, ends its chunk)


def play_through(
    script: list[tuple[int, int, bool]], lead_ms: int, jitter_ms: list[int], pauses: list[int]
) -> tuple[bytes, Listener, list[int], list[Done]]:
    """Run a playout and a listener to the end; `pauses` are moments (ms) of 50 ms pauses."""
    playout, listener = Playout(RATE, lead_ms), Listener()
    whole, arrivals, at, chunk = b"", [], 0.0, 0
    for n, (ms, gap, ends) in enumerate(script):
        at += gap / 1000
        ends = ends or n == len(script) - 1
        pcm = tone(ms, seed=len(whole) // 2 + 1)
        arrivals.append((at, chunk, pcm, ends))
        whole += pcm
        chunk += ends
    cuts = sorted({ms / 1000 for ms in pauses})
    now, visit, resume_at = 0.0, 0, None
    started: list[int] = []
    done: list[Done] = []
    while arrivals or not playout.empty:
        listener.run_to(now)
        while arrivals and arrivals[0][0] <= now:
            _, number, pcm, ends = arrivals.pop(0)
            playout.append("r", number, pcm, ends)
        if resume_at is None and cuts and cuts[0] <= now:
            cuts.pop(0)
            done += playout.pause(now)
            listener.buffer.clear()
            resume_at = now + 0.05
        elif resume_at is not None and resume_at <= now:
            playout.resume()
            resume_at = None
        while (out := playout.take(now)) is not None:
            started += [out.chunk] if out.starts else []
            listener.receive(out.pcm, now)
        done += playout.settle(now)
        soon = [playout.next_due(now), resume_at, arrivals[0][0] if arrivals else None]
        soon += cuts[:1] if resume_at is None else []
        times = [t for t in soon if t is not None]
        if not times:
            break
        now = max(now, min(times)) + jitter_ms[visit % len(jitter_ms)] / 1000 + 1e-9
        visit += 1
    listener.run_to(now + 1)
    return whole, listener, started, done


@settings(deadline=None, max_examples=150)
@given(clips, st.sampled_from([20, 100, 200]), st.lists(st.integers(0, 60), min_size=1, max_size=5))
def test_every_sample_is_heard_once_in_order(
    script: list[tuple[int, int, bool]], lead_ms: int, jitter_ms: list[int]
) -> None:
    whole, listener, started, done = play_through(script, lead_ms, jitter_ms, [])
    assert bytes(listener.heard) == whole
    assert listener.most_ahead_ms <= lead_ms + 0.2
    assert started == sorted(set(started))
    assert [d.chunk for d in done] == started
    assert [d.at for d in done] == sorted(d.at for d in done)


@settings(deadline=None, max_examples=150)
@given(
    clips,
    st.sampled_from([20, 100, 200]),
    st.lists(st.integers(0, 60), min_size=1, max_size=5),
    st.lists(st.integers(0, 1500), min_size=1, max_size=3),
)
def test_pauses_lose_nothing_and_repeat_at_most_the_lead(
    script: list[tuple[int, int, bool]], lead_ms: int, jitter_ms: list[int], pauses: list[int]
) -> None:
    whole, listener, started, done = play_through(script, lead_ms, jitter_ms, pauses)
    heard = [
        int.from_bytes(listener.heard[n : n + 2], "little") for n in range(0, len(listener.heard), 2)
    ]
    expected = 1
    for sample in heard:
        assert sample <= expected, f"samples {expected}..{sample - 1} were lost"
        assert sample > expected - lead_ms * RATE // 1000 - 2, "repeated more than the lead"
        expected = max(expected, sample + 1)
    assert expected - 1 == len(whole) // 2
    assert started == sorted(set(started))
    assert [d.chunk for d in done] == started
