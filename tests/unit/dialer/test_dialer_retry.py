"""Who is called again, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.dialer.model import Disposition, Settlement
from controller.dialer.retry import FINAL, MOST_PER_TRY, RetryPolicy

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = RetryPolicy(max_tries=3)


@pytest.mark.parametrize(
    ("disposition", "wait"),
    [
        (Disposition.BUSY, timedelta(minutes=5)),
        (Disposition.NO_ANSWER, timedelta(hours=2)),
        (Disposition.MACHINE, timedelta(days=1)),
        (Disposition.ABANDONED, timedelta(days=3)),
        (Disposition.FAILED, timedelta(minutes=15)),
    ],
)
def test_back_off_by_disposition(disposition, wait):
    assert POLICY.settle(disposition, 1, 1, NOW) == Settlement(NOW + wait)


@pytest.mark.parametrize(
    "disposition", sorted(FINAL | {Disposition.REJECTED, Disposition.MACHINE_MESSAGE})
)
def test_what_is_settled_stays_settled(disposition):
    assert POLICY.settle(disposition, 1, 1, NOW).due_at is None


def test_final_ones_stay_so_whatever_the_settings_say():
    eager = RetryPolicy(9, dict.fromkeys(Disposition, 60))
    assert {d for d in Disposition if eager.settle(d, 1, 1, NOW).due_at is None} == FINAL


def test_the_last_try_is_the_last():
    assert POLICY.settle(Disposition.BUSY, 2, 2, NOW).due_at is not None
    assert POLICY.settle(Disposition.BUSY, 3, 3, NOW).due_at is None


def test_what_we_cancelled_does_not_count_but_is_not_for_ever():
    again = POLICY.settle(Disposition.CANCELLED, 3, 3, NOW)
    assert again == Settlement(NOW + timedelta(minutes=1), counted=False)
    assert POLICY.settle(Disposition.CANCELLED, 1, 3 * MOST_PER_TRY, NOW).due_at is None
