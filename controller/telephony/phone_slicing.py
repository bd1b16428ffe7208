"""How much of a chunk goes into the next file: early when the caller waits, large when there is time.

A policy without state: told what is there and how much is queued ahead, it says how much to take.

    caller waits (<= 300 ms ahead)     what is there, 100..400 ms: made, sent and audible at once
    else                               2 s, or the chunk's rest; less only once it gets urgent
    3 s ahead                          nothing: what a break throws away was made in vain
"""

from __future__ import annotations

from controller.telephony.phone_items import Chunk, to_bytes
from media.pcm import FRAME_BYTES

FIRST_MS = 400
LATER_MS = 2_000
SHORTEST_MS = 100
"""Less is not worth a file while more of the chunk is being made."""
URGENT_MS = 300
LEAD_MS = 3_000

_SHORTEST = to_bytes(SHORTEST_MS / 1000)
_FIRST = to_bytes(FIRST_MS / 1000)
_LATER = to_bytes(LATER_MS / 1000)


def slice_size(chunk: Chunk, ahead_ms: float) -> int:
    """Bytes of the next file; 0: wait. `ahead_ms` is queued and not heard yet."""
    if ahead_ms >= LEAD_MS:
        return 0
    urgent = ahead_ms <= URGENT_MS
    size = min(chunk.rest, _FIRST if urgent else _LATER)
    if chunk.complete:
        return chunk.rest if chunk.rest - size < _SHORTEST else size  # no tiny last one
    size -= size % FRAME_BYTES  # FreeSWITCH plays whole frames: a broken one would click
    return size if size >= (_SHORTEST if urgent else _LATER) else 0


def wait_ms(chunk: Chunk, ahead_ms: float) -> float | None:
    """When `slice_size` gives something, while the queue plays down; None: not without more audio."""
    if chunk.complete or chunk.rest >= _LATER:
        until_ms = LEAD_MS
    elif chunk.rest >= _SHORTEST:
        until_ms = URGENT_MS
    else:
        return None
    return max(0.0, ahead_ms - until_ms) + 1
