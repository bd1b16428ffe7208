"""Attempts whose dialer died: finds out what became of each, and settles it.

    attempt written ─► originate ─► … ─► outcome ─► settled
         └────── dialer dies anywhere here ──────┘
                     └─► lease over ─► is the channel live? hang it up
                                       was the originate sent? no: never_dialled, the try is given back
                                       yes, or nobody knows: failed, and the try counts

Responsible for no attempt staying open, and for a call that may have been made counting as one. Must
never know how FreeSWITCH remembers.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from controller.dialer.campaign import CampaignSettings
from controller.dialer.model import (
    AttemptState,
    Disposition,
    Lease,
    LostAttempt,
    Outcome,
    Settlement,
)
from controller.dialer.ports import Caller, CallerAway, Clock, DialerStore, UnknownCampaign

NEVER_DIALLED = "NEVER_DIALLED"
"""Cause of an attempt (cancelled, not counted) whose originate was never sent."""
DIALER_LOST = "DIALER_LOST"
"""Cause of an attempt (failed) that was dialled, or may have been, and whose end nobody saw."""
LOST_AT_ONCE = 50

log = structlog.get_logger(__name__)


class DialMemory(Protocol):
    """Which originates were sent, remembered where it outlives the dialer that sent them."""

    def dialled(self, attempt_id: str) -> bool | None:
        """Whether it was; None: nobody knows. Raises CallerAway."""

    def forget(self, attempt_id: str) -> None:
        """Its end is on record. Returns at once, and never fails."""


class NoMemory:
    """Nobody knows."""

    def dialled(self, attempt_id: str) -> bool | None:  # noqa: ARG002
        """Perhaps."""
        return None

    def forget(self, attempt_id: str) -> None:
        """There is nothing to forget."""


class LostCalls:
    """Settles what others left behind; `lease`: as long as that may take."""

    def __init__(
        self, store: DialerStore, caller: Caller, memory: DialMemory, clock: Clock, lease: timedelta
    ) -> None:
        self._store = store
        self._caller = caller
        self._memory = memory
        self._clock = clock
        self._lease = lease

    def settle(self, ours: Collection[str]) -> dict[str, Lease]:
        """Settle the open attempts whose lease is over, but for `ours`: those are leased again, and
        given back. Waits while FreeSWITCH is away: it alone knows the channels. Raises
        StoreUnavailable."""
        kept: dict[str, Lease] = {}
        if all(attempt.id in ours for attempt in self._store.attempts.open()):
            return kept
        now = self._clock.now()
        try:
            live = self._caller.live()
            for lost in self._store.attempts.take_lost(LOST_AT_ONCE, now, now + self._lease):
                if lost.attempt.id in ours:  # after all: the database was away for longer than a lease
                    kept[lost.attempt.id] = lost.lease
                else:
                    self._settle_one(lost, now, live=lost.attempt.id in live)
        except CallerAway:
            log.info("lost_attempts_wait")  # those that were taken, until this lease is over
        return kept

    def _settle_one(self, lost: LostAttempt, now: datetime, *, live: bool) -> None:
        """Raises CallerAway."""
        attempt = lost.attempt
        dialled = live or attempt.state is not AttemptState.DIALLING or self._memory.dialled(attempt.id)
        if live:
            self._caller.end(attempt.id)
        talked = attempt.state is AttemptState.TALKING
        outcome = Outcome(Disposition.FAILED, DIALER_LOST, answered_at=attempt.answered_at)
        if dialled is False:
            outcome = Outcome(Disposition.CANCELLED, NEVER_DIALLED)
            then = Settlement(now, counted=False)
        else:
            then = Settlement(None) if talked else self._retry(lost, now)
        log.warning("attempt_lost", attempt_id=attempt.id, live=live, talked=talked, dialled=dialled)
        if self._store.attempts.end_attempt(attempt.id, outcome, then, now):
            self._memory.forget(attempt.id)

    def _retry(self, lost: LostAttempt, now: datetime) -> Settlement:
        contact = lost.lease.contact
        try:
            campaign = self._store.campaigns.get(lost.attempt.campaign_id)
            policy = CampaignSettings.model_validate(campaign.settings).retry.policy()
        except (UnknownCampaign, ValueError):
            return Settlement(None)
        return policy.settle(Disposition.FAILED, contact.tries, contact.attempts, now)
