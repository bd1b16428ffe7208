"""Whole conversations on the virtual clock."""

from controller.session import effects as ef
from controller.session import events as ev
from controller.session import happenings as hp
from controller.session.core import TOOLS_S
from controller.session.ports import Cause, Expect, Propose, Remember, Role, Say, ToolOutcome
from controller.session.profile import BargeInSettings, Profile
from tests.unit.session.world import World, echo, ended


def test_greets_listens_and_answers():
    world = World()
    world.says("a table for two", at=3.0)
    world.run(until=9)
    assert world.bot_said == [
        "Hello there.",
        "How can I help?",
        "You said a table for two.",
        "Anything else?",
    ]
    assert [(e.role, e.text) for e in world.core.history] == [
        (Role.BOT, "Hello there. How can I help?"),
        (Role.CALLER, "a table for two"),
        (Role.BOT, "You said a table for two. Anything else?"),
    ]
    assert world.core.memory == 2
    assert not world.core.unexpected


def test_the_reply_is_ready_when_the_endpoint_comes():
    world = World()
    world.says("hello bot", at=3.0)
    world.run(until=6)
    (measured,) = world.told(hp.TurnMeasured)
    assert measured.timings.speculative
    assert 290 <= measured.timings.endpoint_ms <= 340
    assert measured.timings.response_ms <= 345


def test_an_answered_question_ends_the_turn_early_and_an_open_sentence_late():
    def asks(request):
        yield Expect(completes=lambda text: text == "yes")
        yield Say("Is that right? ")

    for text, low, high in [("yes", 180, 230), ("Tuesday and", 890, 940), ("maybe so", 290, 340)]:
        world = World(asks)
        world.says(text, at=2.0)
        world.run(until=6)
        assert low <= world.told(hp.TurnMeasured)[0].timings.endpoint_ms <= high, text


def test_a_pause_inside_a_sentence_is_one_turn():
    world = World()
    world.says("I would like", at=3.0, ms=600, trail_ms=200)
    world.says("I would like a taxi", at=3.8, ms=600)
    world.run(until=9)
    assert [h.text for h in world.told(hp.FinalHeard)] == ["I would like a taxi"]


def test_caller_who_goes_on_while_the_bot_thinks_reopens_the_turn():
    def slow(request):
        if request.cause == "opening":
            yield Say("Hi there. ")
            return
        yield 0.6
        yield Say(f"You said {request.text}. ")

    world = World(slow)
    world.says("book a table", at=2.0, ms=600, trail_ms=400)
    world.says("book a table for ten", at=3.05, ms=600)
    world.run(until=8)
    assert world.bot_said == ["Hi there.", "You said book a table for ten."]
    assert [e.text for e in world.core.history if e.role is Role.CALLER] == ["book a table for ten"]
    assert world.core.turns == 1


def test_barge_in_stops_the_bot_and_history_holds_what_was_heard():
    world = World()
    world.says("stop please", at=0.9, ms=700)
    world.run(until=8)
    hushed = next(t for t, e in world.effects if isinstance(e, ef.PausePlayback)) - world.start_at
    assert hushed - 0.9 <= 0.2
    bot = [e for e in world.core.history if e.role is Role.BOT]
    assert bot[0].interrupted
    assert bot[0].text == "Hello there. How"
    assert [h.text for h in world.told(hp.FinalHeard)] == ["stop please"]
    assert len(world.told(hp.BargedIn)) == 1


LATE_WORDS = "stop that now please I mean it"


def _talked_over(final_s):
    """A voice over the bot whose first words are known 0.3 s after it has ended."""
    world = World(lambda r: [Say("This is a rather long sentence that goes on for quite a while. ")])
    world.guesses, world.partial_s, world.final_s = False, 0.3, final_s
    world.says(LATE_WORDS, at=1.0, ms=700)
    return world


def test_words_that_become_known_after_the_voice_over_the_bot_take_the_turn():
    world = _talked_over(final_s=0.6).run(until=5.0)
    assert world.time_of(hp.BargedIn) < world.time_of(hp.FinalHeard)
    assert [h.text for h in world.told(hp.FinalHeard)] == [LATE_WORDS]
    assert [request.text for request in world.requests][1:] == [LATE_WORDS]


def test_words_over_the_bot_that_never_become_final_do_not_make_it_deaf():
    world = _talked_over(final_s=1000.0).run(until=30.0)
    assert world.told(hp.BargedIn)
    assert len(world.requests) > 1, "the caller is asked again, or about the silence"


def test_audio_that_comes_after_its_reply_was_dropped_is_not_played():
    from controller.session import events as ev

    world = World()
    world.run(until=5)
    world.post(ev.Typed("first"))
    world.run(until=5.02)  # its synthesis is under way
    world.post(ev.Typed("second"))
    world.run(until=9)
    assert "You said first." not in world.bot_said
    assert "You said second." in world.bot_said
    assert world.core.stale >= 1


def test_a_pause_does_not_count_as_heard():
    world = World(lambda r: [Say("One two three four five six seven eight nine ten eleven twelve. ")])
    world.says("", at=0.5, ms=700)
    world.presses("1", at=2.5)
    world.run(until=2.6)
    (ended,) = world.told(hp.TurnEnded)
    really = max(world.played_ms.values()) / 60  # characters, at 60 ms each
    assert abs(len(ended.heard_text) - really) <= 6


def test_backchannel_and_cough_do_not_take_the_turn():
    for text, ms in [("Mm-hmm.", 500), ("", 300), ("okay", 400), ("", 100)]:
        world = World(lambda r: [Say("This is a rather long sentence that goes on for a good while. ")])
        world.says(text, at=1.0, ms=ms)
        world.run(until=7)
        assert not world.told(hp.BargedIn), text
        assert [e.text for e in world.core.history] == [
            "This is a rather long sentence that goes on for a good while."
        ]
        assert not world.core.history[0].interrupted


def test_a_short_sound_is_not_even_noticed():
    world = World()
    world.says("", at=1.0, ms=120)
    world.run(until=7)
    assert not any(isinstance(e, ef.PausePlayback) for _, e in world.effects)


def test_okay_in_the_last_moment_is_an_answer():
    world = World(lambda r: [Say("Shall I book it? ")])
    world.says("okay", at=0.8, ms=300)
    world.run(until=4)
    assert [h.text for h in world.told(hp.FinalHeard)] == ["okay"]


def test_a_prompt_that_is_not_interruptible_is_heard_to_its_end():
    world = World(lambda r: [Say("This call is recorded for training. ", interruptible=False)])
    world.says("stop it now please", at=0.5, ms=600)
    world.run(until=5)
    assert world.core.history[0].text == "This call is recorded for training."
    assert not world.told(hp.BargedIn)


def test_barge_in_can_be_switched_off():
    profile = Profile(name="t", barge_in=BargeInSettings(enabled=False))
    world = World(profile=profile)
    world.says("stop stop stop", at=0.4, ms=600)
    world.run(until=3)
    assert world.core.history[0].text == "Hello there. How can I help?"


def test_a_strategy_says_how_long_the_caller_may_be_silent():
    def script(request):
        yield Expect(silence_s=2.0 if request.cause is Cause.OPENING else None)
        if request.cause is not Cause.OPENING:
            yield Say("Are you there?")

    world = World(script)
    world.run(until=12)
    first, second = world.time_of(hp.ChunkSpoken), world.time_of(hp.ChunkSpoken, 1)
    assert 2.0 <= first < 2.5
    assert second - first > 7, "then it is the profile's again"


def test_silence_is_asked_about_and_then_the_call_ends():
    world = World()
    world.run(until=40)
    assert world.ended == "silence"
    assert world.bot_said.count("Are you still there?") == 2
    assert world.bot_said[-1] == "Goodbye."
    assert [h.by for h in world.told(hp.TurnEnded)][:3] == ["opening", "silence", "silence"]


def test_dtmf_answers_and_interrupts():
    def asks(request):
        yield Expect(dtmf_digits=4)
        yield Say(f"Got {request.text or 'nothing'}. Please enter your code. ")

    world = World(asks)
    for i, digit in enumerate("1234"):
        world.presses(digit, at=0.5 + i * 0.2)
    world.run(until=2)
    world.presses("9", at=6.0)
    world.presses("#", at=6.2)
    world.run(until=12)
    # the question was cut before it was heard, so its four digits were not expected yet
    assert [h.text for h in world.told(hp.FinalHeard)][-1] == "9"
    assert world.core.history[0].interrupted


def test_hang_up_tool_lets_the_goodbye_be_heard():
    def bye(request):
        if request.cause == "opening":
            yield Say("Hi there. ")
            return
        yield Say("Thank you, goodbye. ")
        yield Propose("hangup", {"reason": "done"})

    world = World(bye)
    world.tool_result = lambda call: ToolOutcome(call, ok=True, hang_up="done")
    world.says("bye now", at=2.0)
    world.says("wait wait wait", at=4.0)
    world.run(until=10)
    assert world.ended == "done"
    assert (
        world.bot_said[-2:] == ["Thank you, goodbye."][-2:]
        or world.bot_said[-1] == "Thank you, goodbye."
    )
    assert world.core.history[-1].text == "Thank you, goodbye."


def test_tool_result_goes_into_history_and_back_to_the_strategy():
    def tools(request):
        if request.cause == "speech":
            yield Say("Let me look that up. ")
            yield Propose("lookup", {"q": "x"})
        elif request.cause == "tool":
            yield Remember("after tool")
            yield Say(f"It is {request.tool.data['answer']}. ")
        else:
            yield Say("Hi there. ")

    world = World(tools)
    world.tool_result = lambda call: ToolOutcome(call, ok=True, data={"answer": "blue"})
    world.says("which colour", at=2.0)
    world.run(until=9)
    assert world.bot_said[-2:] == ["Let me look that up.", "It is blue."]
    assert world.core.memory == "after tool"
    roles = [e.role for e in world.core.history]
    assert roles == [Role.BOT, Role.CALLER, Role.TOOL, Role.BOT]


def test_an_outcome_that_was_talked_over_is_told_with_the_next_request():
    """The caller cuts in after the tool ran and before its outcome was said: what was done stays done,
    and the strategy is told of it until a memory that knows of it holds."""

    def books(request):
        if request.cause == "opening":
            yield Say("Hi there. ")
        elif request.tool is not None:
            yield Remember("booked")
            yield Say("You are booked for Tuesday at ten in the morning. ")
        elif request.cause == "speech" and request.memory is None:
            yield Remember("booking")
            yield Say("One moment please while I write that down for you. ")
            yield Propose("book", {})
        else:
            yield Say(f"Still {request.memory}. ")

    world = World(books)
    world.says("book it", at=2.0)
    world.says("wait a second please", at=3.6)
    world.run(until=14)
    told = [request for request in world.requests if request.tool is not None]
    assert [request.tool.call.name for request in told][-1] == "book"
    assert any(request.cause == "speech" and request.memory == "booking" for request in told)
    assert world.core.memory == "booked"
    assert "You are booked for Tuesday at ten in the morning." in world.bot_said
    world.says("thank you", at=15.0)
    world.run(until=20)
    assert world.requests[-1].tool is None
    assert world.bot_said[-1] == "Still booked."


def saves(request):
    """A bot that runs a tool as soon as it is told anything."""
    if request.cause == "opening":
        yield Say("Hi there. ")
    elif request.cause == "speech":
        yield Propose("save", {})


def test_a_tool_that_must_finish_outlives_the_caller_and_is_recorded_before_the_end():
    world = World(saves)
    world.tool_s, world.must_finish = 4.0, True
    world.says("save it please", at=2.0)
    world.at(5.0, lambda: world.post(ev.RemoteHangup()))
    world.at(5.5, lambda: world.post(ev.MediaLost()))  # doors often tell it twice
    assert world.run(until=6).ended is None
    world.run(until=20)
    assert world.ended == "hangup"
    ran = world.told(hp.ToolRan)
    assert [(r.turn, r.outcome.ok, round(r.took_ms)) for r in ran] == [(1, True, 4000)]
    assert not world.tools_cancelled
    assert not world.core.unexpected
    assert world.core.history[-1].role is Role.TOOL


def test_any_other_tool_is_cancelled_when_the_caller_hangs_up():
    world = World(saves)
    world.tool_s = 4.0
    world.says("save it please", at=2.0)
    world.at(5.0, lambda: world.post(ev.RemoteHangup()))
    world.run(until=6)
    assert world.ended == "hangup"
    assert len(world.tools_cancelled) == 1
    assert not world.told(hp.ToolRan)


def test_a_tool_that_must_finish_does_so_behind_the_goodbye():
    world = World(saves)
    world.tool_s, world.must_finish = 4.0, True
    world.says("save it please", at=2.0)
    world.at(4.0, lambda: world.post(ev.GoodbyeRequested("drain")))
    world.run(until=20)
    assert world.bot_said[-1] == "Goodbye."
    assert world.ended == "drain"
    assert len(world.told(hp.ToolRan)) == 1


def test_a_tool_that_never_ends_does_not_keep_the_session():
    world = World(saves)
    world.tool_s, world.must_finish = 1000.0, True
    world.says("save it please", at=2.0)
    world.at(5.0, lambda: world.post(ev.RemoteHangup()))
    assert world.run(until=5 + TOOLS_S - 0.1).ended is None
    assert world.run(until=5 + TOOLS_S).ended == "hangup"
    assert len(world.tools_cancelled) == 1


def test_citations_known_late_belong_to_the_chunk_that_waits():
    def cites(request):
        if request.cause == "speech":
            yield Say("We open")
            yield Say(" at nine.", citations=("hours.md",))
            yield Say(" And we close at six.")
            yield Say("", citations=("late.md",))
        else:
            yield Say("Hi there. ")

    world = World(cites)
    world.says("when please", at=2.0)
    world.run(until=9)
    spoken = [(h.text, h.citations) for h in world.told(hp.ChunkSpoken)][1:]
    assert [text for text, _ in spoken] == ["We open at nine.", "And we close at six."]
    assert spoken[0][1] == ("hours.md",)
    assert "late.md" in spoken[1][1]


def test_strategy_that_fails_or_is_late_gets_a_spoken_fallback():
    def broken(request):
        if request.cause == "opening":
            yield Say("Hi there. ")
        else:
            yield 60.0

    world = World(broken)
    world.says("hello", at=2.0)
    world.run(until=20)
    assert "One moment, please." in " ".join(world.bot_said)
    assert "Sorry, I can't answer that right now." in " ".join(world.bot_said)
    assert [h.failed for h in world.told(hp.TurnEnded)] == [False, True]


def test_recogniser_and_voice_that_fail_are_survived():
    from controller.session import events as ev

    world = World()
    world.says("hello", at=3.0, trail_ms=60)
    world.at(3.5, lambda: world.post(ev.AsrFailed(world.open_utterance, "broken")))
    world.says("hello again", at=7.0)
    world.run(until=12)
    assert "Sorry, could you say that again?" in world.bot_said
    assert "You said hello again." in world.bot_said

    world = World()
    world.synth_fails = 1
    world.run(until=4)
    assert world.bot_said == ["Hello there.", "How can I help?"]


def test_words_that_are_nothing_leave_the_bot_listening():
    world = World()
    world.says("", at=3.0)
    world.run(until=6)
    assert world.core.state == "listening"
    assert not world.told(hp.FinalHeard)
    world.run(until=40)
    assert ended(world)  # the silence timer went on


def test_time_limit_and_goodbye_are_polite():
    profile = Profile(name="t").model_copy(
        update={"limits": Profile(name="t").limits.model_copy(update={"session_s": 5})}
    )
    world = World(echo, profile)
    world.run(until=12)
    assert world.ended == "time_limit"
    assert world.bot_said[-1] == "Goodbye."
