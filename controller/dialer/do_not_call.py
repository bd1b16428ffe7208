"""The list of people who must not be called.

Responsible for numbers in one form on the list, however they are written, and for how long they stay.
Must never know where the list is kept. Whether a number may be dialled is asked again by the store, in
the transaction in which an attempt begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from controller.dialer.aside import Aside, here
from controller.dialer.model import DoNotCallEntry
from controller.dialer.numbers import BadNumber, NumberReader
from controller.dialer.ports import DoNotCallStore

BATCH = 1000
REASON_CHARS = 200
KEPT_REFUSALS = 1000


@dataclass(frozen=True, slots=True)
class Added:
    """What an import put on the list: `new` numbers, of `read` good ones; refusals as (line, why), the
    first 1000 of `refused`."""

    read: int
    new: int
    refused: int
    refusals: tuple[tuple[int, str], ...]


class DoNotCall:
    """The list, spoken to with numbers as people write them."""

    def __init__(
        self,
        store: DoNotCallStore,
        numbers: NumberReader,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._numbers = numbers
        self._now = now

    def add(self, number: str, reason: str = "", days: float | None = None) -> str:
        """Put a number on the list, for `days` or for ever; effective when this returns. Returns it as
        E.164. Raises BadNumber, ValueError (days), StoreUnavailable."""
        entry = self._entry(number, reason, self._expiry(days))
        self._store.add([entry])
        return entry.number

    def remove(self, number: str) -> bool:
        """Take a number off; False when it was not on. Raises BadNumber, StoreUnavailable."""
        return self._store.remove([self._numbers.read(number).e164]) == 1

    def is_listed(self, number: str) -> bool:
        """Whether it must not be called now. Raises BadNumber, StoreUnavailable."""
        return bool(self._store.listed([self._numbers.read(number).e164], self._now()))

    def entry(self, number: str) -> DoNotCallEntry | None:
        """Its entry if it must not be called now. Raises BadNumber, StoreUnavailable."""
        found = self._store.entry(self._numbers.read(number).e164)
        over = found is not None and found.expires_at is not None and found.expires_at <= self._now()
        return None if over else found

    def count(self) -> int:
        """How many must not be called now. Raises StoreUnavailable."""
        return self._store.count(self._now())

    def add_all(
        self,
        rows: Iterable[tuple[int, str]],
        reason: str = "",
        days: float | None = None,
        aside: Aside = here,
    ) -> Added:
        """Put many on the list, given as (line, number); good ones although others are bad. `aside`:
        reads them."""
        expires_at = self._expiry(days)
        refusals: list[tuple[int, str]] = []
        read = new = refused = 0

        def entries() -> Iterator[DoNotCallEntry]:
            nonlocal refused
            for line, number in rows:
                try:
                    yield self._entry(number, reason, expires_at)
                except BadNumber as error:
                    refused += 1
                    if len(refusals) < KEPT_REFUSALS:
                        refusals.append((line, str(error)))

        source = entries()
        while batch := aside(lambda: list(islice(source, BATCH))):
            unique = {entry.number: entry for entry in batch}
            read += len(batch)
            new += self._store.add(list(unique.values()))
        return Added(read, new, refused, tuple(refusals))

    def _entry(self, number: str, reason: str, expires_at: datetime | None) -> DoNotCallEntry:
        read = self._numbers.read(number)
        return DoNotCallEntry(read.e164, reason[:REASON_CHARS], self._now(), expires_at)

    def _expiry(self, days: float | None) -> datetime | None:
        if days is None:
            return None
        if not 0 < days <= 36_500:
            raise ValueError(f"days must be more than 0 and at most 36500, not {days:g}")
        return self._now() + timedelta(days=days)
