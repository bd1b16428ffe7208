"""Which synthesiser a language and a voice get. The one place that knows all engines by name.

`auto` takes the best there is: a Piper voice pulled for the language, the embedded one for
English, and espeak-ng for everything else.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from media.pool import EnginePool
from media.tts.base import Synthesiser
from media.tts.cache import CachedSynthesiser
from media.tts.clipstore import ClipStore
from media.tts.errors import TtsError, UnknownEngine, UnknownVoice
from media.tts.espeak import EspeakSynthesiser
from media.tts.piper import PiperModel, PiperSynthesiser, embedded_english, find_model
from media.tts.pooled import PooledSynthesiser

ENTRY_POINTS = "switchtalk.tts"
"""Group of third-party engines: a callable `(language, voice, pool, models_dir, speed)` that
returns a `Synthesiser`."""

BUILT_IN = ("auto", "piper", "espeak")
MIN_SPEED, MAX_SPEED = 0.5, 2.0


def create(
    engine: str,
    language: str,
    voice: str,
    pool: EnginePool,
    models_dir: Path,
    cache_dir: Path,
    *,
    cache_mb: float = 200,
    memory_mb: float = 16,
    speed: float = 1.0,
) -> CachedSynthesiser:
    """A cached synthesiser; its engine loads at `warm_up` or at the first text.

    `language`: `en`, `zh`, …; a region (`zh-CN`) is ignored. `voice`: a name, or empty for the
    usual one. Piper voices are looked for in `models_dir/piper`. Raises UnknownEngine,
    UnknownVoice, UnsupportedVoice, or TtsError for a speed out of range.
    """
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise TtsError(f"speech speed {speed} is not between {MIN_SPEED} and {MAX_SPEED}")
    language = language.replace("_", "-").split("-")[0].lower()
    inner = _engine(engine, language, voice, pool, models_dir, cache_dir, speed)
    default = f"{inner.name}|{inner.voice}|{inner.language}|{inner.rate}|{speed:.3f}"
    identity = inner.identity if isinstance(inner, PooledSynthesiser) else default
    store = ClipStore(cache_dir / "tts", cache_mb, memory_mb)
    return CachedSynthesiser(inner, store, identity)


def engines() -> list[str]:
    """Names that `create` takes: the built-in ones and installed entry points."""
    return [*BUILT_IN, *sorted(point.name for point in entry_points(group=ENTRY_POINTS))]


def _engine(
    engine: str,
    language: str,
    voice: str,
    pool: EnginePool,
    models_dir: Path,
    cache_dir: Path,
    speed: float,
) -> Synthesiser:
    if engine in ("auto", "piper"):
        model = _piper_model(language, voice, models_dir / "piper")
        if model is not None:
            return PiperSynthesiser(model, language, pool, speed=speed, cache_dir=cache_dir)
        if engine == "piper":
            raise UnknownVoice(_no_piper_voice(language, voice, models_dir / "piper"))
    if engine in ("auto", "espeak"):
        return EspeakSynthesiser(language, pool, voice=voice, speed=speed)
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == engine:
            made: Synthesiser = point.load()(language, voice, pool, models_dir, speed)
            return made
    raise UnknownEngine(f"no speech engine {engine!r}; there are: {', '.join(engines())}")


def _piper_model(language: str, voice: str, directory: Path) -> PiperModel | None:
    embedded = embedded_english()
    if voice:
        return embedded if voice == embedded.name else find_model(directory, voice)
    pulled = find_model(directory, language)
    return pulled or (embedded if language == "en" else None)


def _no_piper_voice(language: str, voice: str, directory: Path) -> str:
    wanted = f"voice {voice!r}" if voice else f"voice for language {language!r}"
    return f"no Piper {wanted} in {directory}; pull one, or use the engine espeak or auto"
