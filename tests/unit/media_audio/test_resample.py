"""Resampling: delay, rejection and exactness of both kinds at every pair of rates."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.pcm import BadPcm
from media.resample import (
    RATES,
    Resampler,
    UnsupportedRate,
    live_resampler,
    resample,
    speech_resampler,
)
from tests.unit.media_audio.speech import to_pcm, to_wave, tone

PAIRS = list(permutations(RATES, 2))
LIVE_HOLDS_BACK_MS = 5.0
REJECTION_DB = 60.0
Make = Callable[[int, int], Resampler]


def whole(stream: Resampler, pcm: bytes) -> bytes:
    return stream.process(pcm) + stream.flush()


def level_db(pcm: bytes) -> float:
    """RMS re that of a tone of -6 dBFS peak, edges left out."""
    wave = to_wave(pcm)
    inner = wave[len(wave) // 4 : -len(wave) // 4]
    return float(20 * np.log10(np.sqrt(np.mean(inner**2)) / (0.5012 / 2**0.5) + 1e-12))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_live_answers_at_once(from_hz: int, to_hz: int) -> None:
    stream, sent, got = live_resampler(from_hz, to_hz), 0.0, 0.0
    for _ in range(50):
        frame = bytes(from_hz // 50 * 2)
        sent += 20
        got += len(stream.process(frame)) / 2 * 1000 / to_hz
        assert sent - got <= LIVE_HOLDS_BACK_MS


@pytest.mark.parametrize("make", [live_resampler, speech_resampler])
@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_voice_passes_and_nothing_is_lost(make: Make, from_hz: int, to_hz: int) -> None:
    pcm = to_pcm(tone([1000], -6, 500, from_hz))
    stream = make(from_hz, to_hz)
    for _ in range(2):  # flush leaves it ready for a new stream
        out = whole(stream, pcm)
        assert len(out) / 2 / to_hz == pytest.approx(0.5, abs=0.002)
        assert level_db(out) == pytest.approx(0, abs=0.3)
    for edge in (300, 3400):
        assert level_db(whole(stream, to_pcm(tone([edge], -6, 500, from_hz)))) > -1.5


@pytest.mark.parametrize("make", [live_resampler, speech_resampler])
@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_what_the_new_rate_cannot_carry_is_gone(make: Make, from_hz: int, to_hz: int) -> None:
    nyquist, top = to_hz / 2, from_hz / 2
    for hz in np.linspace(nyquist * 1.03, min(top * 0.98, nyquist * 2.5), 6):
        out = whole(make(from_hz, to_hz), to_pcm(tone([hz], -6, 400, from_hz)))
        assert level_db(out) < -REJECTION_DB, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_no_images_appear(from_hz: int, to_hz: int) -> None:
    out = to_wave(whole(live_resampler(from_hz, to_hz), to_pcm(tone([3000], -6, 800, from_hz))))
    inner = out[len(out) // 4 : -len(out) // 4]
    spectrum = np.abs(np.fft.rfft(inner * np.blackman(len(inner))))
    hz = np.fft.rfftfreq(len(inner), 1 / to_hz)
    image = spectrum[hz > from_hz / 2].max()
    assert 20 * np.log10(image / spectrum.max()) < -REJECTION_DB


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=12), st.sampled_from(PAIRS))
def test_chunk_sizes_do_not_matter(sizes: list[int], pair: tuple[int, int]) -> None:
    pcm = to_pcm(tone([700, 1900], -6, 200, pair[0]))
    stream, at, out = live_resampler(*pair), 0, b""
    for size in sizes:
        out += stream.process(pcm[at : at + size * 2])
        at += size * 2
    out += stream.process(pcm[at:]) + stream.flush()
    assert out == whole(live_resampler(*pair), pcm)


def test_same_rate_passes_through() -> None:
    for make in (live_resampler, speech_resampler):
        assert whole(make(16_000, 16_000), b"\1\2" * 99) == b"\1\2" * 99
    assert resample(b"\1\2" * 99, 8_000, 8_000) == b"\1\2" * 99


def test_one_shot_is_as_long_as_it_should_be() -> None:
    out = resample(to_pcm(tone([1000], -6, 500, 22_050)), 22_050, 16_000)
    assert len(out) == 16_000
    assert level_db(out) == pytest.approx(0, abs=0.1)


def test_bad_input_is_refused() -> None:
    for pair in ((11_025, 16_000), (16_000, 44_100), (0, 16_000)):
        with pytest.raises(UnsupportedRate, match="use one of 8000, 16000"):
            live_resampler(*pair)
    for stream in (live_resampler(8_000, 16_000), speech_resampler(8_000, 16_000)):
        with pytest.raises(BadPcm):
            stream.process(b"abc")
        assert stream.process(b"") == b""


def test_a_caller_costs_no_threads() -> None:
    before = len(list(Path("/proc/self/task").iterdir()))
    streams = [live_resampler(8_000, 16_000) for _ in range(5)]
    for stream in streams:
        stream.process(bytes(320))
    assert len(list(Path("/proc/self/task").iterdir())) == before
