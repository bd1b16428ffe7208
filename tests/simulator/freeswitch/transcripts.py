"""Transcripts of a real FreeSWITCH, reduced to what the simulator is held to.

Responsible for: reading the reduced files, and making them from full recordings:

    python -m tests.simulator.freeswitch.transcripts <full transcript> <reduced.jsonl>

One step a line, in the recorded order: {"send": …}, {"reply": …, "body": …}, {"event": {…}},
{"notice": …}, {"closed": true}, and cues for what happened outside of the connection: {"dial": "9000"},
{"dtmf": "1"}, {"hang_up": …}. `at` is seconds since the beginning. It must never know the simulator.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).resolve().parents[2] / "data" / "freeswitch" / "transcripts"
KEPT = frozenset(
    "Event-Name Event-Subclass Unique-ID Channel-State Channel-Call-State Call-Direction Answer-State "
    "Caller-Destination-Number Hangup-Cause Application Application-Data Application-Response "
    "Application-UUID Playback-File-Path Playback-Status DTMF-Digit DTMF-Duration DTMF-Source Job-UUID "
    "Job-Command Job-Command-Arg Media-Bug-Function Bridge-A-Unique-ID Bridge-B-Unique-ID "
    "Other-Leg-Unique-ID Other-Type Event-Info Command Event-UUID Foo variable_playback_last_offset_pos "
    "variable_playback_ms variable_hangup_cause variable_sip_hangup_disposition "
    "variable_endpoint_disposition variable_current_application variable_current_application_data "
    "Reply-Text Socket-Mode Control Content-Type".split()
)
CHUNK = re.compile(r"=====\[ ([\d.]+) (>>> SEND|<<< RECV|<<< EOF) (\d+) bytes \]=====\n")
UNKNOWN = ("api sofia", "api show registrations")
"""Commands that the product does not use: left out with their replies."""
LONG_REPLY = 40
"""A reply of more headers than this is channel data."""

Step = dict[str, Any]


def load(name: str) -> list[Step]:
    """A reduced transcript, such as "esl/10_bgapi_originate_success"."""
    lines = (DIRECTORY / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def names() -> list[str]:
    """All of them."""
    return sorted(
        str(path.relative_to(DIRECTORY))[: -len(".jsonl")]
        for path in DIRECTORY.rglob("*.jsonl")
        if "verto" not in path.parts  # its own simulator replays these
    )


def messages(data: bytes) -> tuple[list[tuple[list[tuple[str, str]], bytes]], bytes]:
    """Blocks of the wire (headers as they are, body) and the bytes of one not yet complete."""
    found = []
    while b"\n\n" in data:
        head, _, rest = data.partition(b"\n\n")
        pairs = [line.partition(": ") for line in head.decode("utf-8", "replace").split("\n") if line]
        headers = [(name, value) for name, _, value in pairs]
        length = int(dict(headers).get("Content-Length", "0"))
        if len(rest) < length:
            break
        found.append((headers, rest[:length]))
        data = rest[length:]
    return found, data


def as_step(headers: list[tuple[str, str]], body: bytes) -> Step:
    """One block as a step, headers reduced."""
    told = dict(headers)
    kind = told.get("Content-Type", "")
    if kind == "text/event-plain":
        inner, _, rest = body.partition(b"\n\n")
        lines = [line.partition(": ") for line in inner.decode().split("\n")]
        pairs = [(name, urllib.parse.unquote(value)) for name, _, value in lines]
        return {"event": _kept(pairs, rest.decode("utf-8", "replace"))}
    if kind == "text/event-json":
        fields = json.loads(body)
        return {"event": _kept(list(fields.items()), fields.get("_body", ""))}
    if kind == "text/disconnect-notice":
        return {"notice": headers, "body": body.decode()}
    if len(headers) > LONG_REPLY:
        return {"data": _kept([(name, urllib.parse.unquote(value)) for name, value in headers], "")}
    return {"reply": headers, "body": body.decode("utf-8", "replace")}


def _kept(pairs: list[tuple[str, str]], body: str) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in pairs:
        if name in KEPT:
            kept.setdefault(name, value)  # a few names come twice
    if body:
        kept["_body"] = body
    return kept


# Making them


def reduce(text: str) -> list[Step]:
    """A full transcript's steps, with cues."""
    parts = CHUNK.split(text)
    steps: list[Step] = []
    began = float(parts[1])
    waiting = b""
    for moment, kind, size, chunk in zip(*(parts[n::4] for n in (1, 2, 3, 4)), strict=True):
        at = round(float(moment) - began, 3)
        data = chunk.encode()[: int(size)]
        if kind == ">>> SEND":
            steps.append({"at": at, "send": data.decode()})
        elif kind == "<<< EOF":
            if steps[-1].get("body") and "notice" in steps[-1]:
                steps.append({"at": at, "closed": True})
            break
        else:
            found, waiting = messages(waiting + data)
            steps += [{"at": at} | as_step(*each) for each in found]
    dropped = {n for n, step in enumerate(steps) if step.get("send", "").startswith(UNKNOWN)}
    dropped |= {n + 1 for n in dropped}
    return list(_with_cues([step for n, step in enumerate(steps) if n not in dropped]))


def _with_cues(steps: list[Step]) -> Iterator[Step]:
    ended_by_caller = {
        step["event"]["Unique-ID"]
        for step in steps
        if step.get("event", {}).get("variable_sip_hangup_disposition") in ("recv_bye", "recv_cancel")
    }
    known: set[str] = set()
    if "send" in steps[0]:  # an outbound socket: the call came before
        data = next(step["data"] for step in steps if "data" in step)
        known.add(data["Unique-ID"])
        yield {"at": 0.0, "dial": data["Caller-Destination-Number"]}
    for step in steps:
        event = step.get("event", {})
        uuid = event.get("Unique-ID", "")
        if uuid and uuid not in known and event.get("Call-Direction") == "inbound":
            number = next(
                each["event"]["Caller-Destination-Number"]
                for each in steps
                if each.get("event", {}).get("Unique-ID") == uuid
                and "Caller-Destination-Number" in each["event"]
            )
            yield {"at": step["at"], "dial": number}
        known.add(uuid)
        if event.get("Event-Name") == "DTMF" and event["DTMF-Source"] == "RTP":
            yield {"at": step["at"], "dtmf": event["DTMF-Digit"]}
        if event.get("Event-Name") == "CHANNEL_HANGUP" and uuid in ended_by_caller:
            yield {"at": step["at"], "hang_up": True}
        yield step


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    made = reduce(source.read_bytes().decode("utf-8", "replace"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        "".join(json.dumps(step, ensure_ascii=False) + "\n" for step in made), encoding="utf-8"
    )
