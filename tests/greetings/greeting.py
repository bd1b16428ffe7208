"""The labelled greetings: who answers, and what is heard of them. Knows no engine.

Two halves with no text in common: bounds and words are chosen on `development.tsv`; `held_out.tsv` only
tells whether they hold. `noise` is the line's, in dBFS; `tv` is a television in the room. A `score` is
what is heard from the answer on: `(600)` ms of silence, `[440+480:2000]` tones of so many Hz for so many
ms, `<en/yesno_00_slt>` a recording, and words, spoken by `voice`.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

HALVES = ("development", "held_out")
_PART = re.compile(
    r"\((?P<pause>\d+)\) | \[(?P<hz>[\d+]+):(?P<ms>\d+)\] | <(?P<file>[\w/-]+)> | (?P<words>[^(\[<]+)",
    re.VERBOSE,
)


class Label(StrEnum):
    """Who answers."""

    PERSON = "person"  # one who says nothing too: they are greeted after a while
    MACHINE = "machine"
    SCREENING = "screening"
    NOBODY = "nobody"  # tones of a call that is not through yet: nothing is to be decided


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence."""

    ms: int


@dataclass(frozen=True, slots=True)
class Tone:
    """Steady sines of equal strength."""

    hz: tuple[int, ...]
    ms: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file of the test speech."""

    file: str


@dataclass(frozen=True, slots=True)
class Words:
    """To be spoken."""

    text: str


Part = Pause | Tone | Recorded | Words


@dataclass(frozen=True, slots=True)
class Greeting:
    """One answered call, up to the bot's first word. Levels are RMS of the speech, dBFS."""

    name: str
    half: str
    label: Label
    kind: str
    language: str
    voice: str
    dbfs: float
    noise: str
    score: str

    @property
    def parts(self) -> list[Part]:
        """What is heard, in order."""
        return [part for match in _PART.finditer(self.score) if (part := _part(match)) is not None]

    @property
    def has_beep(self) -> bool:
        """Whether a voicemail's beep ends it."""
        return self.kind == "voicemail" and isinstance(self.parts[-1], Tone)


def greetings(half: str) -> list[Greeting]:
    """All of one half, in the table's order."""
    with Path(__file__).with_name(f"{half}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Greeting(
            f"{half[:3]}-{number:02d}",
            half,
            Label(row["label"]),
            row["kind"],
            row["language"],
            row["voice"],
            float(row["dbfs"]),
            row["noise"],
            row["score"],
        )
        for number, row in enumerate(rows, 1)
    ]


def _part(match: re.Match[str]) -> Part | None:
    if match["pause"]:
        return Pause(int(match["pause"]))
    if match["hz"]:
        return Tone(tuple(map(int, match["hz"].split("+"))), int(match["ms"]))
    if match["file"]:
        return Recorded(match["file"])
    words = match["words"].strip()
    return Words(words) if words else None
