"""Audio files in a directory that this process and FreeSWITCH share.

Responsible for writing them whole, under names that nobody can guess, and for leaving none behind. It
must never know calls or what is said. A file is at most 64 KiB and lives for seconds: give it a
directory in memory (tmpfs), then writing one takes some 50 us and never waits for a disk.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path

import structlog

from controller.telephony.checks import BadArgument, check_path
from controller.telephony.delivery import Delivery as Delivery
from controller.telephony.delivery import DeliveryFailed, Ready
from controller.telephony.esl.event import Event

MODE = 0o640
"""FreeSWITCH may run as another user of the same group."""

_OURS = re.compile(r"switchtalk-[A-Za-z0-9-]{1,64}\.r16")

log = structlog.get_logger(__name__)


class SpoolFailed(DeliveryFailed):
    """The directory can't be used: it is full, gone, or not ours to write to."""


class Spool:
    """A Delivery for all calls. The directory belongs to this process alone."""

    def __init__(self, ours: Path, theirs: str | None = None) -> None:
        """`ours`: the directory as we see it; `theirs`: as FreeSWITCH does, when that differs.

        Raises BadArgument for a path that can't be told to FreeSWITCH."""
        self._ours = ours.absolute()
        self._theirs = check_path(theirs or str(self._ours)).rstrip("/")

    def clean_up(self) -> int:
        """Make the directory, and remove what a crash left behind; how many files that were.

        Raises SpoolFailed."""
        removed = 0
        try:
            self._ours.mkdir(mode=0o750, parents=True, exist_ok=True)
            for path in self._ours.iterdir():
                if _OURS.fullmatch(path.name):
                    path.unlink(missing_ok=True)
                    removed += 1
        except OSError as exc:
            raise SpoolFailed(f"audio directory {self._ours}: {exc.strerror}") from exc
        if not os.access(self._ours, os.W_OK | os.X_OK):
            raise SpoolFailed(f"audio directory {self._ours}: we may not write to it")
        if removed:
            log.info("audio files of an earlier run removed", count=removed)
        return removed

    def watch(self, vanished: Callable[[], None]) -> None:
        """Files stay until they are removed."""

    def put(self, name: str, pcm: bytes, ready: Ready) -> None:
        """Write `name`'s file. Raises SpoolFailed."""
        path = self._path(name)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
        except OSError as exc:
            raise SpoolFailed(f"audio file in {self._ours}: {exc.strerror}") from exc
        try:
            with os.fdopen(fd, "wb", buffering=0) as file:
                os.fchmod(fd, MODE)  # whatever our umask is
                written = file.write(pcm)
            if written != len(pcm):
                raise OSError(errno.ENOSPC, "only a part fits, the directory is full")
        except OSError as exc:
            path.unlink(missing_ok=True)
            raise SpoolFailed(f"audio file in {self._ours}: {exc.strerror}") from exc
        ready(f"{self._theirs}/{path.name}")

    def remove(self, name: str) -> None:
        """Remove `name`'s file, if it is there. FreeSWITCH plays an open one to its end."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as exc:
            log.warning("audio file not removed", directory=str(self._ours), why=exc.strerror)

    def on_event(self, event: Event) -> None:
        """Nothing to learn: a file is there once it is written."""

    def close(self) -> None:
        """One call is over; its files were removed by name."""

    def _path(self, name: str) -> Path:
        file_name = f"switchtalk-{name}.r16"
        if not _OURS.fullmatch(file_name):
            raise BadArgument(f"{name!r} is no name for an audio file: use letters, digits and dashes")
        return self._ours / file_name
