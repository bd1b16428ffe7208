"""Endpointing, barge-in and word policies, told the time."""

import pytest

from controller.session.bargein import BargeIn, Verdict
from controller.session.endpointing import Endpointing
from controller.session.ports import Cause, ReplyRequest
from controller.session.profile import BargeInSettings, EndpointSettings
from controller.session.reply import Chunk, Reply
from controller.session.words import BACKCHANNELS, goes_on, is_backchannel

SETTINGS = EndpointSettings()


def stop_of(text, hypothesis=True, completes=None, language="en"):
    """The silence that ends a turn with these words, ms."""
    policy = Endpointing(SETTINGS, language, completes)
    if text is not None:
        policy.heard(text)
    known = text if hypothesis else None
    return next(ms for ms in range(0, 3000, 20) if policy.is_over(ms, known))


@pytest.mark.parametrize(
    ("text", "language", "stop"),
    [
        (None, "en", SETTINGS.stop_ms),
        ("", "en", SETTINGS.stop_ms),
        ("a table for two", "en", SETTINGS.stop_ms),
        ("Hold on.", "en", SETTINGS.stop_ms),
        ("Tuesday and", "en", SETTINGS.incomplete_ms),
        ("because", "en", SETTINGS.incomplete_ms),
        ("I was thinking...", "en", SETTINGS.incomplete_ms),
        ("My name is", "en", SETTINGS.incomplete_ms),
        ("星期四下午三点", "zh", SETTINGS.stop_ms),
        ("我想要因为", "zh", SETTINGS.incomplete_ms),
        ("嗯", "zh", SETTINGS.incomplete_ms),
    ],
)
def test_endpoint_by_the_words(text, language, stop):
    assert stop_of(text, language=language) == stop


def test_an_answer_ends_early_only_when_it_was_decoded_in_this_pause():
    assert stop_of("yes", completes=lambda t: t == "yes") == SETTINGS.complete_ms
    assert stop_of("yes", hypothesis=False, completes=lambda t: t == "yes") == SETTINGS.stop_ms
    assert stop_of("yes and", completes=lambda _: True) == SETTINGS.incomplete_ms


def test_one_hypothesis_a_pause():
    policy = Endpointing(SETTINGS, "en")
    asked = [policy.wants_hypothesis(ms) for ms in (20, 60, 100, 120, 140, 0, 20, 100, 120)]
    assert asked == [False, False, True, False, False, False, False, True, False]


@pytest.mark.parametrize(
    ("text", "language", "listening"),
    [
        ("Mm-hmm.", "en", True),
        ("Uh-huh, okay.", "en", True),
        ("Right. I see.", "en", True),
        ("", "en", True),
        ("okay stop", "en", False),
        ("I see a problem", "en", False),
        ("yes", "en", False),
        ("嗯嗯", "zh", True),
        ("好的，知道了。", "zh", True),
        ("好的不要了", "zh", False),
        ("停一下", "zh", False),
    ],
)
def test_backchannels(text, language, listening):
    assert is_backchannel(text, BACKCHANNELS[language]) is listening


def policy(early=False, **changes):
    return BargeIn(BargeInSettings(**changes), "en", early_answer=early)


def test_short_voice_is_never_noticed_and_long_voice_hushes_once():
    barge = policy(min_ms=200)
    verdicts = [barge.voice(ms) for ms in (40, 160, 200, 240, 400)]
    assert verdicts == [Verdict.WAIT, Verdict.WAIT, Verdict.HUSH, Verdict.WAIT, Verdict.WAIT]


def after(voiced_ms, **changes):
    """A policy that has heard so much voice."""
    barge = policy(**changes)
    barge.voice(voiced_ms)
    return barge


def test_words_take_the_turn_and_backchannels_are_dismissed():
    assert after(500).words("stop") is Verdict.TAKE
    assert after(1000).words("I would like") is Verdict.TAKE
    assert after(700).words("I'm") is Verdict.WAIT
    assert after(700).pause("I'm") is Verdict.WAIT
    assert after(700).end("I'm late") is Verdict.TAKE
    assert after(1100).words("mm-hm") is Verdict.WAIT
    assert after(500).pause("MMHM.") is Verdict.DISMISS
    assert after(500).end("") is Verdict.DISMISS
    assert after(500, min_words=2).end("stop") is Verdict.DISMISS
    assert after(500, min_words=2).end("stop it") is Verdict.TAKE
    assert after(500, backchannels=frozenset({"stop"})).end("Stop!") is Verdict.DISMISS


def test_words_of_very_short_voice_count_only_as_an_answer():
    assert after(360).words("No, no.") is Verdict.WAIT
    assert after(360).pause("No, no.") is Verdict.WAIT
    assert after(360).end("No, no.") is Verdict.DISMISS
    assert after(360).end("Stop!") is Verdict.TAKE
    asked = BargeIn(BargeInSettings(), "en", early_answer=False, answers=lambda t: t == "No.")
    asked.voice(360)
    assert asked.end("No.") is Verdict.TAKE


def test_long_voice_takes_the_turn_unless_it_only_hums():
    barge = policy(confirm_ms=1000)
    assert barge.voice(990) is Verdict.HUSH
    assert barge.voice(1000) is Verdict.TAKE
    humming = policy(confirm_ms=1000)
    humming.voice(500)
    humming.words("Mmm-hmm, uh-huh")
    assert humming.voice(1200) is Verdict.WAIT


def test_an_early_answer_takes_the_turn_by_voice_alone():
    assert policy(early=True).voice(200) is Verdict.TAKE


def test_goes_on():
    assert goes_on("I want to", "en")
    assert not goes_on("I want two", "en")
    assert goes_on("然后", "zh")


def test_heard_text_keeps_whole_words():
    reply = Reply("r1", 1, ReplyRequest(Cause.SPEECH), 0.0)
    reply.chunks = [Chunk("Good morning.", total_ms=1000), Chunk("How are you today?", total_ms=1000)]
    reply.stopped(1, 500)
    assert reply.heard_text == "Good morning. How are"
    reply.chunks[1].heard_ms = 0
    assert reply.heard_text == "Good morning."
    chinese = Reply("r2", 1, ReplyRequest(Cause.SPEECH), 0.0)
    chinese.chunks = [Chunk("请问您叫什么名字？", total_ms=900)]
    chinese.stopped(0, 300)
    assert chinese.heard_text == "请问您"
