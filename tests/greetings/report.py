"""The figures of a labelled set: who was taken for whom, how soon, and when messages start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.greetings.answered import Heard, decide, message_ms
from tests.greetings.greeting import Greeting, Label
from tests.greetings.sound import sound_of

SHORT = ("short", "name", "late")
"""Kinds of hello after which a person waits."""
NOT_PERSONS = (Label.MACHINE, Label.SCREENING, Label.NOBODY)


@dataclass(frozen=True, slots=True)
class Report:
    """What was made of each greeting. `messages`: ms after the beep's end; None: none was left."""

    heard: dict[Greeting, Heard]
    messages: dict[Greeting, float | None]

    @property
    def confusion(self) -> Counter[tuple[Label, Label]]:
        """(who answered, whom the dialer took them for at last): how often."""
        return Counter((greeting.label, heard.at_last) for greeting, heard in self.heard.items())

    @property
    def person_called_machine(self) -> float:
        """Share of the persons, 0..1; hung up on, or talked to as if they screened calls."""
        return self._share([Label.PERSON], Label.MACHINE, Label.SCREENING)

    @property
    def machine_called_person(self) -> float:
        """Share of all others, 0..1, that the bot has talked to till the end."""
        return self._share(NOT_PERSONS, Label.PERSON)

    @property
    def machine_greeted(self) -> float:
        """Share of all others, 0..1, that heard the bot's opening, be it for a moment."""
        others = self._of(*NOT_PERSONS)
        return sum(heard.taken_for is Label.PERSON for heard in others) / len(others)

    @property
    def greeted_ms(self) -> list[float]:
        """From the last sample of each short hello to the bot's first one, the quickest first."""
        short = [heard for greeting, heard in self.heard.items() if greeting.kind in SHORT]
        return sorted(heard.greeted_ms for heard in short if heard.greeted_ms is not None)

    def decision_ms(self, *labels: Label) -> float:
        """Median time after the answer of what was decided at all; of these labels, or of all."""
        of_these = self._of(*(labels or Label))
        return median([h.at_ms for h in of_these if h.taken_for is not Label.NOBODY] or [0.0])

    def table(self) -> str:
        """For a terminal."""
        taken = list(Label)
        lines = [f"{'answered':10} " + " ".join(f"{label:>10}" for label in taken) + "   median ms"]
        for label in Label:
            row = " ".join(f"{self.confusion[label, other]:10}" for other in taken)
            lines.append(f"{label:10} {row} {self.decision_ms(label):11.0f}")
        starts = [ms for ms in self.messages.values() if ms is not None]
        lines += [
            f"{len(self.heard)} greetings; person called machine {self.person_called_machine:.1%}, "
            f"machine called person {self.machine_called_person:.1%} (greeted at first "
            f"{self.machine_greeted:.1%})",
            f"greeted {median(self.greeted_ms):.0f} ms after a short hello (median of "
            f"{len(self.greeted_ms)}; p95 {p95(self.greeted_ms):.0f}, worst {self.greeted_ms[-1]:.0f})",
            f"decided {self.decision_ms():.0f} ms after the answer (median); {len(starts)} of "
            f"{len(self.messages)} messages, {min(starts):.0f} to {max(starts):.0f} ms after the beep",
        ]
        return "\n".join([*lines, *map(_mistake, self._mistakes())])

    def _share(self, answered: Sequence[Label], *taken_for: Label) -> float:
        all_of_them = self._of(*answered)
        return sum(heard.at_last in taken_for for heard in all_of_them) / len(all_of_them)

    def _of(self, *labels: Label) -> list[Heard]:
        return [heard for greeting, heard in self.heard.items() if greeting.label in labels]

    def _mistakes(self) -> list[tuple[Greeting, Heard]]:
        return [(g, h) for g, h in self.heard.items() if g.label is not h.at_last]


def measure(greetings: list[Greeting], progress: Callable[[Greeting], None] | None = None) -> Report:
    """Play all of them to the dialer."""
    heard: dict[Greeting, Heard] = {}
    messages: dict[Greeting, float | None] = {}
    for greeting in greetings:
        sound = sound_of(greeting)
        heard[greeting] = decide(greeting, sound)
        if greeting.has_beep:
            messages[greeting] = message_ms(greeting, sound)
        if progress is not None:
            progress(greeting)
    return Report(heard, messages)


def _mistake(of: tuple[Greeting, Heard]) -> str:
    greeting, heard = of
    return (
        f"  {greeting.name} {greeting.kind}: {greeting.label} taken for {heard.at_last}, at first "
        f"{heard.taken_for}: {' | '.join(heard.texts)}"
    )


def p95(ordered: Sequence[float]) -> float:
    """Of values in order: 95 % are no more."""
    return ordered[-(-len(ordered) * 95 // 100) - 1]
