"""Runs all campaigns of a database in one process, next to other processes that do the same.

`step` does everything that is due, and is called again and again: it holds no thread and no timer, so
that a test is its clock. What another process left behind when it died is settled here too.

    attempt written ─► originate ─► … ─► outcome ─► settled
         └────── dialer dies anywhere here ──────┘
                     └─► lease over ─► is the channel live? hang it up ─► settled as lost
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog

from controller.dialer.campaign import CampaignSettings
from controller.dialer.model import (
    AttemptState,
    CampaignState,
    Disposition,
    LostAttempt,
    Outcome,
    Settlement,
)
from controller.dialer.ports import (
    Caller,
    CallerAway,
    Clock,
    DialerStore,
    StoreUnavailable,
    UnknownCampaign,
)
from controller.dialer.run import IDLE_S, LEASE_S, CampaignRun

HANG_UP = "stopped, live calls are hung up"
"""A stopping campaign's reason that tells every dialer to end its calls."""
BUSY_S = 0.1
"""Between two steps while calls are live."""
RENEW_S = LEASE_S / 3
LOST_EVERY_S = 5.0
LOST_AT_ONCE = 50
RETRY_S = 2.0
"""The database was away."""

log = structlog.get_logger(__name__)


class Dialer:
    """`max_calls`: of all campaigns of this process together."""

    def __init__(self, store: DialerStore, caller: Caller, clock: Clock, max_calls: int) -> None:
        self._store = store
        self._caller = caller
        self._clock = clock
        self._max_calls = max_calls
        self._runs: dict[str, CampaignRun] = {}
        self._renewed_s = clock.monotonic()
        self._lost_s = -LOST_EVERY_S
        self._stopped = False

    def run_for_ever(self) -> None:
        """Step until `stop`."""
        while not self._stopped:
            self._clock.sleep(self.step())

    def stop(self) -> None:
        """Dial no more. Live calls are the telephone's to end; `step` still settles them."""
        self._stopped = True

    @property
    def live_calls(self) -> int:
        """Calls of this process."""
        return sum(len(run.live) for run in self._runs.values())

    def step(self) -> float:
        """Do what is due; the seconds until it makes sense to ask again. Never raises for a database or
        a FreeSWITCH that is away: nothing is lost, and it is tried again."""
        try:
            self._renew()
            self._settle_lost()
            for run in self._current():
                self._advance(run)
        except StoreUnavailable as error:
            log.warning("the dialer waits for the database", error=str(error))
            return RETRY_S
        running = [run for run in self._runs.values() if run.campaign.state is CampaignState.RUNNING]
        waits = [run.wait_s() for run in running]
        if self.live_calls:
            waits.append(BUSY_S)
        return max(0.02, min(waits, default=IDLE_S))

    # --- campaigns --------------------------------------------------------------------------

    def _current(self) -> Iterator[CampaignRun]:
        """Campaigns that run, stop, or have calls of ours; those of higher priority first."""
        campaigns = self._store.campaigns
        active = [*campaigns.listed(CampaignState.RUNNING), *campaigns.listed(CampaignState.STOPPING)]
        found = {campaign.id: campaign for campaign in active}
        for campaign_id, run in list(self._runs.items()):
            if campaign_id not in found and run.live:
                try:
                    found[campaign_id] = campaigns.get(campaign_id)
                except UnknownCampaign:
                    found[campaign_id] = run.campaign
            elif campaign_id not in found:
                del self._runs[campaign_id]
        for campaign in found.values():
            try:
                if campaign.id in self._runs:
                    self._runs[campaign.id].changed(campaign)
                else:
                    self._runs[campaign.id] = CampaignRun(
                        campaign, self._store, self._caller, self._clock
                    )
            except ValueError as error:
                log.error("campaign_unusable", campaign=campaign.name, error=str(error))
                campaigns.move(
                    campaign.id,
                    CampaignState.PAUSED,
                    self._clock.now(),
                    f"wrong settings: {error}"[:500],
                )
        yield from sorted(self._runs.values(), key=lambda run: -run.settings.priority)

    def _advance(self, run: CampaignRun) -> None:
        run.settle()
        state = run.campaign.state
        if state is CampaignState.STOPPING and run.campaign.why == HANG_UP:
            run.hang_up()
        room = self._max_calls - self.live_calls
        if state is CampaignState.RUNNING and not self._stopped and run.dial(room):
            return
        if state in (CampaignState.RUNNING, CampaignState.STOPPING):
            run.finish()

    # --- leases -----------------------------------------------------------------------------

    def _renew(self) -> None:
        if self._clock.monotonic() - self._renewed_s < RENEW_S:
            return
        leases = [call.lease for run in self._runs.values() for call in run.live.values()]
        until = self._clock.now() + timedelta(seconds=LEASE_S)
        held = self._store.contacts.renew(leases, until) if leases else frozenset()
        lost = [lease.contact.id for lease in leases if lease.contact.id not in held]
        if lost:
            log.error("leases_lost", contacts=lost)
        self._renewed_s = self._clock.monotonic()

    def _settle_lost(self) -> None:
        """Attempts of dialers that died. Waits while FreeSWITCH is away: it alone knows the channels."""
        if self._clock.monotonic() - self._lost_s < LOST_EVERY_S:
            return
        self._lost_s = self._clock.monotonic()
        try:
            live = self._caller.live()
        except CallerAway:
            return
        now = self._clock.now()
        until = now + timedelta(seconds=LEASE_S)
        for lost in self._store.attempts.take_lost(LOST_AT_ONCE, now, until):
            if any(lost.attempt.id in run.live for run in self._runs.values()):
                continue  # ours after all: the database was away for longer than a lease
            self._settle_one(lost, now, live=lost.attempt.id in live)

    def _settle_one(self, lost: LostAttempt, now: datetime, *, live: bool) -> None:
        if live:
            try:
                self._caller.end(lost.attempt.id)
            except CallerAway:
                return  # taken again when this lease is over
        talked = lost.attempt.state is AttemptState.TALKING
        then = Settlement(None) if talked else self._retry(lost, now)
        log.warning("attempt_lost", attempt_id=lost.attempt.id, live=live, talked=talked)
        self._store.attempts.end_attempt(
            lost.attempt.id,
            Outcome(Disposition.FAILED, "DIALER_LOST", answered_at=lost.attempt.answered_at),
            then,
            now,
        )

    def _retry(self, lost: LostAttempt, now: datetime) -> Settlement:
        contact = lost.lease.contact
        try:
            campaign = self._store.campaigns.get(lost.attempt.campaign_id)
            policy = CampaignSettings.model_validate(campaign.settings).retry.policy()
        except (UnknownCampaign, ValueError):
            return Settlement(None)
        return policy.settle(Disposition.FAILED, contact.tries, contact.attempts, now)
