"""fs_cli at a terminal of its own, typed at and read as a person would.

Responsible for keys and screen. Must never know whose event socket it is.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
from pathlib import Path

import gevent
from gevent.os import make_nonblocking, nb_read, nb_write

from tests.freeswitch.switch import find_program

LIMIT_S = 10.0


def command_line(port: int, password: str, *more: str) -> list[str]:
    """How fs_cli is called."""
    program = find_program("fs_cli")
    assert program, "fs_cli belongs to FreeSWITCH"
    return [str(program), "-H", "127.0.0.1", "-P", str(port), "-p", password, *more]


class Terminal:
    """A person at fs_cli."""

    def __init__(self, line: list[str], home: Path) -> None:
        self._fd, theirs = pty.openpty()
        environment = {**os.environ, "HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            line, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        make_nonblocking(self._fd)
        self.screen = ""

    def types(self, text: str) -> None:
        nb_write(self._fd, text.encode())

    def shows(self, pattern: str) -> str:
        """Wait until the screen shows `pattern` beyond what was asked for before."""
        with gevent.Timeout(LIMIT_S, AssertionError(f"{pattern!r} not in {self.screen!r}")):
            while not (found := re.search(pattern, self.screen)):
                self.screen += nb_read(self._fd, 4096).decode("utf-8", "replace")
        self.screen = self.screen[found.end() :]
        return found[0]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)
