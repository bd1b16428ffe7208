"""Who answered, and what the bot does: whole calls on the virtual clock, and the line's ears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from controller.dialer.machine.answering import Answering, AnsweringStrategy, MachinePolicy
from controller.dialer.machine.line_ears import LineEars, Signal
from controller.session import happenings as hp
from controller.session.ports import Cause, Remember, ReplyItem, ReplyRequest, Say, ToolOutcome
from controller.session.profile import LimitSettings, Profile
from tests.unit.session.world import World

OPENING = "Hello, this is the clinic calling."
MESSAGE = "Please call the clinic back."
INTRODUCTION = "This is the clinic about an appointment."


class Bot:
    """Greets once, then repeats; counts its turns in its memory."""

    def reply(self, request: ReplyRequest) -> Iterator[ReplyItem]:
        yield Remember((request.memory or 0) + 1)
        if request.cause is Cause.OPENING:
            assert request.memory is None
            yield Say(OPENING)
        else:
            yield Say(f"{request.memory}: {request.text}.")

    def prompts(self) -> list[str]:
        return [OPENING]


class Line:
    """A line on the virtual clock: the beep comes at `beep_at`, or never."""

    def __init__(self, beep_at: float | None = None) -> None:
        self.beep_at = beep_at
        self.first_speech_ms = 800
        self.talk_ms = (300, 1100)
        self.now = lambda: 0.0
        self.waited = 0.0
        self.signal = Signal.NONE
        self.quiet_from = 0.0

    @property
    def at_ms(self) -> int:
        return round(self.now() * 1000)

    @property
    def beeped(self) -> bool:
        return self.beep_at is not None and self.now() >= self.beep_at

    def wait_for_quiet(self, quiet_ms: float, timeout_s: float) -> bool:
        return self._wait(self.quiet_from + quiet_ms / 1000, timeout_s)

    def wait_for_beep(self, timeout_s: float) -> bool:
        return self._wait(self.beep_at, timeout_s)

    def _wait(self, at: float | None, timeout_s: float) -> bool:
        left = timeout_s + 1 if at is None else at - self.now()
        self.waited += min(max(0.0, left), timeout_s)
        return left <= timeout_s


def call(line: Line, answering: Answering) -> World:
    strategy = AnsweringStrategy(Bot(), line, answering)

    def script(request: ReplyRequest) -> Iterable[ReplyItem | float]:
        for item in strategy.reply(request):
            waited, line.waited = line.waited, 0.0
            if waited:
                yield waited
            yield item
        if line.waited:
            waited, line.waited = line.waited, 0.0
            yield waited

    world = World(script, Profile(name="t", limits=LimitSettings(filler_s=1.2)))
    world.tool_result = lambda call: ToolOutcome(call, ok=True, hang_up=str(call.arguments["reason"]))
    line.now = lambda: world.now - world.start_at
    return world


def ended_by(world: World) -> str | None:
    """The reason of a hang-up that was asked for."""
    calls = world.told(hp.ToolRan)
    return None if not calls else str(calls[-1].outcome.call.arguments["reason"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("policy", MachinePolicy)
def test_a_person_is_greeted_right_after_the_hello(policy: MachinePolicy) -> None:
    world = call(Line(), Answering(policy, MESSAGE))
    world.says("Hello?", at=0.5, ms=500)
    world.says("yes please", at=6.0)
    world.run(until=12)
    assert world.bot_said == [OPENING, "1: yes please."]
    assert world.time_of(hp.ChunkSpoken) - 1.0 < 0.35


def test_who_asks_is_answered_without_any_pause_more() -> None:
    line = Line()
    line.quiet_from = 1.5
    world = call(line, Answering())
    world.says("Who is this?", at=0.5, ms=1000)
    world.run(until=6)
    assert world.bot_said == [OPENING]
    assert world.time_of(hp.ChunkSpoken) - 1.5 < 0.4


def test_a_longer_beginning_is_waited_out_a_little() -> None:
    line = Line()
    line.first_speech_ms, line.quiet_from = 1900, 2.2
    world = call(line, Answering())
    world.says("Good afternoon, the Miller family.", at=0.3, ms=1900)
    world.run(until=6)
    assert world.bot_said == [OPENING]
    assert 0.5 <= world.time_of(hp.ChunkSpoken) - 2.2 < 0.6


def talked_over(line: Line, answering: Answering, *more: str, ms: int = 2600) -> World:
    """Greeted after a hello, they talk on at once: `more` is what they say, speech by speech."""
    world = call(line, answering)
    world.says("Hi, this is Bob.", at=0.3, ms=600, trail_ms=450)
    for number, text in enumerate(more):
        at = 1.5 + 4 * number
        world.says(text, at=at, ms=ms)
        world.at(at + ms / 1000, lambda at=at: setattr(line, "talk_ms", _ms(at, ms)))  # type: ignore[misc]
    return world


def _ms(at: float, ms: int) -> tuple[int, int]:
    return round(at * 1000), round(at * 1000) + ms


@pytest.mark.parametrize("text", ["I can't take your call, leave a message", "I am out with the kids"])
def test_a_machine_that_talks_over_the_greeting_is_hung_up_on(text: str) -> None:
    world = talked_over(Line(), Answering(), text)
    world.run(until=9)
    assert world.bot_said == [OPENING]
    assert len(world.told(hp.BargedIn)) == 1
    assert ended_by(world) == "machine"


def test_a_machine_that_was_greeted_gets_its_message_after_the_beep() -> None:
    line = Line(beep_at=6.0)
    world = talked_over(line, Answering(MachinePolicy.LEAVE_MESSAGE, MESSAGE), "Please leave a message")
    world.run(until=12)
    assert world.bot_said == [OPENING, MESSAGE]
    assert 6.0 < world.time_of(hp.ChunkSpoken, 1) < 6.3
    assert ended_by(world) == "machine_message"


def test_a_screening_assistant_that_was_greeted_is_told_who_calls() -> None:
    question = "please say your name and why you're calling"
    world = talked_over(Line(), Answering(introduction=INTRODUCTION), question)
    world.says("Hello, Bob here.", at=9.0, ms=800)
    world.run(until=14)
    assert world.bot_said == [OPENING, INTRODUCTION, OPENING]


def test_a_person_who_talks_over_the_greeting_is_listened_to() -> None:
    world = talked_over(Line(), Answering(), "Wait, say that again", ms=1200)
    world.run(until=5)
    assert world.bot_said == [OPENING, "1: Wait, say that again."]
    assert ended_by(world) is None


def test_a_long_answer_to_the_whole_greeting_is_a_persons() -> None:
    line = Line()
    world = call(line, Answering())
    world.says("Hello?", at=0.3, ms=500)
    world.says("Well my sister told me that you would call me some day", at=4.5, ms=3500)
    world.at(8.0, lambda: setattr(line, "talk_ms", _ms(4.5, 3500)))
    world.run(until=12)
    assert len(world.bot_said) == 2
    assert ended_by(world) is None


def test_a_beep_after_the_greeting_is_a_machines() -> None:
    line = Line()
    world = call(line, Answering())
    world.says("Bob Miller.", at=0.3, ms=600)
    line.beep_at = 3.0
    world.run(until=14)
    assert world.bot_said == [OPENING]
    assert ended_by(world) == "machine"


def test_treating_machines_as_persons_knows_no_second_thoughts() -> None:
    world = talked_over(
        Line(), Answering(MachinePolicy.TREAT_AS_HUMAN, MESSAGE), "Please leave a message"
    )
    world.run(until=6)
    assert world.bot_said == [OPENING, "1: Please leave a message."]


@pytest.mark.parametrize("policy", MachinePolicy)
def test_a_machine_is_known_for_one_before_anything_comes_of_it(policy: MachinePolicy) -> None:
    strategy = AnsweringStrategy(Bot(), Line(), Answering(policy, MESSAGE))
    for text in ("Hello, this is Bob.", "Hello, this is Bob. Leave a message."):
        strategy.reply(ReplyRequest(Cause.SPEECH, text))
        found = "message" in text and policy is not MachinePolicy.TREAT_AS_HUMAN
        assert strategy.is_machine is found


def test_after_a_while_nothing_is_thought_again() -> None:
    world = call(Line(), Answering())
    world.says("Hello?", at=0.3, ms=500)
    world.says("leave a message", at=14.5, ms=900)
    world.run(until=18)
    assert world.bot_said[-1] == "2: leave a message."  # the first was asked for by the silence


def test_a_line_that_rings_on_is_waited_for() -> None:
    line = Line()
    line.signal = Signal.CALLING
    world = call(line, Answering())
    world.says("Hello?", at=9.0, ms=500)
    world.run(until=14)
    assert world.bot_said == [OPENING]
    assert world.time_of(hp.ChunkSpoken) > 9.5


@pytest.mark.parametrize(("signal", "by"), [(Signal.FAX, 3.0), (Signal.CALLING, 23.0)])
def test_a_fax_and_a_line_that_rings_for_ever_are_hung_up_on(signal: Signal, by: float) -> None:
    line = Line()
    line.signal = signal
    world = call(line, Answering())
    world.run(until=by)
    assert world.bot_said == []
    assert ended_by(world) == "machine"


def test_a_hello_that_is_not_understood_is_answered_too() -> None:
    world = call(Line(), Answering())
    world.says("", at=0.3, ms=300)
    world.run(until=6)
    assert world.bot_said == [OPENING]
    assert 2.2 < world.time_of(hp.ChunkSpoken) < 3.8


def test_nobody_says_a_word_and_the_bot_begins() -> None:
    world = call(Line(), Answering())
    world.run(until=6)
    assert world.bot_said == [OPENING]
    assert 2.1 < world.time_of(hp.ChunkSpoken) < 2.5


def test_the_filler_is_not_said_while_it_listens() -> None:
    world = call(Line(), Answering(hello_s=5.0))
    world.run(until=8)
    assert world.bot_said == [OPENING]


def test_a_machine_is_hung_up_on() -> None:
    line = Line()
    world = call(line, Answering(MachinePolicy.HANG_UP, MESSAGE))
    world.says("Please leave a message after the tone", at=0.3, ms=2200)
    world.run(until=8)
    assert world.bot_said == []
    assert ended_by(world) == "machine"


def test_a_machine_gets_its_message_after_the_beep() -> None:
    line = Line(beep_at=5.0)
    world = call(line, Answering(MachinePolicy.LEAVE_MESSAGE, MESSAGE))
    world.says("Please leave a message after the tone", at=0.3, ms=2200)
    world.run(until=12)
    assert world.bot_said == [MESSAGE]
    assert 5.0 < world.time_of(hp.ChunkSpoken) < 5.3
    assert ended_by(world) == "machine_message"


def test_without_a_beep_the_message_is_left_all_the_same() -> None:
    world = call(Line(), Answering(MachinePolicy.LEAVE_MESSAGE, MESSAGE))
    world.says("I can't come to the phone right now", at=0.3, ms=2200)
    world.run(until=16)
    assert world.bot_said == [MESSAGE]
    assert world.time_of(hp.ChunkSpoken) > 8.0


def test_a_machine_that_goes_on_talking_is_waited_for() -> None:
    line = Line(beep_at=9.0)
    world = call(line, Answering(MachinePolicy.LEAVE_MESSAGE, MESSAGE))
    world.says("you have reached my voicemail", at=0.3, ms=1800)
    more = "you have reached my voicemail I am travelling until Monday"  # the turn is opened again
    world.says(more, at=4.0, ms=2500)
    world.run(until=14)
    assert world.bot_said == [MESSAGE]
    assert world.time_of(hp.ChunkSpoken) > 9.0


def test_a_machine_that_begins_like_a_person() -> None:
    line = Line(beep_at=8.0)
    world = call(line, Answering(MachinePolicy.LEAVE_MESSAGE, MESSAGE))
    world.says("Hi, this is Bob.", at=0.3, ms=900)
    world.says("Please leave a message", at=4.2, ms=1500)
    world.run(until=14)
    assert world.bot_said[-1] == MESSAGE
    assert ended_by(world) == "machine_message"


def test_a_person_may_speak_of_messages_later() -> None:
    world = call(Line(), Answering())
    world.says("Hello?", at=0.3, ms=500)
    for at, words in ((4.0, "who is it"), (8.0, "leave a message with my wife")):
        world.says(words, at=at)
    world.run(until=12)
    assert world.bot_said[-1] == "2: leave a message with my wife."


def test_screening_is_answered_and_the_person_greeted() -> None:
    world = call(Line(), Answering(introduction=INTRODUCTION))
    world.says("please say your name and why you're calling", at=0.3, ms=2300)
    world.says("Hello, Bob here.", at=9.0, ms=800)
    world.run(until=14)
    assert world.bot_said == [INTRODUCTION, OPENING]


def test_screening_that_never_ends_is_hung_up_on() -> None:
    world = call(Line(), Answering(introduction=INTRODUCTION))
    for turn in range(5):
        world.says("please say your name and why you're calling", at=0.3 + 8 * turn, ms=2000)
    world.run(until=45)
    assert world.bot_said == [INTRODUCTION] * 3
    assert ended_by(world) == "machine"


def test_a_long_first_speech_is_a_machine() -> None:
    line = Line()
    line.first_speech_ms = 4000
    world = call(line, Answering())
    world.says("Thank you for calling us", at=0.3, ms=3900)
    world.run(until=8)
    assert ended_by(world) == "machine"


def test_told_to_treat_machines_as_persons() -> None:
    world = call(Line(), Answering(MachinePolicy.TREAT_AS_HUMAN, MESSAGE))
    world.says("Please leave a message", at=0.3, ms=1500)
    world.run(until=8)
    assert world.bot_said == [OPENING]


def test_who_presses_a_key_is_a_person() -> None:
    world = call(Line(), Answering())
    world.presses("1", at=0.5)
    world.run(until=8)
    assert world.bot_said == [OPENING]


class Detector:
    """Takes a frame's first byte for its probability, in percent."""

    name = "fake"

    def probability(self, frame: bytes, *, quiet: bool = False) -> float:
        return frame[0] / 100

    def reset(self) -> None:
        """Nothing to forget."""


class Port:
    """Frames of voice and silence: pairs of (ms, whether voice)."""

    def __init__(self, *parts: tuple[int, bool]) -> None:
        self._parts = parts

    def frames(self) -> Iterator[bytes]:
        for ms, voice in self._parts:
            yield from [bytes([90]) + b"\x20" * 639 if voice else bytes(640)] * (ms // 20)


def test_the_first_speech_is_measured_with_its_pauses() -> None:
    ears = LineEars(
        Port((1000, False), (700, True), (300, False), (500, True), (2000, False)), Detector()
    )
    assert b"".join(ears.frames()) == b"".join(Port(*ears._audio_in._parts).frames())  # type: ignore[attr-defined]
    assert ears.first_speech_ms == 1500


def test_what_comes_after_the_first_speech_is_not_added() -> None:
    ears = LineEars(Port((400, True), (600, False), (3000, True)), Detector())
    list(ears.frames())
    assert ears.first_speech_ms == 400


def test_a_talk_lasts_over_its_short_pauses() -> None:
    ears = LineEars(Port((400, False), (500, True), (700, False), (900, True), (300, False)), Detector())
    list(ears.frames())
    assert ears.talk_ms == (400, 2500)
    ears = LineEars(Port((500, True), (1200, False), (900, True), (300, False)), Detector())
    list(ears.frames())
    assert ears.talk_ms == (1700, 2600)


def test_a_click_is_no_voice() -> None:
    ears = LineEars(Port((40, True), (2000, False)), Detector())
    list(ears.frames())
    assert ears.first_speech_ms == 0


def test_a_voice_far_softer_than_the_first_is_not_heard() -> None:
    television = bytes([90]) + b"\0\1" * 319 + b"\0"

    class Room:
        def frames(self) -> Iterator[bytes]:
            yield from Port((600, True)).frames()
            yield from [television] * 100

    ears = LineEars(Room(), Detector())
    heard = list(ears.frames())
    assert ears.first_speech_ms == 600
    assert heard[-50:] == [bytes(640)] * 50


def test_a_monologue_is_cut_until_the_conversation_begins() -> None:
    ears = LineEars(Port((6000, True)), Detector())
    heard = [any(frame) for frame in ears.frames()]
    assert heard == [True] * 200 + [False] * 100
    released = LineEars(Port((6000, True)), Detector())
    released.release()
    assert all(any(frame) for frame in released.frames())


def _toned(*hz: int, ms: int = 600) -> list[bytes]:
    at = np.arange(16 * ms) / 16000
    pcm = sum(np.sin(2 * np.pi * f * at) for f in hz) * 6000 / len(hz)
    data = np.asarray(pcm).astype("<i2").tobytes()
    return [data[i : i + 640] for i in range(0, len(data), 640)]


class Frames:
    """A port of these frames."""

    def __init__(self, *parts: Iterable[bytes]) -> None:
        self._parts = parts

    def frames(self) -> Iterator[bytes]:
        for part in self._parts:
            yield from part


SILENT, VOICED = [bytes(640)] * 20, list(Port((800, True)).frames())


def beep_heard(*parts: Iterable[bytes]) -> bool:
    ears = LineEars(Frames(*parts), Detector())
    list(ears.frames())
    return ears.wait_for_beep(0)


def test_a_beep_counts_after_the_greeting_alone() -> None:
    assert beep_heard(VOICED, SILENT, _toned(1000), SILENT)
    assert not beep_heard(_toned(425), SILENT, VOICED, SILENT)  # it rang
    assert not beep_heard(VOICED, SILENT, _toned(1000), SILENT, VOICED)  # it goes on talking


@pytest.mark.parametrize(("hz", "signal"), [((440, 480), Signal.CALLING), ((2100,), Signal.FAX)])
def test_tones_before_a_word_are_a_signal(hz: tuple[int, ...], signal: Signal) -> None:
    ears = LineEars(Frames(SILENT, _toned(*hz), SILENT), Detector())
    list(ears.frames())
    assert (ears.signal, ears.first_speech_ms) == (signal, 0)
