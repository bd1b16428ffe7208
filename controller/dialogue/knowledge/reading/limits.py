"""How much of a hostile file is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """A file over any of these is refused as a whole; nothing is cut short silently."""

    file_bytes: int = 50_000_000
    unpacked_bytes: int = 200_000_000
    text_chars: int = 10_000_000
    cell_chars: int = 20_000
    pages: int = 5_000
    cpu_s: int = 60
    memory_bytes: int = 1_500_000_000
