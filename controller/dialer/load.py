"""A campaign's calls at this moment, of all dialers together, as its pace needs to know them."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.dialer.model import AttemptState, Disposition
from controller.dialer.pacing import Load, Pace
from controller.dialer.ports import Attempts

ABANDONED_OVER = timedelta(days=1)
"""The abandoned share is that of a day, as regulators count it."""

_ANSWERED = frozenset(
    {
        Disposition.COMPLETED,
        Disposition.MACHINE,
        Disposition.MACHINE_MESSAGE,
        Disposition.TRANSFERRED,
        Disposition.ABANDONED,
        Disposition.DO_NOT_CALL,
    }
)


def count_load(attempts: Attempts, campaign_id: str, pace: Pace, now: datetime) -> Load:
    """What is on record. Raises StoreUnavailable."""
    states = [attempt.state for attempt in attempts.open(campaign_id)]
    talking = states.count(AttemptState.TALKING)
    if pace.over_dial <= 1.0:
        return Load(len(states) - talking, talking)
    ended = attempts.tally(campaign_id, now - ABANDONED_OVER)
    answered = sum(count for disposition, count in ended.items() if disposition in _ANSWERED)
    abandoned = ended.get(Disposition.ABANDONED, 0)
    return Load(len(states) - talking, talking, answered + talking, abandoned)
