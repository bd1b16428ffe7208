"""A person on the phone measures by sound alone, and measures right: against a bot of tones."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import gevent
import numpy as np
import pytest
from gevent.event import Event

from tests.simulator.audio import FRAME_MS
from tests.simulator.caller import CallFailed
from tests.simulator.legs import Sound
from tests.simulator.line import Message, Refused
from tests.simulator.phone_caller import PhoneCaller
from tests.simulator.phone_leg import FRAME_BYTES, RATE, Heard
from tests.simulator.phone_line import CUT_GRACE_MS, HANGOVER_MS, Ear, PhoneLine, stretches
from tests.simulator.turns import Outcome, Said, measure

START_MS, END_SILENCE_MS, THINK_MS = 120, 300, 100
"""When the bot of tones lets itself be cut, and answers."""
EXACT_MS = 45
"""Two frames of the two clocks, and the time it takes to wake somebody."""
LOUD = 1000

pytestmark = pytest.mark.alone

TONE = (np.sin(np.arange(RATE // 50) * 2 * np.pi / 20) * 8000).astype("<i2").tobytes()
COMFORT_NOISE = np.random.default_rng(1).integers(-20, 20, RATE // 50).astype("<i2").tobytes()
"""-69 dBFS: what many phones send for silence."""


class ToneBot:
    """A PhoneLeg with a bot at its other end that speaks in tones and hears loudness.

    `pauses` makes replies of sentences; `deaf` never stops; RTP flows all the time.
    """

    def __init__(
        self, *, reply_ms: int = 1600, pause_ms: int = 0, deaf: bool = False, picks_up: bool = True
    ) -> None:
        self.answered, self.ended, self.cause = Event(), Event(), ""
        self.on_audio: Heard = lambda frame: None
        self.pressed: list[str] = []
        self._reply = self._sentences(reply_ms, pause_ms)
        self._deaf = deaf
        self._to_say: list[bytes] = list(self._sentences(1000, 0))
        self._loud_ms = self._quiet_ms = 0
        self._in_speech = False
        self._picks_up = picks_up
        self.clock = gevent.spawn(self._live)

    @staticmethod
    def _sentences(ms: int, pause_ms: int) -> list[bytes]:
        half = [TONE] * (ms // 2 // FRAME_MS)
        return [*half, *[COMFORT_NOISE] * (pause_ms // FRAME_MS), *half]

    def send(self, frame: bytes) -> None:
        assert len(frame) == FRAME_BYTES
        loud = np.abs(np.frombuffer(frame, "<i2").astype(int)).max() > LOUD
        self._loud_ms = self._loud_ms + FRAME_MS if loud else 0
        self._quiet_ms = 0 if loud else self._quiet_ms + FRAME_MS
        if self._loud_ms >= START_MS and not self._in_speech:
            self._in_speech = True
            if not self._deaf:
                self._to_say.clear()
        if self._in_speech and self._quiet_ms >= END_SILENCE_MS:
            self._in_speech = False
            gevent.spawn_later(THINK_MS / 1000, self._to_say.extend, self._reply)

    def press(self, digit: str) -> None:
        self.pressed.append(digit)

    def hang_up(self) -> None:
        if not self.ended.is_set():
            self.cause = "NORMAL_CLEARING"
            self.ended.set()
            self.clock.kill()

    def _live(self) -> None:
        gevent.sleep(0.05)
        if not self._picks_up:
            self.cause = "USER_BUSY"
            self.ended.set()
            return
        self.answered.set()
        started_s, tick = monotonic(), 0
        while True:
            gevent.sleep(max(0.0, started_s + tick * FRAME_MS / 1000 - monotonic()))
            self.on_audio(self._to_say.pop(0) if self._to_say else COMFORT_NOISE)
            tick += 1


def exact_ms(caller: PhoneCaller) -> float:
    """How far a measurement may be off: more where this process (ears and bot) stood still."""
    return EXACT_MS + max(caller.line.late_ms)


@pytest.fixture
def bots() -> Iterator[list[ToneBot]]:
    made: list[ToneBot] = []
    yield made
    gevent.killall([bot.clock for bot in made])


def test_sound_is_heard_when_it_comes_and_comfort_noise_is_silence() -> None:
    ear = Ear(RATE)
    for index, frame in enumerate([COMFORT_NOISE, TONE, TONE, COMFORT_NOISE]):
        ear.hear(frame, index * 20.0)
    (sound,) = ear.sounds
    assert sound.start_ms == pytest.approx(20, abs=1)  # a sine begins at zero
    assert sound.end_ms == pytest.approx(60, abs=1)
    assert ear.silent_ms(100.0) == pytest.approx(40, abs=1)


@pytest.mark.parametrize(
    ("arrivals_ms", "gaps"),
    [((0, 20, 40, 60), 0), ((0, 20, 59, 61), 0), ((0, 20, 140, 160), 1), ((0, 20, 40 + HANGOVER_MS), 0)],
)
def test_a_hole_in_the_media_is_a_gap_and_jitter_is_none(arrivals_ms: Sequence[int], gaps: int) -> None:
    ear = Ear(RATE)
    for at_ms in arrivals_ms:
        ear.hear(TONE, at_ms)
    assert len(ear.gaps) == gaps


def test_sentences_of_one_reply_are_one_stretch() -> None:
    sounds = [Sound(0, 1000), Sound(1000 + HANGOVER_MS - 1, 2000), Sound(2000 + HANGOVER_MS, 3000)]
    assert stretches(sounds) == [Sound(0, 2000), Sound(2000 + HANGOVER_MS, 3000)]


def test_a_call_is_measured_as_the_bot_makes_it(bots: list[ToneBot], tmp_path: Path) -> None:
    bot = ToneBot()
    bots.append(bot)
    with PhoneCaller(bot, record=True) as caller:
        caller.waits_for_reply()
        caller.waits(400)
        caller.says("my name is Sarah Johnson")
        caller.interrupts("wait a second", after_ms=800)
        caller.waits_for_reply()
        caller.presses("5")
        caller.waits_for_silence()
        assert not caller.bot_is_speaking
        assert caller.stutters(limit_ms=60) == []
        caller.save(tmp_path / "call.wav")
    answer, interruption = caller.turns
    assert answer.outcome is interruption.outcome is Outcome.ANSWERED
    assert answer.response_ms == pytest.approx(END_SILENCE_MS + THINK_MS, abs=exact_ms(caller))
    assert interruption.barge_in_ms == pytest.approx(START_MS, abs=exact_ms(caller))
    assert (bot.pressed, bot.cause, caller.end_reason) == (["5"], "NORMAL_CLEARING", "NORMAL_CLEARING")
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert (recording.getframerate(), recording.getnchannels()) == (RATE, 2)
        pcm = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").reshape(-1, 2)
    end = int(answer.said.end_ms * RATE / 1000)
    reply = end + np.flatnonzero(np.abs(pcm[end:, 1].astype(int)) > LOUD)[0]
    assert (reply - end) * 1000 / RATE == pytest.approx(answer.response_ms, abs=exact_ms(caller))


def test_a_pause_between_sentences_is_not_the_end_of_a_reply(bots: list[ToneBot]) -> None:
    bots.append(ToneBot(reply_ms=2000, pause_ms=240))
    with PhoneCaller(bots[0]) as caller:
        caller.waits_for_reply()
        caller.says("yes please")
        caller.waits_for_reply()
        heard_ms = caller.line.sounds[-1].end_ms - caller.turns[0].said.end_ms
        assert heard_ms > END_SILENCE_MS + THINK_MS + 2000 + 200
    assert [turn.outcome for turn in caller.turns] == [Outcome.ANSWERED]


def test_a_bot_that_talks_on_has_ignored_the_caller(bots: list[ToneBot]) -> None:
    bots.append(ToneBot(reply_ms=4000, deaf=True))
    with PhoneCaller(bots[0]) as caller:
        caller.waits_for_reply()
        caller.says("yes please")
        said = caller.interrupts("stop")
        caller.waits(CUT_GRACE_MS + HANGOVER_MS + 100)
        assert said.over_bot
        assert caller.turns[-1].outcome is Outcome.IGNORED
        assert caller.turns[-1].barge_in_ms is None


def test_a_caller_who_starts_right_after_a_reply_interrupts_nothing(bots: list[ToneBot]) -> None:
    bots.append(ToneBot())
    with PhoneCaller(bots[0]) as caller:
        ear = caller.line.ear
        assert caller.line.wait(lambda: 100 < ear.silent_ms(caller.line.now_ms) < HANGOVER_MS, 5)
        assert caller.says("yes please").over_bot
        caller.waits_for_reply()
    (turn,) = caller.turns
    assert (turn.outcome, turn.barge_in_ms) == (Outcome.ANSWERED, None)
    assert turn.response_ms == pytest.approx(END_SILENCE_MS + THINK_MS, abs=exact_ms(caller))


@pytest.mark.parametrize(
    ("interrupted", "outcome", "barge_in"),
    [(True, Outcome.ANSWERED, True), (False, Outcome.ANSWERED, False)],
)
def test_a_transcript_tells_a_cut_reply_from_one_that_ended(
    bots: list[ToneBot], interrupted: bool, outcome: Outcome, barge_in: bool
) -> None:
    bots.append(ToneBot(reply_ms=600))
    turns: list[dict[str, Any]] = []
    with PhoneCaller(bots[0], transcript=lambda: turns) as caller:
        assert caller.line.wait(lambda: caller.line.ear.silent_ms(caller.line.now_ms) < 1, 5)
        gevent.spawn_later(0.7, turns.append, {"number": 0, "interrupted": interrupted})
        caller.interrupts("yes please", after_ms=300)
        super(PhoneCaller, caller).waits_for_reply()
    (turn,) = caller.turns
    assert turn.outcome is outcome
    assert (turn.barge_in_ms is not None) is barge_in


def test_an_answer_may_follow_a_cut_within_a_pause_of_one_reply(bots: list[ToneBot]) -> None:
    bots.append(ToneBot())
    line = PhoneLine(bots[0])
    pause_between_sentences = [Sound(0, 700), Sound(950, 1200)]
    line.ear.sounds = [*pause_between_sentences, Sound(1200 + HANGOVER_MS - 50, 6000)]
    line.messages.append(Message(1250, "reply", {"number": 0, "interrupted": True}))
    said = Said("stop", "bargein", 1000, 1300, over_bot=True)
    turn = measure(said, float("inf"), line.sounds, line.clears_ms(said), line.finals_ms(said))
    assert (turn.outcome, turn.barge_in_ms, turn.response_ms) == (Outcome.ANSWERED, 200, 300)


def test_a_turn_without_a_record_cuts_no_reply_that_goes_on(bots: list[ToneBot]) -> None:
    bots.append(ToneBot())
    line = PhoneLine(bots[0])
    line.ear.sounds = [Sound(0, 5000)]
    line.messages.append(Message(5350, "reply", {"number": 1, "interrupted": False}))  # where is 0?
    said = Said("stop", "bargein", 1000, 1300, over_bot=True)
    turn = measure(said, float("inf"), line.sounds, line.clears_ms(said), line.finals_ms(said))
    assert (turn.outcome, turn.barge_in_ms) == (Outcome.IGNORED, None)


def test_a_goodbye_was_not_interrupted(bots: list[ToneBot]) -> None:
    bots.append(ToneBot())
    with PhoneCaller(bots[0]) as caller:
        gevent.spawn_later(0.9, bots[0].hang_up)
        caller.interrupts("yes please", after_ms=300)
        assert caller.over
    (turn,) = caller.turns
    assert (turn.outcome, turn.barge_in_ms) == (Outcome.IGNORED, None)


def test_what_was_understood_comes_from_the_transcript(bots: list[ToneBot]) -> None:
    bots.append(ToneBot(reply_ms=600))
    turns: list[dict[str, Any]] = [
        {"number": 0, "caller_text": "", "heard_text": "What is your name?", "interrupted": False}
    ]
    with PhoneCaller(bots[0], transcript=lambda: turns) as caller:
        assert caller.waits_for_reply() == "What is your name?"
        caller.says("my name is Sarah Johnson")
        answer = {"number": 1, "caller_text": "my name is Sarah", "heard_text": "Hello Sarah."}
        gevent.spawn_later(1.0, turns.append, answer)
        assert caller.waits_for_reply() == "Hello Sarah."
        assert caller.understood() == "my name is Sarah"


def test_a_call_that_is_not_answered_is_refused_with_its_cause(bots: list[ToneBot]) -> None:
    bots.append(ToneBot(picks_up=False))
    with pytest.raises(Refused, match="USER_BUSY"):
        PhoneCaller(bots[0]).dials()


def test_silence_fails_and_so_does_a_call_that_ends(bots: list[ToneBot]) -> None:
    bots.append(ToneBot())
    with PhoneCaller(bots[0]) as caller:
        caller.waits_for_reply()
        bots[0].on_audio = lambda frame: None  # the line is dead
        caller.says("yes please")
        with pytest.raises(CallFailed, match="an answer"):
            caller.waits_for_reply(limit_s=0.5)
    bots.append(ToneBot())
    with PhoneCaller(bots[1]) as caller:
        caller.waits_for_reply()
        gevent.spawn_later(0.1, bots[1].hang_up)
        caller.says("yes please")
        with pytest.raises(CallFailed, match="NORMAL_CLEARING"):
            caller.waits_for_reply()
        assert caller.over
