"""The stereo recording: aligned legs, bounded memory, a valid file at every moment."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import gevent
import numpy as np
import pytest

from media.recording import MAX_WAITING_BLOCKS, RecordingError, StereoRecorder

RATE = 16_000


def tone(ms: int, value: int) -> bytes:
    return np.full(RATE * ms // 1000, value, np.int16).tobytes()


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE)
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        assert data.size == file.getnframes() * 2
    return data.reshape(-1, 2)


def spans(channel: np.ndarray) -> list[tuple[float, float, int]]:
    """(from ms, to ms, value) of every stretch that isn't silence."""
    edges = np.flatnonzero(np.diff(channel.astype(np.int32), prepend=0, append=0))
    bounds = itertools.pairwise(edges)
    return [(a / 16, b / 16, int(channel[a])) for a, b in bounds if channel[a]]


def frames(recorder: StereoRecorder, start_ms: int, end_ms: int, value: int = 1) -> None:
    for at in range(start_ms, end_ms, 20):
        recorder.caller(at, tone(20, value))


def test_the_legs_are_aligned_by_time(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder.bot(100, tone(500, 7))
    frames(recorder, 0, 300)
    frames(recorder, 700, 1000, 2)
    recorder.bot(2000, tone(250, 8))
    both = read(recorder.close())
    assert spans(both[:, 0]) == [(0, 300, 1), (700, 1000, 2)]
    assert spans(both[:, 1]) == [(100, 600, 7), (2000, 2250, 8)]
    assert recorder.lost_ms == 0


def test_a_long_call_with_a_silent_bot_and_then_a_long_reply(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    frames(recorder, 0, 10_000)
    recorder.bot(10_000, tone(8_000, 5))
    frames(recorder, 10_000, 19_000, 2)
    both = read(recorder.close())
    assert spans(both[:, 0]) == [(0, 10_000, 1), (10_000, 19_000, 2)]
    assert spans(both[:, 1]) == [(10_000, 18_000, 5)]


def test_rounding_leaves_no_gap(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    for index in range(100):
        recorder.caller(index * 20 + (index % 3 - 1) * 0.9 * (index > 0), tone(20, 3))
    assert spans(read(recorder.close())[:, 0]) == [(0, 2000, 3)]


def test_what_was_not_heard_is_cut(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder.bot(0, tone(3000, 5))
    frames(recorder, 0, 1000)
    recorder.cut_bot(900)
    recorder.bot(1500, tone(100, 6))
    assert spans(read(recorder.close())[:, 1]) == [(0, 900, 5), (1500, 1600, 6)]


def test_later_audio_replaces_what_is_in_its_place(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder.bot(0, tone(300, 5))
    recorder.bot(100, tone(100, 6))
    assert spans(read(recorder.close())[:, 1]) == [(0, 100, 5), (100, 200, 6), (200, 300, 5)]


def test_audio_that_comes_too_late_is_counted(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    frames(recorder, 0, 5000)
    recorder.bot(1000, tone(200, 5))
    assert recorder.lost_ms == 200
    assert not read(recorder.close())[:, 1].any()


def test_memory_is_bounded(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    for at in range(0, 40_000, 1000):
        recorder.caller(at, tone(1000, 1))
        gevent.sleep(0)
    assert len(recorder._caller.pcm) <= 2 * RATE * 2
    for index in range(8):
        recorder.bot(40_000 + index * 20_000, tone(20_000, 2))
        gevent.sleep(0)
    assert len(recorder._bot.pcm) <= 62 * RATE * 2
    recorder.close()


def test_a_long_gap_is_silence_and_takes_no_memory(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    recorder.caller(0, tone(100, 1))
    recorder.caller(600_000, tone(100, 2))
    assert len(recorder._caller.pcm) <= 2 * RATE * 2
    assert len(recorder._waiting) <= 3
    assert spans(read(recorder.close())[:, 0]) == [(0, 100, 1), (600_000, 600_100, 2)]


def test_a_stuck_disk_costs_audio_and_neither_memory_nor_time(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    for at in range(0, 100_000, 1000):
        recorder.caller(at, tone(1000, 1))  # never yields: nothing can be written meanwhile
    assert len(recorder._waiting) <= MAX_WAITING_BLOCKS + 1
    assert recorder.lost_ms == 39_000
    with gevent.Timeout(10):
        while recorder._waiting:
            gevent.sleep(0.01)
    assert spans(read(recorder.close())[:, 0]) == [(0, 60_000, 1), (99_000, 100_000, 1)]


def test_the_file_is_valid_when_the_process_is_killed(tmp_path):
    path = tmp_path / "a.wav"
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import sys, gevent\n"
        "from pathlib import Path\n"
        "from media.recording import StereoRecorder\n"
        "recorder = StereoRecorder(Path(sys.argv[1]))\n"
        "for at in range(0, 5000, 20):\n"
        "    recorder.caller(at, b'\\x09\\0' * 320)\n"
        "while recorder._waiting or not recorder._writer.ready():\n"
        "    gevent.sleep(0.01)\n"
        "print('written', flush=True)\n"
        "gevent.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    try:
        with gevent.Timeout(20):
            assert process.stdout.readline() == b"written\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    both = read(path)
    assert 3900 <= both.shape[0] / 16 <= 5000
    assert (both[:, 0] == 9).all()


def test_close_may_be_called_twice_and_late_audio_is_ignored(tmp_path):
    recorder = StereoRecorder(tmp_path / "a.wav")
    frames(recorder, 0, 100)
    assert recorder.close() == recorder.close() == tmp_path / "a.wav"
    recorder.caller(100, tone(20, 1))
    recorder.bot(100, tone(20, 1))
    recorder.cut_bot(0)
    assert read(tmp_path / "a.wav").shape[0] == 1600


def test_nothing_recorded_is_a_valid_file(tmp_path):
    assert read(StereoRecorder(tmp_path / "a.wav").close()).shape == (0, 2)


def test_only_its_owner_can_read_it(tmp_path):
    assert StereoRecorder(tmp_path / "a.wav").close().stat().st_mode & 0o777 == 0o600


def test_errors(tmp_path, monkeypatch):
    with pytest.raises(RecordingError, match="can't be begun"):
        StereoRecorder(tmp_path / "missing" / "a.wav")
    recorder = StereoRecorder(tmp_path / "a.wav")
    with pytest.raises(RecordingError, match="exists"):
        StereoRecorder(tmp_path / "a.wav")
    with pytest.raises(ValueError, match="3 bytes"):
        recorder.caller(0, b"abc")
    with pytest.raises(ValueError, match="-1"):
        recorder.bot(-1, b"")
    with pytest.raises(ValueError, match="can't be recorded"):
        recorder.caller(1e12, b"")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder, "_write", full)
    frames(recorder, 0, 3000)
    with pytest.raises(RecordingError, match="No space left"):
        recorder.close()
