"""espeak-ng through its library: Mandarin, cancelling, and living beside Piper's own espeak."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from gevent.event import Event

from media.pool import EnginePool, Priority
from media.tts.base import Clip
from media.tts.errors import UnknownVoice
from media.tts.espeak import EspeakSynthesiser, Manner, _library
from media.tts.piper import PiperSynthesiser, embedded_english

pytestmark = pytest.mark.engines

LIMIT_S = 10


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    pool = EnginePool(2)
    yield pool
    pool.close()


class Heard:
    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.errors: list[Exception] = []
        self.done = Event()

    def clip(self, clip: Clip) -> None:
        self.clips.append(clip)
        if clip.last:
            self.done.set()

    def error(self, exc: Exception) -> None:
        self.errors.append(exc)
        self.done.set()

    @property
    def pcm(self) -> bytes:
        return b"".join(clip.pcm for clip in self.clips)


def start(voice, text: str) -> Heard:
    heard = Heard()
    voice.speak(text, heard.clip, heard.error, Priority.FIRST_AUDIO)
    return heard


def say(voice, text: str) -> Heard:
    heard = start(voice, text)
    assert heard.done.wait(LIMIT_S)
    return heard


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "你好，请问有什么可以帮您？"),
        ("en", "How can I help you?"),
        ("fr", "Bonjour, madame."),
    ],
)
def test_languages_are_spoken(pool, language, text):
    heard = say(EspeakSynthesiser(language, pool), text)
    samples = np.frombuffer(heard.pcm, np.int16)
    assert not heard.errors
    assert 0.8 < samples.size / 22_050 < 5
    assert np.abs(samples.astype(np.int32)).max() > 8_000
    assert np.flatnonzero(np.abs(samples) > 300)[0] < 22_050 * 0.05
    assert [clip.last for clip in heard.clips].count(True) == 1


def test_it_is_repeatable_and_voices_don_t_leak_into_each_other(pool):
    chinese, english = EspeakSynthesiser("zh", pool), EspeakSynthesiser("en", pool, pitch=80)
    alone = say(chinese, "今天天气很好。").pcm, say(english, "The weather is fine.").pcm
    heard = [
        start(*pair) for pair in [(chinese, "今天天气很好。"), (english, "The weather is fine.")] * 5
    ]
    for index, each in enumerate(heard):
        assert each.done.wait(LIMIT_S)
        # Formant synthesis carries a little state from one text to the next: lengths must agree.
        assert len(each.pcm) == pytest.approx(len(alone[index % 2]), rel=0.02)


def test_speed_and_pitch(pool):
    text = "The quick brown fox jumps over the lazy dog."
    normal = say(EspeakSynthesiser("en", pool), text).pcm
    fast = say(EspeakSynthesiser("en", pool, speed=1.5), text).pcm
    high = say(EspeakSynthesiser("en", pool, pitch=90), text).pcm
    assert len(fast) < 0.8 * len(normal)
    assert high != normal


def test_cancelling_stops_the_engine_within_a_buffer(pool):
    taken: list[int] = []

    def take(samples: np.ndarray) -> bool:
        taken.append(samples.size)
        return len(taken) < 3

    pool.run(lambda: _library.speak("one two three " * 200, Manner("en-us"), take))
    assert len(taken) == 3
    assert sum(taken) < 22_050


def test_nothing_is_reported_after_cancelling(pool):
    voice = EspeakSynthesiser("en", pool)
    heard = Heard()
    utterance = voice.speak("one two three " * 100, heard.clip, heard.error)
    utterance.cancel()
    assert say(voice, "Next.").clips
    assert not heard.clips
    assert not heard.errors


def test_an_unknown_voice_is_an_error_and_the_next_call_works(pool):
    heard = say(EspeakSynthesiser("en", pool, voice="nobody"), "Hello.")
    assert isinstance(heard.errors[0], UnknownVoice)
    with pytest.raises(UnknownVoice, match="nobody"):
        pool.run(EspeakSynthesiser("en", pool, voice="nobody").warm_up)
    assert say(EspeakSynthesiser("en", pool), "Hello.").clips


def test_an_exception_on_the_way_is_not_lost_in_c(pool):
    def broken(_samples: np.ndarray) -> bool:
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        pool.run(lambda: _library.speak("Hello.", Manner("en-us"), broken))
    assert say(EspeakSynthesiser("en", pool), "Hello.").clips


@pytest.mark.parametrize("text", ["", " ", "...", "\0", "<speak>hi</speak>", "[[h@]]", "\ud800", "😀"])
def test_odd_text_ends_with_a_last_clip(pool, text):
    heard = say(EspeakSynthesiser("en", pool), text)
    assert not heard.errors
    assert heard.clips[-1].last


def test_piper_s_own_espeak_is_another_one(pool, tmp_path):
    piper = PiperSynthesiser(embedded_english(), "en", pool, cache_dir=tmp_path)
    chinese = EspeakSynthesiser("zh", pool)
    pool.run(piper.warm_up)
    alone = len(say(chinese, "你好，再见。").pcm)
    heard = [
        start(*pair) for pair in [(chinese, "你好，再见。"), (piper, "Good morning, how are you?")] * 4
    ]
    for index, each in enumerate(heard):
        assert each.done.wait(LIMIT_S)
        assert not each.errors
        if index % 2 == 0:
            assert len(each.pcm) == pytest.approx(alone, rel=0.02)
