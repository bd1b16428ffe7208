"""The server under test as a child process: the one place that knows how it is started.

Responsible for: start, readiness, log, HTTP questions, what the process costs, and its clean end.
It must never know what is being tested.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import gevent
import requests

REPO_ROOT = Path(__file__).resolve().parents[2]
SERVER = (sys.executable, "-m", "controller.cli", "run")
READY_LIMIT_S = 120.0
"""Loading all engines takes seconds; the first run also synthesises the prompts."""
STOP_LIMIT_S = 85.0
"""Live sessions get 30 s of it (`drain_s`), then 10 for a goodbye; tools that must finish 30 more."""
LOG_TAIL_LINES = 30
SETTINGS_PREFIX = "SWITCHTALK_"
CLOCK_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "switchtalk")
"""Tests that run beside each other share what was synthesised, and not the database."""


def var_dir(root: Path = REPO_ROOT) -> Path:
    """Where simulated servers keep their files: not the user's own."""
    return root / "var" / "simulated"


class ServerFailed(RuntimeError):
    """The server did not start, or did not end as it should; the message has the log's end."""


class ServerProcess:
    """`with ServerProcess(settings={"SWITCHTALK_MAX_SESSIONS": "3"}) as server: ...`

    `settings` are environment variables; those of the surrounding shell that begin with SWITCHTALK_
    are kept only with `inherit_settings`. `root` is the checkout whose code runs.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        inherit_settings: bool = False,
        command: Sequence[str] = SERVER,
        root: Path = REPO_ROOT,
        log_path: Path | None = None,
    ) -> None:
        self.port = _free_port()
        self.log_path = log_path or Path(tempfile.mkdtemp(prefix="switchtalk-")) / "server.log"
        self._command = [*command, "--port", str(self.port)]
        self._root = root
        self._environment = _environment(root, settings or {}, inherit_settings)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where HTTP is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where web audio is."""
        return f"ws://127.0.0.1:{self.port}/ws/audio"

    @property
    def alive(self) -> bool:
        """The process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self, limit_s: float = READY_LIMIT_S) -> Self:
        """Start and wait until `/readyz` says 200. Raises ServerFailed."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._root,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until_s = monotonic() + limit_s
        while not self._ready():
            if not self.alive:
                raise self._failure(f"ended with {self._process.poll()} before it was ready")
            if monotonic() > until_s:
                self.kill()
                raise self._failure(f"was not ready after {limit_s:g} s")
            gevent.sleep(0.2)
        return self

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """SIGTERM, and see that it ends by itself with exit code 0. Raises ServerFailed."""
        if self._process is None:
            return
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        if not self._ended_within(limit_s):
            self.kill()
            raise self._failure(f"still ran {limit_s:g} s after SIGTERM")
        if self._process.returncode != 0:
            raise self._failure(f"ended with exit code {self._process.returncode}")

    def kill(self) -> None:
        """SIGKILL, as when the machine loses power."""
        if self._process is not None and self.alive:
            self._process.kill()
            self._ended_within(STOP_LIMIT_S)

    @property
    def key(self) -> Mapping[str, str]:
        """Headers of a program on the server's machine; none for a server too old to know them."""
        directory = self._root / self._environment[f"{SETTINGS_PREFIX}VAR_DIR"]
        try:
            return {"Authorization": f"Bearer {(directory / 'local.key').read_text('ascii').strip()}"}
        except FileNotFoundError:
            return {}

    def get(self, path: str, timeout_s: float = 5.0) -> requests.Response:
        """HTTP GET from a native thread, so that callers on this hub go on. Raises OSError."""
        return self._ask("GET", path, None, timeout_s)

    def post(self, path: str, body: Any = None, timeout_s: float = 60.0) -> requests.Response:
        """HTTP POST of JSON, likewise."""
        return self._ask("POST", path, body, timeout_s)

    def _ask(self, method: str, path: str, body: Any, timeout_s: float) -> requests.Response:
        asked = (method, self.url + path, self.key, body, timeout_s)
        answer = gevent.get_hub().threadpool.apply(_request, asked)
        if isinstance(answer, OSError):
            raise answer
        assert isinstance(answer, requests.Response)
        return answer

    def sessions(self) -> list[dict[str, Any]]:
        """Live sessions, as the API tells them."""
        answer = self.get("/api/v1/sessions?state=live")
        answer.raise_for_status()
        sessions: list[dict[str, Any]] = answer.json()["sessions"]
        return sessions

    def cpu_s(self) -> float:
        """CPU time used so far, all threads, user and system (/proc/PID/stat fields 14, 15)."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S

    def rss_mb(self) -> float:
        """Resident memory now (/proc/PID/status VmRSS)."""
        line = next(each for each in self._proc("status").splitlines() if "VmRSS" in each)
        return int(line.split()[1]) / 1024

    def open_files(self) -> int:
        """File descriptors now, sockets among them (/proc/PID/fd)."""
        if self._process is None:
            raise ServerFailed("the server was never started")
        return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))

    def log_tail(self) -> str:
        """The last lines of its log."""
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.kill()

    def _ready(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except requests.ConnectionError:
            return False  # not listening yet

    def _ended_within(self, limit_s: float) -> bool:
        until_s = monotonic() + limit_s
        while self.alive and monotonic() < until_s:
            gevent.sleep(0.05)
        return not self.alive

    def _proc(self, name: str) -> str:
        if self._process is None:
            raise ServerFailed("the server was never started")
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="utf-8")

    def _failure(self, what: str) -> ServerFailed:
        return ServerFailed(f"the server {what}; log {self.log_path} ends:\n{self.log_tail()}")


def _request(
    method: str, url: str, headers: Mapping[str, str], body: Any, timeout_s: float
) -> requests.Response | OSError:
    """Errors are returned: a thread pool prints the traceback of what it raises."""
    try:
        return requests.request(method, url, headers=dict(headers), json=body, timeout=timeout_s)
    except OSError as exc:
        return exc


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(root: Path, settings: Mapping[str, str], inherit: bool) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if inherit or not name.startswith(SETTINGS_PREFIX)
    }
    own = {
        "PYTHONPATH": str(root),
        "PYTHONUNBUFFERED": "1",
        f"{SETTINGS_PREFIX}VAR_DIR": str(var_dir(root)),
        f"{SETTINGS_PREFIX}CONSOLE__PORT": "0",  # one may run already
    }
    if f"{SETTINGS_PREFIX}VAR_DIR" not in settings:
        own[f"{SETTINGS_PREFIX}DATABASE__URL"] = f"sqlite:///{var_dir(root) / WORKER}.db"
    return {**own, **kept, **settings}
