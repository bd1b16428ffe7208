"""Edges of speech: silence trimmed, pauses by punctuation, no clicks."""

from __future__ import annotations

import numpy as np
import pytest

from media.tts.shaping import (
    CLAUSE_PAUSE_MS,
    JOIN_PAUSE_MS,
    SENTENCE_PAUSE_MS,
    EdgeTrimmer,
    pause_after,
)

RATE = 22_050


def tone(ms: int) -> np.ndarray:
    return (8000 * np.sin(np.arange(RATE * ms // 1000) * 0.2)).astype(np.int16)


def quiet(ms: int) -> np.ndarray:
    return np.full(RATE * ms // 1000, 20, np.int16)


def trim(samples: np.ndarray, pause_ms: int, buffer: int = 10**9) -> np.ndarray:
    trimmer = EdgeTrimmer(RATE)
    parts = [trimmer.push(samples[i : i + buffer]) for i in range(0, samples.size, buffer)]
    return np.concatenate([*parts, trimmer.flush(pause_ms)])


@pytest.mark.parametrize("buffer", [50, 441, 2205, 10**9])
def test_lead_is_ten_ms_and_the_pause_exact(buffer):
    shaped = trim(np.concatenate([quiet(300), tone(500), quiet(400)]), 200, buffer)
    first = np.flatnonzero(np.abs(shaped) > 300)[0]
    assert 0.005 < first / RATE < 0.022
    assert shaped.size / RATE == pytest.approx(0.010 + 0.5 + 0.2, abs=0.015)
    assert shaped[-1] == 0


def test_silence_inside_is_kept():
    samples = np.concatenate([tone(100), quiet(250), tone(100)])
    assert trim(samples, 0, 441).size == pytest.approx(samples.size, abs=RATE * 0.01)


def test_edges_are_faded():
    loud = np.full(RATE // 2, 9000, np.int16)
    shaped = trim(loud, 20)
    assert abs(int(shaped[0])) < 300
    assert np.abs(np.diff(shaped[:60].astype(np.int32))).max() < 400


def test_silence_only_gives_the_pause_only():
    assert not trim(quiet(300), 50).any()
    assert trim(quiet(300), 50).size == RATE * 50 // 1000
    assert trim(np.zeros(0, np.int16), 0).size == 0


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("Hello.", SENTENCE_PAUSE_MS),
        ('He said "yes!" ', SENTENCE_PAUSE_MS),
        ("你好。", SENTENCE_PAUSE_MS),
        ("（好吗？）", SENTENCE_PAUSE_MS),
        ("Well,", CLAUSE_PAUSE_MS),
        ("好的，", CLAUSE_PAUSE_MS),
        ("and then", JOIN_PAUSE_MS),
        ("", JOIN_PAUSE_MS),
    ],
)
def test_the_pause_follows_the_punctuation(text, ms):
    assert pause_after(text) == ms
