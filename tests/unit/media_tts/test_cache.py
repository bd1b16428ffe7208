"""The cache around a synthesiser, with an engine that is told when to speak."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from media.pool import Priority
from media.tts.base import Clip
from media.tts.cache import CachedSynthesiser
from media.tts.clipstore import ClipStore

LIMIT_S = 5
SECOND = b"\x01\x00" * 8000


class FakeUtterance:
    def __init__(self, text, on_clip, on_error, priority):
        self.text, self.on_clip, self.on_error, self.priority = text, on_clip, on_error, priority
        self.cancelled = False

    def cancel(self):
        self.cancelled = True

    def finish(self, pcm: bytes = SECOND):
        self.on_clip(Clip(pcm, 8000))


class FakeEngine:
    name, voice, language, rate = "fake", "one", "en", 8000

    def __init__(self):
        self.asked: list[FakeUtterance] = []

    def speak(self, text, on_clip, on_error, priority=Priority.AUDIO):
        self.asked.append(FakeUtterance(text, on_clip, on_error, priority))
        return self.asked[-1]

    def prepare(self, texts):
        raise AssertionError("the cache prepares")

    def warm_up(self):
        pass


class Heard:
    def __init__(self):
        self.clips: list[Clip] = []
        self.errors: list[Exception] = []

    @property
    def pcm(self) -> bytes:
        return b"".join(clip.pcm for clip in self.clips)


def ask(voice, text, priority=Priority.AUDIO):
    heard = Heard()
    return heard, voice.speak(text, heard.clips.append, heard.errors.append, priority)


def cached(path: Path, engine, *, max_mb=10.0, memory_mb=1.0, identity="fake|one"):
    return CachedSynthesiser(engine, ClipStore(path, max_mb, memory_mb), identity)


@pytest.fixture
def engine():
    return FakeEngine()


def files(path: Path) -> list[Path]:
    return sorted(path.glob("*/*"))


def test_a_hit_is_heard_before_speak_returns(engine, tmp_path):
    voice = cached(tmp_path, engine)
    ask(voice, "hello")
    engine.asked[0].finish()
    heard, _ = ask(voice, "hello")
    assert heard.clips == [Clip(SECOND, 8000, last=True)]
    assert (len(engine.asked), voice.hits, voice.misses) == (1, 1, 1)


def test_it_survives_a_restart_and_joins_buffers(engine, tmp_path):
    voice = cached(tmp_path, engine)
    first, _ = ask(voice, "hello")
    engine.asked[0].on_clip(Clip(b"\x05\x00", 8000, last=False))
    engine.asked[0].finish(b"\x06\x00")
    assert [clip.last for clip in first.clips] == [False, True]
    assert voice.store.flush(LIMIT_S)
    again, _ = ask(cached(tmp_path, engine), "hello")
    assert again.clips == [Clip(b"\x05\x00\x06\x00", 8000, last=True)]
    assert [path.suffix for path in files(tmp_path)] == [".clip"]


def test_another_voice_or_text_is_another_entry(engine, tmp_path):
    voice = cached(tmp_path, engine)
    ask(voice, "hello")
    engine.asked[0].finish()
    ask(voice, "hello!")
    ask(cached(tmp_path, engine, identity="fake|two"), "hello")
    assert [asked.text for asked in engine.asked] == ["hello", "hello!", "hello"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:10],
        lambda data: data[:-2],
        lambda data: data[:-1] + b"\xff",
        lambda data: b"XXXXX" + data[5:],
        lambda data: b"\0" * len(data),
    ],
)
def test_a_damaged_file_is_removed_and_made_again(engine, tmp_path, damage):
    voice = cached(tmp_path, engine)
    ask(voice, "hello")
    engine.asked[0].finish()
    assert voice.store.flush(LIMIT_S)
    (file,) = files(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    voice = cached(tmp_path, engine)
    heard, _ = ask(voice, "hello")
    assert not heard.clips
    assert not files(tmp_path)
    engine.asked[1].finish()
    assert heard.pcm == SECOND
    assert voice.store.flush(LIMIT_S)
    assert len(files(tmp_path)) == 1


def test_two_who_ask_at_once_are_served_by_one_synthesis(engine, tmp_path):
    voice = cached(tmp_path, engine)
    first, _ = ask(voice, "hello")
    engine.asked[0].on_clip(Clip(b"\x01\x00", 8000, last=False))
    second, _ = ask(voice, "hello")
    engine.asked[0].finish(b"\x02\x00")
    assert first.pcm == second.pcm == b"\x01\x00\x02\x00"
    assert len(engine.asked) == 1


def test_one_of_two_cancels_and_the_other_hears_all(engine, tmp_path):
    voice = cached(tmp_path, engine)
    first, utterance = ask(voice, "hello")
    second, _ = ask(voice, "hello")
    utterance.cancel()
    utterance.cancel()
    engine.asked[0].finish()
    assert not engine.asked[0].cancelled
    assert (first.pcm, second.pcm) == (b"", SECOND)


def test_cancelled_early_stops_the_engine(engine, tmp_path):
    voice = cached(tmp_path, engine)
    _, utterance = ask(voice, "a text of which nothing is there yet")
    utterance.cancel()
    assert engine.asked[0].cancelled
    ask(voice, "a text of which nothing is there yet")
    assert len(engine.asked) == 2


def test_cancelled_late_still_fills_the_cache(engine, tmp_path):
    voice = cached(tmp_path, engine)
    heard, utterance = ask(voice, "fifteen letters")
    engine.asked[0].on_clip(Clip(SECOND, 8000, last=False))
    utterance.cancel()
    assert not engine.asked[0].cancelled
    engine.asked[0].finish()
    assert heard.pcm == SECOND
    again, _ = ask(voice, "fifteen letters")
    assert again.pcm == SECOND * 2


def test_a_failure_reaches_all_and_is_not_kept(engine, tmp_path):
    voice = cached(tmp_path, engine)
    first, _ = ask(voice, "hello")
    second, _ = ask(voice, "hello")
    engine.asked[0].on_error(RuntimeError("broken"))
    assert [str(h.errors[0]) for h in (first, second)] == ["broken", "broken"]
    third, _ = ask(voice, "hello")
    engine.asked[1].finish()
    assert third.pcm == SECOND


def test_prepare_makes_one_at_a_time_what_is_not_there(engine, tmp_path):
    voice = cached(tmp_path, engine)
    ask(voice, "b")
    engine.asked[0].finish()
    voice.prepare(["a", "b", "a", "c"])
    assert [asked.text for asked in engine.asked] == ["b", "a"]
    assert engine.asked[1].priority is Priority.AHEAD
    engine.asked[1].finish()
    assert [asked.text for asked in engine.asked] == ["b", "a", "c"]
    engine.asked[2].on_error(RuntimeError("broken"))
    assert voice.preparing == 0
    heard, _ = ask(voice, "a")
    assert heard.pcm == SECOND


def test_an_urgent_request_does_not_wait_behind_its_own_preparation(engine, tmp_path):
    voice = cached(tmp_path, engine)
    voice.prepare(["hello", "next"])
    heard, utterance = ask(voice, "hello", Priority.FIRST_AUDIO)
    assert engine.asked[0].cancelled
    assert engine.asked[1].priority is Priority.FIRST_AUDIO
    utterance.cancel()
    assert not engine.asked[1].cancelled
    engine.asked[1].finish()
    assert not heard.clips
    assert engine.asked[2].text == "next"


def test_the_disk_is_bounded_and_the_least_used_goes_first(engine, tmp_path):
    voice = cached(tmp_path, engine, max_mb=0.085, memory_mb=0)
    for index in range(5):
        ask(voice, f"text {index}")
        engine.asked[-1].finish()
        assert voice.store.flush(LIMIT_S)
    assert ask(voice, "text 0")[0].clips  # used again: now the youngest
    ask(voice, "one more")
    engine.asked[-1].finish()
    assert voice.store.flush(LIMIT_S)
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 85_000
    assert ask(voice, "text 0")[0].clips
    assert not ask(voice, "text 1")[0].clips


def test_memory_is_bounded(tmp_path):
    store = ClipStore(tmp_path, 10, memory_mb=0.04)
    for index in range(6):
        store.put(f"key{index}", Clip(SECOND, 8000))
    assert len(store._memory) == 2
    assert store._memory_bytes == 32_000


def test_a_disk_that_refuses_costs_only_the_cache(engine, tmp_path, caplog):
    voice = cached(tmp_path / "cache", engine, memory_mb=0)
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("not a directory")
    heard, _ = ask(voice, "hello")
    engine.asked[0].finish()
    assert voice.store.flush(LIMIT_S)
    assert heard.pcm == SECOND
    assert "was not kept" in caplog.text


def test_left_over_temporary_files_are_removed(engine, tmp_path):
    (tmp_path / "ab").mkdir()
    old, young = tmp_path / "ab" / "abc.clip.1.tmp", tmp_path / "ab" / "abd.clip.2.tmp"
    old.write_bytes(b"half")
    young.write_bytes(b"another process is writing this")
    os.utime(old, (1, 1))
    voice = cached(tmp_path, engine)
    ask(voice, "hello")
    engine.asked[0].finish()
    assert voice.store.flush(LIMIT_S)
    assert sorted(path.suffix for path in files(tmp_path)) == [".clip", ".tmp"]
    assert young.exists()
