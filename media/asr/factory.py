"""Which recogniser a language gets. The one place that knows all engines by name.

`auto` takes Vosk where a model of the language is installed, else the embedded Whisper. Loading
happens at `warm_up` or first use; what is missing or unknown is said here.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from media.asr.base import Recogniser
from media.asr.errors import AsrError, UnknownEngine, UnsupportedLanguage
from media.asr.vosk_models import find_vosk_model, need_vosk_model
from media.asr.whisper_models import MODELS
from media.pool import EnginePool

ENTRY_POINTS = "switchtalk.asr"
"""Group of third-party engines: a callable `(language, pool, models_dir, cache_dir)` that returns a
`Recogniser`."""

BUILT_IN = ("auto", "vosk", "whisper")


def create(
    engine: str,
    language: str,
    pool: EnginePool,
    models_dir: Path,
    cache_dir: Path,
    *,
    partial_every_ms: int = 1000,
) -> Recogniser:
    """The recogniser of an engine name and a language (`en`, `zh-CN`: a region is ignored).

    `partial_every_ms`: how often an engine that doesn't stream decodes an utterance that goes on.
    Raises UnknownEngine, UnsupportedLanguage, BadModel (a Vosk directory that isn't whole), or
    AsrError when a third-party engine can't be made.
    """
    language = language.replace("_", "-").split("-")[0].lower()
    if engine == "vosk":
        return _vosk(language, pool, need_vosk_model(language, models_dir))
    if engine == "whisper":
        return _whisper(language, pool, cache_dir, partial_every_ms)
    if engine == "auto":
        return _auto(language, pool, models_dir, cache_dir, partial_every_ms)
    installed = _installed()
    if engine not in installed:
        names = ", ".join([*BUILT_IN, *sorted(installed)])
        raise UnknownEngine(f"no speech recogniser named {engine!r}; use one of {names}")
    try:
        made: Recogniser = installed[engine].load()(language, pool, models_dir, cache_dir)
    except AsrError:
        raise
    except Exception as exc:
        raise AsrError(f"the recogniser {engine!r} can't be made: {exc}") from exc
    return made


def engines() -> list[str]:
    """Names that `create` knows, third parties' included."""
    return [*BUILT_IN, *sorted(_installed())]


def _auto(
    language: str, pool: EnginePool, models_dir: Path, cache_dir: Path, partial_every_ms: int
) -> Recogniser:
    model = find_vosk_model(language, models_dir)
    if model:
        return _vosk(language, pool, model)
    if language in MODELS:
        return _whisper(language, pool, cache_dir, partial_every_ms)
    raise UnsupportedLanguage(
        f"no recogniser for {language!r}: Whisper is embedded for {' and '.join(MODELS)}; for others "
        f"unpack a Vosk model as {models_dir / 'vosk' / language}"
    )


# Imported when used: each brings a library of many megabytes.
def _vosk(language: str, pool: EnginePool, model: Path) -> Recogniser:
    from media.asr.vosk import VoskRecogniser

    return VoskRecogniser(language, pool, model)


def _whisper(language: str, pool: EnginePool, cache_dir: Path, partial_every_ms: int) -> Recogniser:
    from media.asr.whisper import WhisperRecogniser

    return WhisperRecogniser(language, pool, cache_dir, partial_every_ms=partial_every_ms)


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
