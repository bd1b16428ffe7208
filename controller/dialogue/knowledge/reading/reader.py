"""Reads a file of any known format, in a process of its own.

Responsible for names, sizes, that process, and turning whatever happens there into a typed error. May be
called on any thread: it uses nothing that gevent patches (whose child processes belong to the hub).
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import PurePath
from tempfile import TemporaryFile

from gevent import monkey

from controller.dialogue.knowledge import errors
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.limits import Limits

FORMATS = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".csv": "csv",
}
"""Name's ending → format."""
MAX_MESSAGE = 300

_posix_spawn = monkey.get_original("os", "posix_spawn")
_waitpid = monkey.get_original("os", "waitpid")


def format_of(name: str) -> str:
    """The format by the file's name. Raises UnknownFormat."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in FORMATS:
        known = " ".join(FORMATS)
        raise errors.UnknownFormat(
            f"{name}: files that end in {suffix or 'nothing'} can't be read; expected one of: {known}"
        )
    return FORMATS[suffix]


def read(data: bytes, name: str, limits: Limits) -> list[Section]:
    """The sections of a file, in its order; never empty. Blocking: 0.1 s and the parser's time.

    Raises UnknownFormat, TooBig, Empty, Unreadable.
    """
    format_name = format_of(name)
    if len(data) > limits.file_bytes:
        raise errors.TooBig(f"{name}: {len(data):,} bytes; at most {limits.file_bytes:,} are read")
    said, complaints = _in_a_process(data, format_name, limits)
    if complaints and not said:
        raise errors.Unreadable(f"{name}: the reader failed: {complaints[-MAX_MESSAGE:]}")
    try:
        answer = json.loads(said)
    except ValueError as error:  # ended by its limits before it had answered
        raise errors.TooBig(
            f"{name}: reading it takes more than {limits.cpu_s} s or too much memory"
        ) from error
    if "error" in answer:
        raise getattr(errors, answer["error"])(f"{name}: {answer['message'][:MAX_MESSAGE]}")
    return [Section(title, text) for title, text in answer["sections"]]


def _in_a_process(data: bytes, format_name: str, limits: Limits) -> tuple[str, str]:
    """What the worker wrote to stdout and to stderr. It ends itself when it takes too long."""
    command = [sys.executable, "-m", f"{__package__}.worker", format_name, json.dumps(asdict(limits))]
    with TemporaryFile() as source, TemporaryFile() as answer, TemporaryFile() as complaints:
        source.write(data)
        source.seek(0)
        streams = [
            (os.POSIX_SPAWN_DUP2, file.fileno(), at)
            for at, file in enumerate((source, answer, complaints))
        ]
        pid = _posix_spawn(sys.executable, command, os.environ, file_actions=streams)
        with suppress(ChildProcessError):  # somebody collects all children: it has ended as well
            _waitpid(pid, 0)
        answer.seek(0)
        complaints.seek(0)
        return answer.read().decode("utf-8", "replace"), complaints.read().decode(
            "utf-8", "replace"
        ).strip()
