"""The simulator itself: its times are right, or nothing measured with it means anything."""

from __future__ import annotations

import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import gevent
import numpy as np
import pytest

from tests.simulator import stub_timing
from tests.simulator.audio import FRAME_MS, cough, find_clip, make_clip
from tests.simulator.caller import CallFailed, WebCaller
from tests.simulator.legs import Loudspeaker, Microphone, Sound
from tests.simulator.line import Refused
from tests.simulator.persona import english, is_farewell, last_question
from tests.simulator.server_process import ServerFailed, ServerProcess
from tests.simulator.turns import Outcome, Said, measure

RATE = 16000
FRAME = RATE * FRAME_MS // 1000
EXACT_MS = 45
"""Two frames of the two clocks, and the time a busy machine takes to wake somebody."""


@pytest.fixture(scope="module")
def stub() -> Iterator[ServerProcess]:
    command = (sys.executable, "-m", "tests.simulator.stub_server")
    with ServerProcess(command=command) as process:
        yield process


def loud(ms: int) -> bytes:
    return np.full(RATE * ms // 1000, 8000, dtype="<i2").tobytes()


def said(start_ms: float, end_ms: float, over_bot: bool = False) -> Said:
    return Said("words", "free", start_ms, end_ms, over_bot)


def test_acoustic_bounds_leave_out_the_silence_around_the_words() -> None:
    samples = np.concatenate([np.zeros(800), np.full(1600, 9000), np.full(400, 20)])
    clip = make_clip(samples.astype(np.int16), RATE, "beep")
    assert (clip.first, clip.last) == (800, 2399)


def test_a_silent_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="silent"):
        make_clip(np.zeros(100, dtype=np.int16), RATE, "nothing")


def test_the_microphone_says_when_the_words_will_be_spoken() -> None:
    microphone = Microphone(RATE)
    for _ in range(5):
        microphone.next_frame()
    clip = find_clip("yes please", "slt")
    start_ms, end_ms = microphone.say(clip)
    sent = np.concatenate([np.frombuffer(microphone.next_frame(), "<i2") for _ in range(80)])
    peak = np.abs(clip.samples).max()
    heard = np.flatnonzero(np.abs(sent.astype(int)) > peak * 0.05)
    assert start_ms <= 100 + heard[0] / 16 < start_ms + 60
    assert end_ms - 120 < 100 + heard[-1] / 16 <= end_ms
    assert not microphone.talking


def test_the_loudspeaker_plays_only_what_was_there_in_time() -> None:
    speaker = Loudspeaker(RATE)
    speaker.receive(loud(20), at_ms=5)
    assert not any(speaker.play_frame())  # due at 0 ms
    assert any(speaker.play_frame())
    assert speaker.sounds == [Sound(20.0, 40.0)]


def test_clear_drops_what_was_not_played_and_ends_the_sound() -> None:
    speaker = Loudspeaker(RATE)
    speaker.receive(loud(200), at_ms=0)
    speaker.play_frame()
    speaker.clear()
    assert speaker.waiting_ms == 0
    speaker.receive(loud(20), at_ms=20)
    speaker.play_frame()
    assert speaker.sounds == [Sound(0.0, 20.0), Sound(20.0, 40.0)]


def test_a_hole_in_a_reply_is_a_gap_and_a_pause_between_replies_is_none() -> None:
    speaker = Loudspeaker(RATE)
    for tick, pcm in enumerate((loud(20), b"", b"", loud(20))):
        speaker.receive(pcm, at_ms=tick * FRAME_MS)
        speaker.play_frame()
    assert [(gap.at_ms, gap.ms) for gap in speaker.gaps] == [(20.0, 40.0)]
    for _ in range(10):
        speaker.play_frame()
    speaker.begin_reply()
    speaker.receive(loud(20), at_ms=280)
    speaker.play_frame()
    assert len(speaker.gaps) == 1


@pytest.mark.parametrize(
    ("words", "sounds", "clears", "finals", "outcome", "response", "barge_in"),
    [
        (said(1000, 2000), [(2400, 3000)], [], [2300], Outcome.ANSWERED, 400, None),
        (said(1000, 2000), [], [], [2300], Outcome.UNANSWERED, None, None),
        (said(1000, 2000), [(1800, 3000)], [], [1700], Outcome.TALKED_OVER, None, None),
        (said(1000, 2000, True), [(0, 4000)], [], [], Outcome.IGNORED, None, None),
        (
            said(1000, 2000, True),
            [(0, 1200), (2700, 4000)],
            [1200],
            [],
            Outcome.IGNORED,
            None,
            None,
        ),
        (
            said(1000, 2000, True),
            [(0, 1200), (2500, 4000)],
            [1200],
            [2400],
            Outcome.ANSWERED,
            500,
            200,
        ),
        (
            said(1000, 2000, True),
            [(0, 1500), (2500, 4000)],
            [],
            [2400],
            Outcome.ANSWERED,
            500,
            None,
        ),
    ],
)
def test_turns_are_measured_by_what_a_person_hears(
    words: Said,
    sounds: list[tuple[float, float]],
    clears: list[float],
    finals: list[float],
    outcome: Outcome,
    response: float | None,
    barge_in: float | None,
) -> None:
    turn = measure(words, float("inf"), [Sound(*each) for each in sounds], clears, finals)
    assert (turn.outcome, turn.response_ms, turn.barge_in_ms) == (outcome, response, barge_in)


@pytest.mark.alone
def test_a_call_is_measured_as_the_stub_makes_it(stub: ServerProcess, tmp_path: Path) -> None:
    with WebCaller(stub.ws_url, record=True) as caller:
        assert caller.waits_for_reply() == "What is your name?"
        caller.waits(400)
        caller.says("my name is Sarah Johnson")
        caller.interrupts("wait a second", after_ms=800)
        caller.waits_for_reply()
        caller.save(tmp_path / "call.wav")
    answer, interruption = caller.turns
    expected_ms = stub_timing.END_SILENCE_MS + stub_timing.THINK_MS
    assert answer.response_ms == pytest.approx(expected_ms, abs=EXACT_MS)
    assert interruption.barge_in_ms == pytest.approx(stub_timing.START_MS, abs=EXACT_MS)
    assert interruption.outcome is Outcome.ANSWERED
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert recording.getnchannels() == 2
        pcm = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").reshape(-1, 2)
    end = int(answer.said.end_ms * RATE / 1000)
    reply = end + np.flatnonzero(np.abs(pcm[end:, 1].astype(int)) > 1000)[0]
    assert (reply - end) * 1000 / RATE == pytest.approx(answer.response_ms, abs=1)


@pytest.mark.alone
def test_many_callers_share_a_process_and_keep_time(stub: ServerProcess) -> None:
    def call() -> WebCaller:
        with WebCaller(stub.ws_url) as caller:
            caller.waits(3000)
        return caller

    calls = [gevent.spawn(call) for _ in range(10)]
    gevent.joinall(calls, raise_error=True)
    for each in calls:
        assert len(each.value.line.late_ms) >= 3000 / FRAME_MS  # no tick is ever left out
        assert np.median(each.value.line.late_ms) < FRAME_MS


def test_silence_from_the_bot_fails_with_the_transcript(stub: ServerProcess) -> None:
    with WebCaller(stub.ws_url) as caller:
        caller.waits_for_reply()
        caller.waits(100)
        caller.said.append(said(caller.line.now_ms, caller.line.now_ms))
        with pytest.raises(CallFailed, match=r"(?s)an answer.*What is your name"):
            caller.waits_for_reply(limit_s=0.5)


def test_what_was_true_for_a_moment_was_true(stub: ServerProcess) -> None:
    with WebCaller(stub.ws_url) as caller:
        moment = iter([False, False, False, True])
        assert caller.line.wait(lambda: next(moment, False), limit_s=5)


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ServerFailed, match="before it was ready"):
        ServerProcess(command=(sys.executable, "-c", "raise SystemExit(3)")).start()
    with pytest.raises((Refused, OSError)):
        WebCaller("ws://127.0.0.1:9/ws/audio").dials()


def test_a_persona_answers_what_it_is_asked() -> None:
    sarah = english(changes_mind=True)
    assert sarah.answer("Hello! What is your name?") == "my name is Sarah Johnson"
    assert sarah.answer("Thank you, Sarah. What day would suit you?") == "Thursday at ten"
    assert sarah.answer("Thursday at ten, is that right?") == "no sorry I meant Friday"
    assert sarah.answer("Please tell me just your first and last name.").endswith("Johnson")
    assert sarah.answer("Friday at ten, is that right?") == "that is correct"
    assert last_question("Hello. How are you? I am a bot.") == "How are you?"
    assert is_farewell("Thank you. Goodbye.")
    assert not is_farewell("Goodbye?")


def test_a_cough_is_short_and_loud() -> None:
    clip = cough()
    assert 250 < clip.ms < 450
    assert np.abs(clip.samples.astype(int)).max() > 5000
