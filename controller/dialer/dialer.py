"""Runs all campaigns of a database in one process, next to other processes that do the same.

`step` does everything that is due, and is called again: when a call has changed, when the moment comes
that it named, and every `LOOK_S`, for other processes change campaigns too. It holds no thread and no
timer, so that a test is its clock. What another process left behind when it died: see `lost`.
"""

from __future__ import annotations

from datetime import timedelta
from math import inf

import structlog

from controller.dialer.lost import DialMemory, LostCalls, NoMemory
from controller.dialer.model import Campaign, CampaignState
from controller.dialer.ports import (
    BadTransition,
    Caller,
    Clock,
    DialerStore,
    StoreUnavailable,
    UnknownCampaign,
)
from controller.dialer.run import LEASE_S, CampaignRun

HANG_UP = "stopped, live calls are hung up"
"""A stopping campaign's reason that tells every dialer to end its calls."""
LOOK_S = 0.5
"""An operator's word, given to another process, is heard so late."""
SHORTEST_S = 0.02
LOST_EVERY_S = 5.0
RETRY_S = 2.0
"""The database was away."""
WHY_CHARS = 500

log = structlog.get_logger(__name__)


class Dialer:
    """`max_calls`: of all campaigns and processes together. `lease_s`: see `run.LEASE_S`;
    `memory`: of the originates that were sent."""

    def __init__(
        self,
        store: DialerStore,
        caller: Caller,
        clock: Clock,
        max_calls: int,
        lease_s: float = LEASE_S,
        memory: DialMemory | None = None,
    ) -> None:
        self._store = store
        self._caller = caller
        self._clock = clock
        self._max_calls = max_calls
        self._lease = timedelta(seconds=lease_s)
        self._memory = memory or NoMemory()
        self._lost = LostCalls(store, caller, self._memory, clock, self._lease)
        self._renew_every_s = lease_s / 3
        self._runs: dict[str, CampaignRun] = {}
        self._renewed_s = clock.monotonic()
        self._lost_s = -LOST_EVERY_S
        self._stopped = False

    def run_for_ever(self) -> None:
        """Step until `stop`, and then until every call of this process is on record."""
        while not self._stopped or self.live_calls:
            try:
                wait_s = self.step()
            except Exception:  # one campaign's fault must not end the others
                log.exception("a step of the dialer failed")
                wait_s = RETRY_S
            self._clock.sleep(min(wait_s, LOOK_S))

    def stop(self) -> None:
        """Dial no more, and give up who has not answered. Conversations are the telephone's to end; they
        are still put on record."""
        self._stopped = True
        for run in self._runs.values():
            run.hang_up(unanswered_only=True)

    @property
    def live_calls(self) -> int:
        """Calls of this process."""
        return sum(len(run.live) for run in self._runs.values())

    def step(self) -> float:
        """Do what is due; the seconds until there is more to do that no call's end brings about, perhaps
        infinite. Never raises for a database or a FreeSWITCH that is away: nothing is lost, and it is
        tried again."""
        try:
            self._renew()
            self._settle_lost()
            runs = self._current()
            for run in runs:
                run.settle()
            self._dial(runs)
            for run in runs:
                self._end(run)
        except StoreUnavailable as error:
            log.warning("the dialer waits for the database", error=str(error))
            return RETRY_S
        running = [run for run in runs if run.campaign.state is CampaignState.RUNNING]
        waits = [] if self._stopped else [run.wait_s() for run in running]
        if self.live_calls:
            waits.append(self._renewed_s + self._renew_every_s - self._clock.monotonic())
        return max(SHORTEST_S, min(waits, default=inf))

    # --- campaigns --------------------------------------------------------------------------

    def _current(self) -> list[CampaignRun]:
        """Campaigns that run, stop, or have calls of ours; those of higher priority first, among equal
        ones who has waited longest."""
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
            self._take_up(campaign)
        return sorted(self._runs.values(), key=lambda run: (-run.settings.priority, run.dialled_s))

    def _take_up(self, campaign: Campaign) -> None:
        try:
            if campaign.id in self._runs:
                self._runs[campaign.id].changed(campaign)
            else:
                lease_s, most = self._lease.total_seconds(), self._max_calls
                self._runs[campaign.id] = CampaignRun(
                    campaign, self._store, self._caller, self._clock, lease_s, most, self._memory.forget
                )
        except ValueError as error:
            log.error("campaign_unusable", campaign=campaign.name, error=str(error))
            why = f"wrong settings: {error}"[:WHY_CHARS]
            try:
                self._store.campaigns.move(campaign.id, CampaignState.PAUSED, self._clock.now(), why)
            except (BadTransition, UnknownCampaign) as refused:
                log.info("campaign_not_moved", campaign=campaign.name, why=str(refused))

    def _dial(self, runs: list[CampaignRun]) -> None:
        """Lines that a campaign of higher priority waits for, held up by its rate, stay free for it."""
        if self._stopped:
            return
        kept: dict[int, int] = {}
        for run in runs:
            if run.campaign.state is not CampaignState.RUNNING:
                continue
            priority = run.settings.priority
            reserved = sum(backlog for other, backlog in kept.items() if other > priority)
            room = min(self._max_calls - self.live_calls, self._caller.room())
            run.dial(room - reserved)
            kept[priority] = kept.get(priority, 0) + run.backlog

    def _end(self, run: CampaignRun) -> None:
        if run.campaign.state is CampaignState.STOPPING and run.campaign.why == HANG_UP:
            run.hang_up()
        if run.campaign.state in (CampaignState.RUNNING, CampaignState.STOPPING):
            run.finish()

    # --- leases -----------------------------------------------------------------------------

    def _renew(self) -> None:
        if self._clock.monotonic() - self._renewed_s < self._renew_every_s:
            return
        leases = [call.lease for run in self._runs.values() for call in run.live.values()]
        until = self._clock.now() + self._lease
        held = self._store.contacts.renew(leases, until) if leases else frozenset()
        lost = [lease.contact.id for lease in leases if lease.contact.id not in held]
        if lost:
            log.error("leases_lost", contacts=lost)
        self._renewed_s = self._clock.monotonic()

    def _settle_lost(self) -> None:
        """Attempts of dialers that died."""
        if self._clock.monotonic() - self._lost_s < LOST_EVERY_S:
            return
        self._lost_s = self._clock.monotonic()
        ours = {attempt_id: call for run in self._runs.values() for attempt_id, call in run.live.items()}
        for attempt_id, lease in self._lost.settle(ours).items():
            ours[attempt_id].lease = lease
