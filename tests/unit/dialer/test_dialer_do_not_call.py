"""The do-not-call list, spoken to as people do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.dialer.do_not_call import BATCH, DoNotCall
from controller.dialer.numbers import BadNumber, NumberReader

NOW = datetime(2026, 3, 2, tzinfo=UTC)


class Store:
    def __init__(self):
        self.entries, self.calls = {}, 0

    def add(self, entries):
        self.calls += 1
        new = [entry for entry in entries if entry.number not in self.entries]
        self.entries |= {entry.number: entry for entry in entries}
        return len(new)

    def remove(self, numbers):
        return sum(self.entries.pop(number, None) is not None for number in numbers)

    def listed(self, numbers, now):
        return frozenset(numbers) & frozenset(self.entries)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def listed(store):
    return DoNotCall(store, NumberReader("CN"), lambda: NOW)


def test_a_number_is_one_however_it_is_written(store, listed):
    assert listed.add("138-0013-8000", "别再打了") == "+8613800138000"
    assert listed.is_listed("+86 13800138000")
    assert store.entries["+8613800138000"].expires_at is None
    assert listed.remove("0086 138 0013 8000")
    assert not listed.is_listed("13800138000")
    assert not listed.remove("13800138000")


def test_it_may_end(store, listed):
    listed.add("13800138000", days=30)
    assert store.entries["+8613800138000"].expires_at == NOW + timedelta(days=30)
    with pytest.raises(ValueError, match="36500"):
        listed.add("13800138000", days=0)


def test_what_is_no_number_is_refused(listed):
    with pytest.raises(BadNumber):
        listed.add("1000}user/1001")


def test_many_at_once_in_batches_with_their_refusals(store, listed):
    rows = [(line, f"138{line:08d}") for line in range(1, BATCH + 2)]
    added = listed.add_all([*rows, (2000, "x"), (2001, "13800000001")], "list")
    assert (added.read, added.new, added.refused) == (BATCH + 2, BATCH + 1, 1)
    assert added.refusals[0][0] == 2000
    assert store.calls == 2
