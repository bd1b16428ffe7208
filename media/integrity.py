"""Are the model files the ones this version was tested with?

Responsible for: SHA-256 of big files, remembered by (path, size, mtime) so that only the first start
reads them. Knows nothing of what the files mean; who loads a model pins its digest beside its name.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path

CACHE_FILE = "integrity.json"

log = logging.getLogger(__name__)


class ModelFileError(Exception):
    """A model file is missing, or is not the one that was pinned."""


def verify(path: Path, sha256: str, cache_dir: Path | None = None) -> None:
    """Return when `path` has the digest `sha256` (hex), else raise ModelFileError.

    Blocking (0.1-0.5 s for 145 MB) the first time for a file of this size and mtime; after that
    the answer comes from `cache_dir`/integrity.json (None: hash every time, for small files).
    """
    try:
        status = path.stat()
    except OSError as exc:
        raise ModelFileError(
            f"model file {path} can't be read ({exc.strerror}); reinstall the package it is from"
        ) from exc
    key = str(path.resolve())
    entry = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256}
    if cache_dir and _load(cache_dir).get(key) == entry:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelFileError(
            f"model file {path} is damaged or was replaced: SHA-256 is {found}, expected {sha256}; "
            "delete it and reinstall the package it is from (exact versions stand in setup.cfg)"
        )
    if cache_dir:
        _remember(cache_dir, key, entry)


def _load(cache_dir: Path) -> dict[str, object]:
    try:
        known = json.loads((cache_dir / CACHE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # no cache, or a broken one: hash again
    return known if isinstance(known, dict) else {}


def _remember(cache_dir: Path, key: str, entry: dict[str, object]) -> None:
    target = cache_dir / CACHE_FILE
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**_load(cache_dir), key: entry}, indent=1)
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError as exc:
        log.warning("can't write %s (%s): the next start hashes model files again", target, exc)
