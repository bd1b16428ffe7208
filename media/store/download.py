"""One file from the web to disk: streamed, resumed, checked.

Knows HTTP and digests; nothing of models.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import requests

from media.store.catalogue import ModelFile
from media.store.errors import DiskFull, DownloadFailed, HashMismatch

Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes there, bytes in all or 0 when unknown)."""

CONNECT_S, READ_S = 10, 60
ATTEMPTS = 5
"""In a row without a byte of progress."""
CHUNK_BYTES = 1 << 15
MAX_BYTES = 8_000_000_000
SPARE_BYTES = 50_000_000
"""Left free on the disk."""


def fetch(file: ModelFile, part: Path, progress: Progress, retry_s: float = 2.0) -> None:
    """Make `part` the whole file, going on from what it already holds, and verify its digest.

    Blocking. Raises DownloadFailed (`part` is kept), DiskFull, or HashMismatch (`part` removed).
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    while True:
        before = _size(part)
        try:
            _transfer(file, part, progress)
            break
        except (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ) as exc:
            failures = 0 if _size(part) > before else failures + 1
            if failures >= ATTEMPTS or isinstance(exc, requests.exceptions.SSLError):
                raise DownloadFailed(_unreachable(file, exc)) from exc
            time.sleep(retry_s)
        except requests.RequestException as exc:
            raise DownloadFailed(f"{file.url} can't be fetched: {exc}") from exc
        except OSError as exc:
            raise _disk_error(part, exc) from exc
    _verify(file, part)


def _transfer(file: ModelFile, part: Path, progress: Progress) -> None:
    have = _size(part)
    if file.bytes and have == file.bytes:
        return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(file.url, headers=headers, stream=True, timeout=(CONNECT_S, READ_S)) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            # All of it is here already, or it is not this file: the digest tells which.
            if answer.headers.get("Content-Range", "").endswith(f"/{have}"):
                return
            part.unlink(missing_ok=True)
            raise requests.ConnectionError("the server has another file now; starting over")
        if not answer.ok:
            raise DownloadFailed(
                f"{file.url}: the server answered {answer.status_code} {answer.reason};"
                " if that stays so, the file has moved: fetch it by hand into the models directory"
            )
        resumed = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not (answer.status_code == requests.codes.partial_content and resumed):
            have = 0
        total = have + int(answer.headers.get("Content-Length") or 0)
        _write(answer, file, part, have, total, progress)


def _write(
    answer: requests.Response,
    file: ModelFile,
    part: Path,
    have: int,
    total: int,
    progress: Progress,
) -> None:
    limit = file.bytes or MAX_BYTES
    _require_room(part, (total or file.bytes) - have)
    with part.open("ab" if have else "wb") as out:
        for chunk in answer.iter_content(CHUNK_BYTES):
            have += len(chunk)
            if have > limit:
                out.close()
                part.unlink(missing_ok=True)
                raise HashMismatch(f"{file.url} sent more than the {limit:,} bytes it should have")
            out.write(chunk)
            progress(file.name, have, total)


def _verify(file: ModelFile, part: Path) -> None:
    if not file.sha256:
        return
    with part.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != file.sha256.lower():
        part.unlink()
        raise HashMismatch(
            f"{file.name} from {file.url} is not the published file (SHA-256 {found}, expected"
            f" {file.sha256}); it was removed. Try again; if it stays so, don't use that source"
        )


def _require_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed + SPARE_BYTES > free:
        raise DiskFull(
            f"{part.parent} has {free / 1e6:.0f} MB free, {(needed + SPARE_BYTES) / 1e6:.0f} MB are"
            " needed; make room or choose another models directory"
        )


def _disk_error(part: Path, exc: OSError) -> DiskFull | DownloadFailed:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{part.parent} is full; make room and pull again, it goes on from there")
    return DownloadFailed(f"{part} can't be written: {exc.strerror or exc}")


def _unreachable(file: ModelFile, exc: Exception) -> str:
    return (
        f"{file.url} can't be reached ({exc}); check the network or the proxy (HTTPS_PROXY) and"
        " pull again: what has arrived is kept"
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
