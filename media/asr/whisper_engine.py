"""Whisper in CTranslate2: a piece of audio in, its text out. Runs in native threads.

Responsible for: the short window that makes Whisper fast enough for conversation, cutting long
audio into windows, and not believing text about silence. Knows nothing of streams, callers or
threads; one engine may decode in two threads at once.

Whisper is trained on 30 s windows and spends most of its time on their silence. Eighteen seconds are
as good and take a third of the time (78 English clips, tiny.en: 9.6 % of words wrong at 20 s, 9.2 % at
18, 9.9 % at 16, 12 % at 12, 15 % at 10); below ten the output breaks. Twelve take 0.6 of the time of
eighteen: enough for words that are only shown while the caller speaks. The audio is one mel frame every
10 ms; what is missing is filled with the value that digital silence has beside this audio (29 English
clips: 16 % of words differ, 19 % with faster-whisper's zeros, with "4" for "four" counted as different).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from opencc import OpenCC

from media.asr.text import join_texts
from media.asr.whisper_models import find_model, prepare
from media.asr.whisper_text import clean
from media.pcm import FRAME_BYTES, RATE, floats

MEL_FRAMES_PER_S = 100
WINDOW_S = 18.0
SKETCH_WINDOW_S = 12.0
"""For a text that will be decoded again."""
ROOM_S = 1.0
"""Silence that must follow the audio inside its window."""
CAP_S = 28.0
"""Longest audio decoded in one window; more is cut at its quietest moment."""
CUT_FROM_S = 20.0
TOKENS_BASE, TOKENS_PER_S, TOKENS_MAX = 24, 12, 224
"""Longest output: English speech is 5 tokens a second, Chinese up to 10; a loop is cut there."""
SILENT_DBFS = -60.0
"""Audio whose loudest 20 ms are below this isn't decoded."""
DYNAMIC_RANGE = 2.0
"""Whisper's log mel values span max-2..max; the lowest is silence."""

CPU_INFO = Path("/proc/cpuinfo")
AVX512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
"""What CTranslate2's AVX-512 kernels are compiled for."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a piece of audio. Long audio comes back with its beginning settled: the first
    `settled_bytes` need never be decoded again, their text is `settled`."""

    text: str
    settled: str = ""
    settled_bytes: int = 0


class WhisperEngine:
    """A loaded model of one language. Building takes 0.3-0.7 s and 80 (en) or 150 (zh) MB.

    Raises what `whisper_models.prepare` raises.
    """

    def __init__(self, language: str, cache_dir: Path) -> None:
        _allow_avx512()
        folder = str(prepare(find_model(language), cache_dir))
        self.language = language
        self._model = ctranslate2.models.Whisper(
            folder, device="cpu", compute_type="int8", intra_threads=1, inter_threads=2
        )
        self._tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
        self._features = FeatureExtractor()
        self._end = self._token("endoftext")
        task = [] if language == "en" else [self._token(language), self._token("transcribe")]
        self._start = [self._token("startoftranscript"), *task, self._token("notimestamps")]
        self._simplify = OpenCC("t2s") if language == "zh" else None

    def transcribe(self, pcm: bytes, window_s: float = WINDOW_S) -> Decoded:
        """Text of PCM16 mono 16 kHz of any length, in windows of at least `window_s`. Blocking:
        about 0.17 s (en) or 0.3 s (zh) of one core for each window."""
        settled, at = [], 0
        while len(pcm) - at > _bytes(CAP_S):
            cut = at + quietest_cut(pcm[at : at + _bytes(CAP_S)])
            settled.append(self._window(pcm[at:cut], window_s))
            at = cut
        return Decoded(self._window(pcm[at:], window_s), join_texts(settled, self.language), at)

    def _window(self, pcm: bytes, window_s: float) -> str:
        levels = frame_levels(pcm)
        if not len(levels) or levels.max() < SILENT_DBFS:
            return ""
        seconds = len(pcm) / 2 / RATE
        features = self._mel(floats(pcm), max(window_s, seconds + ROOM_S))
        limit = min(TOKENS_MAX, TOKENS_BASE + round(TOKENS_PER_S * seconds))
        result = self._model.generate(
            ctranslate2.StorageView.from_array(features),
            [self._start],
            beam_size=1,
            max_length=len(self._start) + limit,
            return_no_speech_prob=True,
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < self._end]
        text = self._tokenizer.decode(tokens)
        text = clean(text, result.no_speech_prob, voiced_ms(levels))
        return self._simplify.convert(text) if self._simplify else text

    def _mel(self, audio: NDArray[np.float32], window_s: float) -> NDArray[np.float32]:
        """Log mel of the audio alone, filled up to the window: shape (1, 80, frames)."""
        mel: NDArray[np.float32] = self._features(audio)
        frames = round(window_s * MEL_FRAMES_PER_S)
        filled = np.full((1, mel.shape[0], frames), mel.max() - DYNAMIC_RANGE, np.float32)
        used = min(frames, mel.shape[1])
        filled[0, :, :used] = mel[:, :used]
        return filled

    def _token(self, name: str) -> int:
        number = self._tokenizer.token_to_id(f"<|{name}|>")
        assert number is not None, name
        return int(number)


def _allow_avx512() -> None:
    """CTranslate2 uses AVX-512 by itself on Intel only; elsewhere (EPYC 9004) it saves 8 % of a decode.

    Read when CTranslate2 first computes; whoever has set the variable knows better.
    """
    try:
        cpu = set(CPU_INFO.read_text(encoding="utf-8").split())
    except OSError:
        return  # not Linux
    if cpu >= AVX512:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def frame_levels(pcm: bytes) -> NDArray[np.float32]:
    """dBFS of each whole 20 ms."""
    whole = floats(pcm[: len(pcm) // FRAME_BYTES * FRAME_BYTES]).reshape(-1, FRAME_BYTES // 2)
    powers: NDArray[np.float32] = np.einsum("ij,ij->i", whole, whole) / whole.shape[1]
    return (10 * np.log10(np.maximum(powers, 1e-10))).astype(np.float32)


def voiced_ms(levels: NDArray[np.float32]) -> float:
    """How much of the audio is within 25 dB of its loudest and above SILENT_DBFS."""
    return 20.0 * int(np.count_nonzero(levels > max(float(levels.max()) - 25, SILENT_DBFS)))


def quietest_cut(pcm: bytes) -> int:
    """Where to cut `pcm` (bytes from its start): amid the quietest 200 ms after CUT_FROM_S."""
    start = round(CUT_FROM_S * 50)
    powers = 10 ** (frame_levels(pcm)[start:] / 10)
    smooth = np.convolve(powers, np.ones(10), mode="valid")
    return (start + int(np.argmin(smooth)) + 5) * FRAME_BYTES


def _bytes(seconds: float) -> int:
    return round(seconds * RATE) * 2
