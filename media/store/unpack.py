"""A zip archive from the web into a directory, without trusting it.

Refuses names that lead outside, links and other special files, and archives that grow beyond reason.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from media.store.errors import UnsafeArchive

MAX_BYTES = 12_000_000_000
MAX_ENTRIES = 10_000
MAX_RATIO = 60
"""Unpacked to packed; models here have 1-3."""


def unpack(archive: Path, target: Path) -> Path:
    """Unpack into the new directory `target`; returns the one directory in it, or `target`.

    Blocking. Raises UnsafeArchive; OSError when the disk fails."""
    try:
        with zipfile.ZipFile(archive) as source:
            entries = source.infolist()
            _check_size(entries, archive)
            for entry in entries:
                _check_entry(entry)
            target.mkdir(parents=True)
            for entry in entries:
                _extract(source, entry, target)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, UnicodeError) as exc:
        raise UnsafeArchive(f"{archive.name} is not a sound zip archive: {exc}") from exc
    inside = list(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target


def _check_size(entries: list[zipfile.ZipInfo], archive: Path) -> None:
    total = sum(entry.file_size for entry in entries)
    limit = min(MAX_BYTES, MAX_RATIO * archive.stat().st_size + 1_000_000)
    if len(entries) > MAX_ENTRIES or total > limit:
        raise UnsafeArchive(
            f"{archive.name} has {len(entries)} files of {total:,} bytes: more than a model has"
        )


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path, mode = PurePosixPath(entry.filename), entry.external_attr >> 16
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    odd_name = "\\" in entry.filename or ":" in entry.filename or "\0" in entry.orig_filename
    if outside or odd_name:
        raise UnsafeArchive(f"the archive holds {entry.filename!r}, which leads out of its directory")
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        raise UnsafeArchive(f"the archive holds {entry.filename!r}, which is a link or a device")


def _extract(source: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    path = target / entry.filename
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # zipfile reads no more than the size in the directory, and checks the CRC.
    with source.open(entry) as data, path.open("xb") as out:
        shutil.copyfileobj(data, out, 1 << 20)
