"""Finished speech on disk and in memory, by key.

Responsible for files: one a clip, written whole or not at all, checked when read, the least
recently used removed beyond a size. Knows nothing of engines or of what a key means.

    SWTC1 | rate Hz u32 | bytes of PCM u32 | CRC-32 u32 | PCM16 mono      (little-endian)
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
import time
import zlib
from collections import OrderedDict
from pathlib import Path

import gevent
from gevent.threadpool import ThreadPool

from media.tts.base import Clip

log = logging.getLogger(__name__)

_HEADER = struct.Struct("<5sIII")
_MAGIC = b"SWTC1"
WRITES_PER_COUNT = 64
ABANDONED_S = 60
MAX_WAITING_WRITES = 256
"""Beyond this, clips stay in memory only: a slow disk must not eat it up."""


class ClipStore:
    """Use it on one hub. Reading is a single small file (0.2 ms from the page cache); writing and
    removing happen in a thread of its own."""

    def __init__(self, directory: Path, max_mb: float, memory_mb: float) -> None:
        """`max_mb` on disk, `memory_mb` of the most recent in memory. Creates `directory`."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._max_bytes = int(max_mb * 1_000_000)
        self._memory: OrderedDict[str, Clip] = OrderedDict()
        self._memory_bytes = 0
        self._memory_max = int(memory_mb * 1_000_000)
        self._writer = ThreadPool(1)
        self._waiting = 0
        self._disk_bytes = 0  # the writer's own, with _until_count
        self._until_count = 0

    def __contains__(self, key: str) -> bool:
        return key in self._memory or self._path(key).exists()

    def get(self, key: str) -> Clip | None:
        """The clip, or None; a damaged file is removed."""
        clip = self._memory.get(key)
        if clip is not None:
            self._memory.move_to_end(key)
            return clip
        clip = self._read(self._path(key))
        if clip is not None:
            self._remember(key, clip)
        return clip

    def put(self, key: str, clip: Clip) -> None:
        """Keep a clip; on disk a little later."""
        self._remember(key, clip)
        if self._waiting >= MAX_WAITING_WRITES:
            log.warning("speech cache: the disk is too slow, a clip stays in memory only")
            return
        self._waiting += 1
        gevent.spawn(self._write_behind, key, clip)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is on disk; False when the time is over first."""
        with gevent.Timeout(timeout_s, False):
            while self._waiting:
                gevent.sleep(0.01)
        return not self._waiting

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}.clip"

    def _remember(self, key: str, clip: Clip) -> None:
        old = self._memory.pop(key, None)
        self._memory_bytes += len(clip.pcm) - (len(old.pcm) if old else 0)
        self._memory[key] = clip
        while self._memory_bytes > self._memory_max and self._memory:
            _, dropped = self._memory.popitem(last=False)
            self._memory_bytes -= len(dropped.pcm)

    def _read(self, path: Path) -> Clip | None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            log.warning("speech cache: %s can't be read: %s", path, exc)
            return None
        clip = _decode(data)
        try:
            if clip is None:
                log.warning("speech cache: %s is damaged and was removed", path)
                path.unlink(missing_ok=True)
            else:
                os.utime(path)
        except OSError as exc:
            log.warning("speech cache: %s: %s", path, exc)
        return clip

    def _write_behind(self, key: str, clip: Clip) -> None:
        try:
            self._writer.apply(self._write, (self._path(key), clip))
        except OSError as exc:
            log.warning("speech cache: a clip was not kept: %s", exc)
        finally:
            self._waiting -= 1

    def _write(self, path: Path, clip: Clip) -> None:
        self._until_count -= 1
        if self._until_count < 0:
            # Other voices and processes write here too.
            self._until_count = WRITES_PER_COUNT
            self._remove_abandoned()
            self._disk_bytes = sum(size for _, size, _ in self._files())
        data = _HEADER.pack(_MAGIC, clip.rate, len(clip.pcm), zlib.crc32(clip.pcm)) + clip.pcm
        path.parent.mkdir(exist_ok=True, mode=0o700)
        # Another process may share the directory: the name is ours alone until renamed.
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        self._disk_bytes += len(data)
        if self._disk_bytes > self._max_bytes:
            self._disk_bytes = self._evict()

    def _remove_abandoned(self) -> None:
        """Half-written files of a process that was killed."""
        for path in self._directory.glob("*/*.tmp"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()

    def _evict(self) -> int:
        """Remove the least recently used down to 90 %; returns the bytes left."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._max_bytes * 0.9:
                break
            path.unlink(missing_ok=True)
            total -= size
        return total

    def _files(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self._directory.glob("*/*.clip"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found.append((stat.st_mtime_ns, stat.st_size, path))
        return found


def _decode(data: bytes) -> Clip | None:
    if len(data) < _HEADER.size:
        return None
    magic, rate, size, crc = _HEADER.unpack_from(data)
    pcm = data[_HEADER.size :]
    if magic != _MAGIC or not rate or size != len(pcm) or size % 2 or zlib.crc32(pcm) != crc:
        return None
    return Clip(pcm, rate)
