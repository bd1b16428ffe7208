"""Beeps are heard; voices, noise, keys and call tones are none."""

from __future__ import annotations

import csv
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from controller.dialer.machine.beep import BeepFinder
from media.pcm import RATE

SPEECH = Path(__file__).parents[2] / "data" / "speech"
Pcm = NDArray[np.float64]


def tone(*hz: float, ms: int, level: float = 6000) -> Pcm:
    at = np.arange(RATE * ms // 1000) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * f * at) for f in hz)) * level / len(hz)


def silence(ms: int) -> Pcm:
    return np.zeros(RATE * ms // 1000)


def noise(ms: int, level: float) -> Pcm:
    return np.random.default_rng(1).normal(0, level, RATE * ms // 1000)


def beeps(*parts: Pcm) -> list[int]:
    """The ms after which a beep was told."""
    pcm = np.concatenate([*parts, silence(100)]).clip(-32768, 32767).astype("<i2").tobytes()
    finder = BeepFinder()
    return [at // 32 for at in range(0, len(pcm) - 639, 640) if finder.feed(pcm[at : at + 640])]


@pytest.mark.parametrize("hz", [350, 440, 500, 850, 1000, 1400, 2000, 2500])
@pytest.mark.parametrize("ms", [200, 500, 1000, 2000])
def test_a_beep_is_told_when_it_is_over(hz: int, ms: int) -> None:
    (at,) = beeps(silence(300), tone(hz, ms=ms))
    assert 300 + ms <= at <= 300 + ms + 60


@pytest.mark.parametrize("pair", [(850, 1000), (1000, 1400), (800, 1200)])
def test_a_beep_of_two_tones(pair: tuple[int, int]) -> None:
    (at,) = beeps(silence(300), tone(*pair, ms=400))
    assert 700 <= at <= 760


@pytest.mark.parametrize("hz", [(425,), (440, 480), (400, 450), (697, 1209), (2100,)])
def test_a_tone_is_known_while_it_lasts(hz: tuple[int, ...]) -> None:
    finder = BeepFinder()
    pcm = tone(*hz, ms=400).astype("<i2").tobytes()
    for at in range(0, len(pcm), 640):
        finder.feed(pcm[at : at + 640])
    assert finder.tone_ms >= 300
    finder.feed(bytes(640))
    assert finder.tone_ms == 0


@pytest.mark.parametrize("level", [800, 3000, 20_000])
def test_quiet_and_loud_ones_over_line_noise(level: float) -> None:
    line = noise(1500, 60)
    line[RATE // 2 : RATE] += tone(1000, ms=500, level=level)
    assert len(beeps(line)) == 1


@pytest.mark.parametrize(
    "sound",
    [
        tone(1000, ms=100),  # too short
        tone(425, ms=4000),  # a dial tone goes on
        tone(440, 480, ms=1000),  # ringback
        tone(480, 620, ms=500),  # busy
        tone(697, 1209, ms=300),  # a key
        tone(200, ms=800),  # hum
        noise(1000, 5000),
        np.concatenate([tone(f, ms=40) for f in range(400, 2400, 100)]),  # a siren
        tone(1000, ms=500, level=200),  # too quiet to be meant for us
    ],
    ids=["short", "dial", "ringback", "busy", "key", "hum", "noise", "siren", "quiet"],
)
def test_other_sounds_are_no_beep(sound: Pcm) -> None:
    assert beeps(silence(200), sound) == []


def test_two_beeps_are_two() -> None:
    assert len(beeps(tone(1000, ms=300), silence(200), tone(1000, ms=300))) == 2


def test_an_odd_frame_is_no_tone() -> None:
    finder = BeepFinder()
    assert not any(finder.feed(frame) for frame in (b"", b"\x01", b"\x00" * 100, b"\x00" * 4000))


def test_no_word_of_the_test_speech_is_a_beep() -> None:
    with (SPEECH / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        paths = [SPEECH / row[0] for row in csv.reader(file, delimiter="\t") if row[0].endswith(".wav")]
    heard = {path.name: beeps(_read(path)) for path in paths}
    assert len(heard) > 50
    assert {name: at for name, at in heard.items() if at} == {}


def _read(path: Path) -> Pcm:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
