"""Who answered, and what the bot does: whole calls on the virtual clock, and the line's ears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from controller.dialer.machine.answering import Answering, AnsweringStrategy, MachinePolicy
from controller.dialer.machine.line_ears import LineEars
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
        self.now = lambda: 0.0
        self.waited = 0.0

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
    assert world.time_of(hp.ChunkSpoken) - 1.0 < 0.4


def test_a_hello_that_is_not_understood_is_answered_too() -> None:
    world = call(Line(), Answering())
    world.says("", at=0.3, ms=300)
    world.run(until=6)
    assert world.bot_said == [OPENING]
    assert 2.5 < world.time_of(hp.ChunkSpoken) < 3.8


def test_nobody_says_a_word_and_the_bot_begins() -> None:
    world = call(Line(), Answering())
    world.run(until=6)
    assert world.bot_said == [OPENING]
    assert 2.4 < world.time_of(hp.ChunkSpoken) < 2.8


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
    for at, words in ((4.0, "who is it"), (8.0, "all right"), (12.0, "leave a message with my wife")):
        world.says(words, at=at)
    world.run(until=18)
    assert world.bot_said[-1] == "3: leave a message with my wife."


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
            yield from [bytes([90 if voice else 0]) + bytes(639)] * (ms // 20)


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


def test_a_click_is_no_voice() -> None:
    ears = LineEars(Port((40, True), (2000, False)), Detector())
    list(ears.frames())
    assert ears.first_speech_ms == 0
