"""Greetings as a telephone line carries them: 8 kHz, mu-law, noise. Knows nothing of who judges them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from numpy.typing import NDArray

from media.pcm import FRAME_BYTES, FRAME_MS, RATE, read_wav
from media.pool import EnginePool
from media.resample import live_resampler, resample
from media.tts.base import Clip
from media.tts.espeak import EspeakSynthesiser
from media.tts.piper import PiperModel, PiperSynthesiser, embedded_english
from media.tts.pooled import PooledSynthesiser
from tests.freeswitch.sip_media import decode, encode
from tests.greetings.greeting import Greeting, Part, Pause, Recorded, Tone, Words

LINE_RATE = 8_000
SPEECH = Path(__file__).parents[1] / "data" / "speech"
TELEVISION_DBFS = -38.0
TONE_DBFS = -16.0
FADE_MS = 3
TURNED = {"joe": 1.0, "joe-high": 1.17, "joe-low": 0.88}
"""Piper's voice played faster or slower: another voice. Its speed is made up for, not its throat."""
Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sound:
    """PCM16 mono 16 kHz, as a session hears it. `beep_end_ms`: where the last tone is over;
    `hello_end_ms`: where the first words are, by their last loud sample."""

    pcm: bytes
    beep_end_ms: float | None
    hello_end_ms: float | None = None

    @property
    def frames(self) -> list[bytes]:
        """Of 20 ms."""
        whole = len(self.pcm) // FRAME_BYTES * FRAME_BYTES
        return [self.pcm[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES)]

    @property
    def ms(self) -> float:
        """Its length."""
        return len(self.pcm) // FRAME_BYTES * FRAME_MS


def sound_of(greeting: Greeting, tail_ms: int = 2000) -> Sound:
    """The greeting on the line, and the line's noise for `tail_ms` more."""
    waves, beep_end, hello_end, at = [], None, None, 0
    for part in [*greeting.parts, Pause(tail_ms)]:
        wave = _wave(part, greeting)
        if isinstance(part, Words | Recorded) and hello_end is None:
            hello_end = (at + _loud(wave)[-1] + 1) * 1000 / LINE_RATE
        waves.append(wave)
        at += len(wave)
        if isinstance(part, Tone):
            beep_end = at * 1000 / LINE_RATE
    line = np.concatenate(waves) + _noise(greeting, at)
    coded = decode(encode((np.clip(line, -1, 1) * 32767).astype("<i2").tobytes()))
    up = live_resampler(LINE_RATE, RATE)
    return Sound(up.process(coded) + up.flush(), beep_end, hello_end)


def _wave(part: Part, greeting: Greeting) -> Wave:
    match part:
        case Pause(ms):
            return np.zeros(LINE_RATE * ms // 1000)
        case Tone(hz, ms):
            at = np.arange(LINE_RATE * ms // 1000) / LINE_RATE
            tone = sum(np.sin(2 * np.pi * f * at) for f in hz) / len(hz) * np.sqrt(2)
            return _faded(np.asarray(tone)) * _amplitude(TONE_DBFS)
        case Recorded(file):
            pcm, rate = read_wav(SPEECH / f"{file}.wav")
            return _at_level(resample(pcm, rate, LINE_RATE), greeting.dbfs)
        case Words(text):
            return _at_level(_spoken(greeting.voice, text), greeting.dbfs)


def _noise(greeting: Greeting, count: int) -> Wave:
    random = np.random.default_rng(sum(map(ord, greeting.name)))
    if greeting.noise != "tv":
        return random.normal(0, _amplitude(float(greeting.noise)), count)
    files = sorted((SPEECH / "en").glob("free_*.wav"))
    talk = np.zeros(0)
    while len(talk) < count:
        pcm, rate = read_wav(files[int(random.integers(len(files)))])
        talk = np.append(talk, _at_level(resample(pcm, rate, LINE_RATE), TELEVISION_DBFS))
    return np.asarray(talk[:count]) + random.normal(0, _amplitude(-55), count)


def _at_level(pcm: bytes, dbfs: float) -> Wave:
    """At this RMS where it is loud: pauses inside don't count."""
    wave = np.frombuffer(pcm, "<i2") / 32768
    loud = wave[np.abs(wave) > np.abs(wave).max() / 30]
    return np.asarray(wave * _amplitude(dbfs) / np.sqrt(np.mean(loud**2)))


def _loud(wave: Wave) -> NDArray[np.intp]:
    """Where it is not silent."""
    return np.flatnonzero(np.abs(wave) > np.abs(wave).max() / 100)


def _amplitude(dbfs: float) -> float:
    return float(10 ** (dbfs / 20))


def _faded(wave: Wave) -> Wave:
    edge = np.linspace(0, 1, LINE_RATE * FADE_MS // 1000)
    wave[: len(edge)] *= edge
    wave[-len(edge) :] *= edge[::-1]
    return wave


@cache
def _spoken(voice: str, text: str) -> bytes:
    """PCM16 at the line's rate."""
    clips: list[Clip] = []

    def take(clip: Clip) -> bool:
        clips.append(clip)
        return True

    _voice(voice).render(text, take)
    pcm, rate = b"".join(clip.pcm for clip in clips), clips[0].rate
    turn = TURNED.get(voice, 1.0)
    wave = np.frombuffer(pcm, "<i2").astype(np.float64)
    loud = _loud(wave)
    wave = wave[loud[0] : loud[-1] + 1]  # the pauses are the score's
    played = np.interp(np.arange(0, len(wave) - 1, turn), np.arange(len(wave)), wave)
    return resample(played.astype("<i2").tobytes(), rate, LINE_RATE)


@cache
def _voice(name: str) -> PooledSynthesiser:
    if name in TURNED:
        return PiperSynthesiser(_steady_piper(), "en", _nowhere(), speed=1 / TURNED[name])
    return EspeakSynthesiser("zh" if name.startswith("cmn") else "en", _nowhere(), voice=name)


@cache
def _steady_piper() -> PiperModel:
    """Piper never says a text twice in the same way, but a set must sound the same in every run."""
    model = embedded_english()
    settings = json.loads(model.config.read_text(encoding="utf-8"))
    settings["inference"] |= {"noise_scale": 0.0, "noise_w": 0.0}
    steady = Path(mkdtemp(prefix="switchtalk-voice-")) / model.config.name
    steady.write_text(json.dumps(settings), encoding="utf-8")
    return replace(model, config=steady)


@cache
def _nowhere() -> EnginePool:
    """Engines want a pool; here they render in the caller's thread."""
    return EnginePool(1)
