"""Which code is measured: this checkout, or another commit in a git worktree of its own.

Responsible for commit names and worktrees under var/. It must never change the checkout it runs in.
"""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.simulator.server_process import REPO_ROOT

BENCH_DIR = REPO_ROOT / "var" / "bench"
WORKTREES = BENCH_DIR / "worktrees"
LOOK_BACK_COMMITS = 200


class GitFailed(RuntimeError):
    """A git command did not work; the message is git's own."""


def commit_name(root: Path = REPO_ROOT) -> str:
    """Short hash of HEAD, with `-dirty` when the files there are not exactly it."""
    name = _git("rev-parse", "--short", "HEAD", root=root)
    dirty = _git("status", "--porcelain", root=root)
    return f"{name}-dirty" if dirty else name


def last_measured(here: str, results: Path = BENCH_DIR) -> Path | None:
    """The file of the nearest commit before `here` that was measured. HEAD may move meanwhile."""
    before = _git("rev-list", f"--max-count={LOOK_BACK_COMMITS}", "--abbrev-commit", "HEAD")
    for name in before.split():
        path = results / f"{name}.json"
        if name != here.removesuffix("-dirty") and path.exists():
            return path
    return None


def checkout(revision: str) -> Path:
    """A worktree with this revision, made once and kept. Raises GitFailed."""
    name = _git("rev-parse", "--short", f"{revision}^{{commit}}")
    path = WORKTREES / name
    if not path.exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", str(path), name)
    return path


def machine() -> dict[str, str]:
    """What a reader needs to compare figures: CPU, cores, kernel, Python, date."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in cpuinfo if "model name" in line), "?")
    return {
        "CPU": model,
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _git(*arguments: str, root: Path = REPO_ROOT) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise GitFailed(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
