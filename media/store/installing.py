"""Installing a model: fetched into `.pulling`, verified, unpacked, then put in place in one step.

models_dir/.pulling/<file>.part      grows, survives a broken download
models_dir/vosk/<language>/          an unpacked Vosk model
models_dir/piper/<voice>.onnx(.json) a Piper voice
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from media.store.catalogue import Model, catalogue, find
from media.store.download import Progress, fetch
from media.store.errors import Busy, StoreError, UnsafeArchive, Unverifiable
from media.store.unpack import unpack

MARKER = ".switchtalk-model.json"
"""In an unpacked model's directory: which model of the catalogue it is."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model and whether it is installed under the models directory."""

    model: Model
    installed: bool


def list_models(models_dir: Path) -> list[Listed]:
    """Every model of the catalogue, in its order."""
    return [Listed(model, is_installed(model, models_dir)) for model in catalogue().values()]


def is_installed(model: Model, models_dir: Path) -> bool:
    """All of the model's files are in place."""
    target = model.target(models_dir)
    if model.install == "unzip":
        return _marked(target) == model.name
    return all((target.parent / file.name).is_file() for file in model.files)


def pull(
    name: str,
    models_dir: Path,
    progress: Progress = lambda _name, _have, _total: None,
    *,
    sha256: str = "",
    unverified: bool = False,
    retry_s: float = 2.0,
) -> Path:
    """Fetch and install a model; returns where it is. At once when it is there already.

    `sha256`: the digest to expect where the catalogue has none; `unverified`: go on without any.
    Blocking, for minutes: run it from the command line or in a thread. Raises StoreError.
    """
    return install(_with_digest(find(name), sha256, unverified), models_dir, progress, retry_s=retry_s)


def install(model: Model, models_dir: Path, progress: Progress, *, retry_s: float = 2.0) -> Path:
    """Like `pull`, for a model that need not be in the catalogue."""
    target = model.target(models_dir)
    if is_installed(model, models_dir):
        return target
    pulling = models_dir / ".pulling"
    try:
        with _alone(pulling, model.name):
            parts = [pulling / f"{file.name}.part" for file in model.files]
            for file, part in zip(model.files, parts, strict=True):
                fetch(file, part, progress, retry_s)
            if model.install == "unzip":
                _place_directory(model, parts[0], target)
            else:
                _place_files(model, parts, target.parent)
    except OSError as exc:
        raise StoreError(f"{model.name} can't be installed in {models_dir}: {exc}") from exc
    return target


def _with_digest(model: Model, sha256: str, unverified: bool) -> Model:
    if sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise Unverifiable(f"{sha256!r} is not a SHA-256: 64 hexadecimal digits are expected")
    if sha256 and len(model.files) == 1:
        file = dataclasses.replace(model.files[0], sha256=sha256.lower())
        return dataclasses.replace(model, files=(file,))
    if not model.verified and not unverified:
        raise Unverifiable(
            f"no published SHA-256 of {model.name} was found, so a changed download could not be"
            " told from the real one; give the digest you trust with --sha256, or --unverified"
        )
    return model


def _place_directory(model: Model, archive: Path, target: Path) -> None:
    unpacked, old = archive.with_suffix(".unpacked"), archive.with_suffix(".old")
    for left_over in (unpacked, old):
        shutil.rmtree(left_over, ignore_errors=True)
    try:
        inside = unpack(archive, unpacked)
        marker = {"name": model.name, "sha256": model.files[0].sha256, "licence": model.licence}
        (inside / MARKER).write_text(json.dumps(marker), "utf-8")
        _swap(inside, target, old)
        archive.unlink()
    except UnsafeArchive:
        archive.unlink()
        raise
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _swap(new: Path, target: Path, old: Path) -> None:
    """`target` becomes `new`; what was there comes back when that fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _place_files(model: Model, parts: list[Path], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    # The model last: a voice counts only when its configuration is beside it.
    for file, part in reversed(list(zip(model.files, parts, strict=True))):
        part.replace(directory / file.name)


def _marked(directory: Path) -> str:
    try:
        return str(json.loads((directory / MARKER).read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@contextmanager
def _alone(pulling: Path, name: str) -> Iterator[None]:
    pulling.mkdir(parents=True, exist_ok=True)
    with (pulling / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise Busy(f"another process is pulling {name}; wait for it to end") from exc
        yield
