"""A campaign at this moment, in numbers for people.

Responsible for what is measured: the rate, and the forecast made from it. Must never know who looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.dialer.campaign import CampaignSettings
from controller.dialer.estimate import Assumptions, Estimate, estimate
from controller.dialer.model import Attempt, Campaign, CampaignState, ContactState, Counts
from controller.dialer.ports import DialerStore

RATE_OVER = timedelta(minutes=5)
"""The rate is that of the last minutes."""
MEASURED = 100
"""Calls that a forecast is measured on."""
ENOUGH = 20
"""Fewer measure nothing."""
_OVER = (CampaignState.STOPPING, CampaignState.STOPPED, CampaignState.DONE)


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign now. `per_minute`: calls that ended, of the last minutes; `live`: attempts without an
    end; `estimate`: None once nobody waits, or while it is over."""

    campaign: Campaign
    counts: Counts
    per_minute: float
    live: tuple[Attempt, ...]
    estimate: Estimate | None

    @property
    def contacts(self) -> int:
        """All that were accepted."""
        staged = self.counts.contacts.get(ContactState.STAGED, 0)
        return sum(self.counts.contacts.values()) - staged

    @property
    def done(self) -> int:
        """Contacts that will not be called again."""
        return self.counts.contacts.get(ContactState.DONE, 0)


def look(store: DialerStore, campaign: Campaign, now: datetime) -> Status:
    """The campaign as it is `now`. Raises StoreUnavailable."""
    counts = store.campaigns.counts(campaign.id)
    live = store.attempts.open(campaign.id)
    ended = sum(store.attempts.tally(campaign.id, now - RATE_OVER).values())
    since = min(RATE_OVER, max(now - campaign.changed_at, timedelta(seconds=10)))
    per_minute = ended / (since.total_seconds() / 60)
    return Status(campaign, counts, per_minute, live, _forecast(store, campaign, counts, now))


def _forecast(store: DialerStore, campaign: Campaign, counts: Counts, now: datetime) -> Estimate | None:
    if campaign.state in _OVER:
        return None
    waiting = {group.zones: group.waiting for group in store.contacts.waiting(campaign.id)}
    if not waiting:
        return None
    settings = CampaignSettings.model_validate(campaign.settings)
    return estimate(settings, waiting, now, _assumed(store, campaign, counts))


def _assumed(store: DialerStore, campaign: Campaign, counts: Counts) -> Assumptions:
    """Measured, once there is enough to measure."""
    took = [
        (attempt.ended_at - attempt.began_at).total_seconds()
        for attempt in store.attempts.recent(campaign.id, MEASURED)
        if attempt.ended_at is not None
    ]
    calls = sum(counts.attempts.values())
    if len(took) < ENOUGH or not calls:
        return Assumptions()
    again = 1 - min(calls, sum(counts.done.values())) / calls
    return Assumptions(again, max(1.0, sum(took) / len(took)))
