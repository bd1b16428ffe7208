"""Piper with the embedded voice: real synthesis through the pool."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import gevent
import numpy as np
import pytest
from gevent.event import Event

from media.pool import EnginePool, Priority
from media.tts.base import Clip, Synthesiser
from media.tts.errors import EngineFailed, UnknownVoice, UnsupportedVoice
from media.tts.piper import (
    PiperModel,
    PiperSynthesiser,
    _phonemise,
    embedded_english,
    find_model,
)

pytestmark = pytest.mark.engines

LIMIT_S = 60


class Heard:
    """What one utterance reported."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.errors: list[Exception] = []
        self.first = Event()
        self.done = Event()

    def clip(self, clip: Clip) -> None:
        self.clips.append(clip)
        self.first.set()
        if clip.last:
            self.done.set()

    def error(self, exc: Exception) -> None:
        self.errors.append(exc)
        self.done.set()

    @property
    def samples(self) -> np.ndarray:
        return np.frombuffer(b"".join(c.pcm for c in self.clips), np.int16)


def say(voice: Synthesiser, text: str) -> Heard:
    heard = Heard()
    voice.speak(text, heard.clip, heard.error, Priority.FIRST_AUDIO)
    assert heard.done.wait(LIMIT_S)
    return heard


def loud(samples: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    pool = EnginePool(2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def voice(pool: EnginePool, tmp_path_factory: pytest.TempPathFactory) -> PiperSynthesiser:
    cache = tmp_path_factory.mktemp("cache")
    voice = PiperSynthesiser(embedded_english(), "en", pool, cache_dir=cache)
    pool.run(voice.warm_up)
    return voice


def test_a_sentence_is_spoken_with_little_silence_before_and_a_pause_after(voice):
    samples = say(voice, "What day would suit you best?").samples
    edges = loud(samples)
    assert 1.0 < samples.size / voice.rate < 4.0
    assert edges[0] / voice.rate < 0.06
    assert 0.10 < (samples.size - edges[-1]) / voice.rate < 0.30
    assert 20_000 < np.abs(samples.astype(np.int32)).max() <= 26_300


def test_the_pause_is_shorter_after_a_comma(voice):
    silence = {}
    for text in ("Hello my friend.", "Hello my friend,"):
        samples = say(voice, text).samples
        silence[text] = (samples.size - loud(samples)[-1]) / voice.rate
    assert silence["Hello my friend,"] < silence["Hello my friend."]


def test_edges_don_t_click(voice):
    clips = say(voice, "One. Two. Three.").clips
    assert len(clips) == 3
    for clip in clips:
        edge = np.frombuffer(clip.pcm, np.int16)[[0, -1]]
        assert np.abs(edge).max() < 50


def test_each_sentence_comes_as_it_is_made(voice):
    heard = say(voice, "First. Second. Third.")
    assert [clip.last for clip in heard.clips] == [False, False, True]
    assert {clip.rate for clip in heard.clips} == {22_050}


def test_a_long_sentence_begins_before_all_of_it_is_made(voice):
    text = "If you would like to change the date, " + "please tell me which day you prefer " * 3
    heard = say(voice, text + ".")
    assert len(heard.clips) == 2
    assert heard.clips[0].ms < heard.clips[1].ms


def test_no_piece_is_long_however_long_the_sentence(voice):
    text = "and then we talk about many other things of interest " * 12 + "to you."
    heard = say(voice, text)
    assert not heard.errors
    assert len(heard.clips) >= 3
    assert max(clip.ms for clip in heard.clips) < 25_000
    assert sum(clip.ms for clip in heard.clips) > 25_000


def test_nothing_is_reported_after_cancelling(voice):
    heard = Heard()
    utterance = voice.speak("One. Two. Three. Four. Five.", heard.clip, heard.error)
    assert heard.first.wait(LIMIT_S)
    utterance.cancel()
    count = len(heard.clips)
    say(voice, "Next.")
    assert len(heard.clips) == count < 5
    assert not heard.errors


def test_two_threads_phonemise_at_once_without_mixing(voice):
    texts = [f"Number {word}." for word in ("one", "two", "three", "four", "five", "six")]
    alone = {text: say(voice, text).samples.size for text in texts}
    together = {text: Heard() for text in texts}
    for text, heard in together.items():
        voice.speak(text, heard.clip, heard.error)
    for text, heard in together.items():
        assert heard.done.wait(LIMIT_S)
        assert not heard.errors
        # The engine adds noise to durations: equal within a third, never another text.
        assert heard.samples.size == pytest.approx(alone[text], rel=0.35)


def test_two_voices_phonemise_at_once_without_mixing(pool, voice, tmp_path):
    model = embedded_english()
    config = json.loads(model.config.read_text("utf-8"))
    config["espeak"]["voice"] = "de"
    german = tmp_path / "german.json"
    german.write_text(json.dumps(config))
    other = PiperSynthesiser(PiperModel("german", model.onnx, german), "de", pool)
    engines = [pool.run(voice._load), pool.run(other._load)]
    text = "Good morning, how are you? The reservation is for nine people."
    alone = [pool.run(lambda engine=engine: _phonemise(engine, text)) for engine in engines]
    assert alone[0] != alone[1]

    def both(index: int) -> bool:
        return all(_phonemise(engines[index], text) == alone[index] for _ in range(40))

    results: list[object] = []
    done = Event()

    def keep(result: object) -> None:
        results.append(result)
        if len(results) == 4:
            done.set()

    for index in (0, 1, 0, 1):
        pool.submit(
            lambda index=index: both(index), priority=Priority.AUDIO, on_done=keep, on_error=keep
        )
    assert done.wait(LIMIT_S)
    assert results == [True] * 4


def test_an_engine_error_is_reported_and_the_next_call_works(voice, monkeypatch):
    engine = voice._load()

    def broken(*_args: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(engine, "phoneme_ids_to_audio", broken)
    heard = say(voice, "Hello.")
    assert not heard.clips
    assert isinstance(heard.errors[0], EngineFailed)
    assert "out of memory" in str(heard.errors[0])
    assert say(voice, "Hello.").samples.size > 5_000
    assert voice._load() is not engine


@pytest.mark.parametrize("text", ["", "   ", "...", "\0", "[[", "😀", "[[həloʊ]] hi", "\ud800 x"])
def test_odd_text_ends_with_a_last_clip_or_an_error(voice, text):
    heard = say(voice, text)
    assert heard.errors or heard.clips[-1].last


@pytest.mark.alone
def test_the_hub_is_not_blocked(voice):
    late = []

    def tick() -> None:
        loop = gevent.get_hub().loop
        while True:
            loop.update_now()
            before = loop.now()
            gevent.sleep(0.01)
            loop.update_now()
            late.append(loop.now() - before - 0.01)

    ticker = gevent.spawn(tick)
    try:
        say(voice, "We open at nine in the morning and close at six in the evening, every day.")
    finally:
        ticker.kill()
    assert len(late) >= 3
    assert sorted(late)[len(late) // 2] < 0.02


def test_voices_are_found_by_name_and_by_language(tmp_path):
    for name in ("zh_CN-huayan-medium", "zh_CN-aaa-low", "de", "en_US-amy-medium"):
        (tmp_path / f"{name}.onnx").write_bytes(b"")
        (tmp_path / f"{name}.onnx.json").write_text("{}")
    (tmp_path / "fr_FR-siwis-medium.onnx").write_bytes(b"")  # its configuration is missing
    found = {
        wanted: getattr(find_model(tmp_path, wanted), "name", None)
        for wanted in ("zh", "zh_CN-huayan-medium", "de", "en", "fr", "../de", "")
    }
    assert found == {
        "zh": "zh_CN-aaa-low",
        "zh_CN-huayan-medium": "zh_CN-huayan-medium",
        "de": "de",
        "en": "en_US-amy-medium",
        "fr": None,
        "../de": None,
        "": None,
    }


def test_a_voice_with_a_bad_configuration_is_refused(pool, tmp_path):
    onnx, config = tmp_path / "x.onnx", tmp_path / "x.onnx.json"
    onnx.write_bytes(b"")
    for text, error in (
        ("not json", UnknownVoice),
        ("[]", UnknownVoice),
        ('{"audio": {}}', UnknownVoice),
        ('{"audio": {"sample_rate": 22050}, "phoneme_type": "pinyin"}', UnsupportedVoice),
    ):
        config.write_text(text)
        with pytest.raises(error):
            PiperSynthesiser(PiperModel("x", onnx, config), "zh", pool)


def test_a_changed_model_file_is_not_loaded(pool, tmp_path):
    model = embedded_english()
    onnx = tmp_path / "joe.onnx"
    shutil.copy(model.onnx, onnx)
    with onnx.open("r+b") as file:
        file.seek(1000)
        file.write(b"tampered")
    bad = PiperModel("joe", onnx, model.config, model.sha256)
    heard = say(PiperSynthesiser(bad, "en", pool, cache_dir=tmp_path / "cache"), "Hello.")
    assert "joe" in str(heard.errors[0])
    assert not heard.clips


def test_speed_changes_the_length(pool, voice):
    text = "The quick brown fox jumps over the lazy dog."
    fast = PiperSynthesiser(embedded_english(), "en", pool, speed=1.5, cache_dir=Path("unused"))
    fast._engine = voice._load()  # loading again takes a second
    assert say(fast, text).samples.size < 0.85 * say(voice, text).samples.size
