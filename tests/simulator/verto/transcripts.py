"""Recordings of a real mod_verto, reduced to what the simulator is held to.

    python -m tests.simulator.verto.transcripts <full transcript> <reduced.jsonl>

One step a line: {"at": s, "send": message} or {"at": s, "recv": message}; session descriptions and
channel variables are replaced by short words. Frames that were no JSON are {"send": "text"}.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).resolve().parents[2] / "data" / "freeswitch" / "transcripts" / "verto"
NAMES = tuple(sorted(path.stem for path in DIRECTORY.glob("*.jsonl")))
MARK = re.compile(r"^#### (\d+\.\d+) (>>> SEND|<<< RECV|NOTE)(.*)$")
Step = dict[str, Any]


def load(name: str) -> list[Step]:
    """A reduced transcript."""
    lines = (DIRECTORY / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def reduce(text: str) -> list[Step]:
    """The steps of a full transcript."""
    steps: list[Step] = []
    lines = text.splitlines()
    first_at = 0.0
    for number, line in enumerate(lines):
        mark = MARK.match(line)
        if mark is None or mark[2] == "NOTE":
            continue
        first_at = first_at or float(mark[1])
        kind = "send" if "SEND" in mark[2] else "recv"
        at = round(float(mark[1]) - first_at, 3)
        steps.append({"at": at, kind: _short(lines[number + 1])})
    return steps


def _short(frame: str) -> Any:
    try:
        message = json.loads(frame)
    except ValueError:
        return frame
    params = message.get("params")
    if isinstance(params, dict):
        if len(params.get("sdp", "")) > 100:
            params["sdp"] = "v=0 reduced"
        if params.get("variables"):
            params["variables"] = {}
    return message


if __name__ == "__main__":
    full, reduced = map(Path, sys.argv[1:])
    lines_out = (json.dumps(step, ensure_ascii=False) for step in reduce(full.read_text()))
    reduced.write_text("".join(f"{line}\n" for line in lines_out), encoding="utf-8")
