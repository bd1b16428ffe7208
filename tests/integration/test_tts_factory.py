"""Which engine a language gets; and the real engine behind the real cache."""

from __future__ import annotations

import shutil
from importlib.metadata import EntryPoint

import pytest
from gevent.event import Event

from media.pool import EnginePool
from media.tts import factory
from media.tts.errors import TtsError, UnknownEngine, UnknownVoice
from media.tts.piper import embedded_english

pytestmark = pytest.mark.engines


@pytest.fixture
def pool():
    pool = EnginePool(2)
    yield pool
    pool.close()


def pull(models_dir, name):
    """As if the voice had been pulled (the English configuration serves)."""
    (models_dir / "piper").mkdir(exist_ok=True)
    (models_dir / "piper" / f"{name}.onnx").symlink_to(embedded_english().onnx)
    shutil.copy(embedded_english().config, models_dir / "piper" / f"{name}.onnx.json")


@pytest.mark.parametrize(
    ("engine", "language", "voice", "got"),
    [
        ("auto", "en", "", ("piper", "en_US-joe-medium", "en")),
        ("auto", "en-GB", "", ("piper", "en_US-joe-medium", "en")),
        ("auto", "de", "", ("piper", "de_DE-thorsten-medium", "de")),
        ("auto", "zh", "", ("espeak", "cmn", "zh")),
        ("auto", "zh_CN", "", ("espeak", "cmn", "zh")),
        ("auto", "fr", "", ("espeak", "fr", "fr")),
        ("piper", "en", "en_US-joe-medium", ("piper", "en_US-joe-medium", "en")),
        ("piper", "de", "de_DE-thorsten-medium", ("piper", "de_DE-thorsten-medium", "de")),
        ("espeak", "en", "", ("espeak", "en-us", "en")),
        ("espeak", "en", "en-gb", ("espeak", "en-gb", "en")),
    ],
)
def test_the_best_there_is_for_the_language(pool, tmp_path, engine, language, voice, got):
    pull(tmp_path, "de_DE-thorsten-medium")
    made = factory.create(engine, language, voice, pool, tmp_path, tmp_path / "cache")
    assert (made.name, made.voice, made.language) == got
    assert made.rate == 22_050


def test_a_pulled_english_voice_comes_before_the_embedded_one(pool, tmp_path):
    pull(tmp_path, "en_US-amy-medium")
    made = factory.create("auto", "en", "", pool, tmp_path, tmp_path / "cache")
    assert made.voice == "en_US-amy-medium"


@pytest.mark.parametrize(
    ("engine", "language", "voice", "speed", "error", "message"),
    [
        ("piper", "zh", "", 1.0, UnknownVoice, "no Piper voice for language 'zh'"),
        ("piper", "en", "../../etc/passwd", 1.0, UnknownVoice, "no Piper voice '../../etc"),
        ("nobody", "en", "", 1.0, UnknownEngine, "there are: auto, piper, espeak"),
        ("auto", "en", "", 9.0, TtsError, "between 0.5 and 2"),
    ],
)
def test_errors_say_what_is_wrong(pool, tmp_path, engine, language, voice, speed, error, message):
    with pytest.raises(error, match=message):
        factory.create(engine, language, voice, pool, tmp_path, tmp_path / "c", speed=speed)


def third_party(language, voice, pool, models_dir, speed):
    from media.tts.espeak import EspeakSynthesiser

    made = EspeakSynthesiser(language, pool, speed=speed)
    made.name = "third"
    return made


def test_a_third_party_engine_is_an_entry_point(pool, tmp_path, monkeypatch):
    point = EntryPoint("third", f"{__name__}:third_party", factory.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: third_party)
    monkeypatch.setattr(factory, "entry_points", lambda group: [point])
    assert factory.create("third", "en", "", pool, tmp_path, tmp_path / "c").name == "third"
    assert factory.engines() == ["auto", "piper", "espeak", "third"]


def test_real_speech_is_cached(pool, tmp_path):
    voice = factory.create("auto", "en", "", pool, tmp_path, tmp_path / "cache")
    done = Event()
    clips, errors = [], []
    voice.speak("Hello.", lambda clip: (clips.append(clip), done.set()), errors.append)
    assert done.wait(20)
    assert not errors
    again = []
    voice.speak("Hello.", again.append, errors.append)
    assert [clip.pcm for clip in again] == [b"".join(clip.pcm for clip in clips)]
    assert voice.store.flush(5)
    faster = factory.create("auto", "en", "", pool, tmp_path, tmp_path / "cache", speed=1.5)
    other = []
    faster.speak("Hello.", other.append, errors.append).cancel()
    assert not other
