"""Where a dialled number leads: a list of applications to execute one after another.

Responsible for: the numbers of the product's dialplan and of the recording rig. It must never execute
anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Step = tuple[str, str]
"""Application and argument."""
Target = tuple[str, int]
"""Host and port of a controller."""

BOT = re.compile(r"70\d\d")
BOT_SETTINGS = ("hangup_after_bridge=true", "playback_terminators=none", "send_silence_when_idle=-1")


def socket_step(target: Target) -> Step:
    """Hand the call to a controller."""
    return ("socket", f"{target[0]}:{target[1]} async full")


def bot_steps(targets: Sequence[Target]) -> list[Step]:
    """The product's extension: one controller, then the next, then a spoken apology and the end."""
    return [
        *(("set", each) for each in BOT_SETTINGS),
        *(socket_step(target) for target in targets),
        ("apology", ""),
        ("hangup", "NORMAL_TEMPORARY_FAILURE"),
    ]


def rig_steps(number: str, targets: Sequence[Target]) -> list[Step] | None:
    """The extensions on which the transcripts were recorded, None for others."""
    handed = [socket_step(target) for target in targets[:1]]
    return {
        "9000": [("answer", ""), ("park", "")],
        "9001": [("answer", ""), ("echo", "")],
        "9002": handed,
        "9003": [("park", "")],
        "9007": [(app, argument.replace(" async", "")) for app, argument in handed],
        "9013": [*handed, ("answer", ""), ("echo", "")],
    }.get(number)


def bridge_steps(user: str) -> list[Step]:
    """A phone's own extension."""
    settings = ("hangup_after_bridge=true", "continue_on_fail=false", "call_timeout=20")
    return [*(("set", each) for each in settings), ("bridge", f"user/{user}@127.0.0.1")]
