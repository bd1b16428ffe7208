"""One campaign while it runs in this process: its limits, its live calls, and its next ones.

Responsible for a contact's way through one call: leased, attempt written, dialled, settled. Keeps in
memory only what can be found again in the store. Must never know who makes calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from controller.dialer.breaker import Breaker
from controller.dialer.campaign import CampaignSettings
from controller.dialer.model import (
    AttemptState,
    Begin,
    Campaign,
    CampaignState,
    Contact,
    Disposition,
    Lease,
    Outcome,
    Settlement,
)
from controller.dialer.pacing import Load, Pace, Pacer
from controller.dialer.ports import Caller, CallerAway, CallOrder, Clock, DialerStore, PlacedCall

LEASE_S = 60.0
"""A dialer that died is noticed after so long; a live one renews three times meanwhile."""
AWAY_S = 5.0
"""FreeSWITCH was away: the next call is tried so much later."""
ABANDONED_OVER = timedelta(days=1)
"""The abandoned share is that of a day, as regulators count it."""
IDLE_S = 1.0

log = structlog.get_logger(__name__)

_ANSWERED = frozenset(
    {
        Disposition.COMPLETED,
        Disposition.MACHINE,
        Disposition.MACHINE_MESSAGE,
        Disposition.TRANSFERRED,
        Disposition.ABANDONED,
    }
)


@dataclass(slots=True)
class LiveCall:
    """A call of this process."""

    lease: Lease
    placed: PlacedCall


class CampaignRun:
    """Made when a campaign is first seen to run; told of every change of it."""

    def __init__(self, campaign: Campaign, store: DialerStore, caller: Caller, clock: Clock) -> None:
        """Raises ValueError for settings that are none."""
        self._store = store
        self._caller = caller
        self._clock = clock
        self._next_caller_id = 0
        self._not_before_s = 0.0
        self.live: dict[str, LiveCall] = {}
        self.campaign = campaign
        self.settings = CampaignSettings.model_validate(campaign.settings)
        self._windows = self.settings.calling_windows()
        self._retry = self.settings.retry.policy()
        self._pacer = Pacer(self._pace(), clock.monotonic())
        self._breaker = self._new_breaker()

    def changed(self, campaign: Campaign) -> None:
        """The campaign as it stands now. Raises ValueError for settings that are none."""
        resumed = campaign.state is not self.campaign.state
        if campaign.settings != self.campaign.settings:
            self.settings = CampaignSettings.model_validate(campaign.settings)
            self._windows = self.settings.calling_windows()
            self._retry = self.settings.retry.policy()
            self._pacer.change(self._pace(), self._clock.monotonic())
            self._breaker = self._new_breaker()
        elif resumed:
            self._breaker.reset()
        self.campaign = campaign

    def _pace(self) -> Pace:
        given = self.settings
        over = given.over_dial
        return Pace(given.calls_per_s, given.max_calls, over.ratio, over.max_abandoned_share)

    def _new_breaker(self) -> Breaker:
        given = self.settings.breaker
        return Breaker(given.max_failed_share, given.last_calls)

    # --- calls that ended -------------------------------------------------------------------

    def settle(self) -> None:
        """Record every call that has ended. Raises StoreUnavailable; the rest is recorded next time."""
        for attempt_id, call in list(self.live.items()):
            outcome = call.placed.wait(0)
            if outcome is None:
                continue
            self._record(attempt_id, call.lease.contact, outcome)
            del self.live[attempt_id]
            why = self._breaker.ended(outcome.disposition, outcome.cause)
            if why is not None and self.campaign.state is CampaignState.RUNNING:
                self._pause(why)

    def _record(self, attempt_id: str, contact: Contact, outcome: Outcome) -> None:
        now = self._clock.now()
        then = self._retry.settle(outcome.disposition, contact.tries + 1, contact.attempts + 1, now)
        self._store.attempts.end_attempt(attempt_id, outcome, then, now)
        log.info(
            "attempt_ended",
            campaign=self.campaign.name,
            attempt_id=attempt_id,
            disposition=outcome.disposition.value,
            cause=outcome.cause,
        )

    def _pause(self, why: str) -> None:
        log.warning("campaign_paused", campaign=self.campaign.name, why=why)
        self.campaign = self._store.campaigns.move(
            self.campaign.id,
            CampaignState.PAUSED,
            self._clock.now(),
            why,
            expected=CampaignState.RUNNING,
        )

    # --- new calls --------------------------------------------------------------------------

    def dial(self, room: int) -> int:
        """Dial what may be dialled now, at most `room` calls; how many were. Raises StoreUnavailable."""
        now, at_s = self._clock.now(), self._clock.monotonic()
        if not self.settings.may_begin(now) or at_s < self._not_before_s:
            return 0
        wanted = min(room, self._pacer.allowance(self._load(now), at_s))
        if wanted < 1:
            return 0
        zones = [
            group.zones
            for group in self._store.contacts.waiting(self.campaign.id)
            if group.first_due_at <= now and self._windows.may_call(group.zones, now)
        ]
        if not zones:
            return 0
        until = now + timedelta(seconds=LEASE_S)
        leases = self._store.contacts.lease_next(self.campaign.id, zones, wanted, now, until)
        dialled = 0
        for number, lease in enumerate(leases):
            if not self._call(lease):
                self._store.contacts.release(leases[number + 1 :])
                break
            dialled += 1
        return dialled

    def _load(self, now: datetime) -> Load:
        states = [attempt.state for attempt in self._store.attempts.open(self.campaign.id)]
        talking = states.count(AttemptState.TALKING)
        if self._pacer.pace.over_dial <= 1.0:
            return Load(len(states) - talking, talking)
        ended = self._store.attempts.tally(self.campaign.id, now - ABANDONED_OVER)
        answered = sum(count for disposition, count in ended.items() if disposition in _ANSWERED)
        abandoned = ended.get(Disposition.ABANDONED, 0)
        return Load(len(states) - talking, talking, answered + talking, abandoned)

    def _call(self, lease: Lease) -> bool:
        """Write the attempt, then dial. False: no more calls just now."""
        now = self._clock.now()
        attempt_id, caller_id = str(uuid4()), self._caller_id()
        until = now + timedelta(seconds=LEASE_S)
        begun = self._store.attempts.begin_attempt(lease, attempt_id, caller_id, now, until)
        if begun is not Begin.BEGUN:
            log.info("contact_not_called", contact=lease.contact.id, why=begun.value)
            return begun is not Begin.NOT_RUNNING
        self._pacer.dialled(1)
        try:
            placed = self._caller.place(self._order(lease.contact, attempt_id, caller_id))
        except CallerAway as error:
            self._not_before_s = self._clock.monotonic() + AWAY_S
            log.warning("not_dialled", campaign=self.campaign.name, why=str(error))
            outcome = Outcome(Disposition.CANCELLED, "FREESWITCH_AWAY")
            due = self._clock.now() + timedelta(seconds=AWAY_S)
            self._store.attempts.end_attempt(
                attempt_id, outcome, Settlement(due, counted=False), self._clock.now()
            )
            return False
        self.live[attempt_id] = LiveCall(lease, placed)
        return True

    def _order(self, contact: Contact, attempt_id: str, caller_id: str) -> CallOrder:
        given = self.settings
        variables = {**contact.variables, "name": contact.name, "number": contact.number}
        return CallOrder(
            attempt_id=attempt_id,
            number=contact.number,
            bot=given.bot,
            gateway=given.gateway,
            caller_id=caller_id,
            ring_s=given.ring_s,
            language=contact.language,
            variables={key: value for key, value in variables.items() if value},
            machine=given.machine,
            message=given.message,
            introduction=given.introduction,
        )

    def _caller_id(self) -> str:
        """The next of the campaign's numbers; "" when it has none."""
        numbers = self.settings.caller_ids
        if not numbers:
            return ""
        self._next_caller_id = (self._next_caller_id + 1) % len(numbers)
        return numbers[self._next_caller_id - 1]

    # --- its end ----------------------------------------------------------------------------

    def finish(self) -> None:
        """Close the campaign when nothing is left to do. Raises StoreUnavailable."""
        now, campaigns = self._clock.now(), self._store.campaigns
        counts = campaigns.counts(self.campaign.id)
        if counts.open_attempts or self.live:
            return
        state = self.campaign.state
        if state is CampaignState.STOPPING:
            campaigns.move(
                self.campaign.id, CampaignState.STOPPED, now, self.campaign.why, expected=state
            )
            return
        ends_at = self.settings.ends_at
        if ends_at is not None and now >= ends_at:
            why = "its last moment has passed"
        elif not self._store.contacts.waiting(self.campaign.id):
            why = "everyone was called"
        else:
            return
        campaigns.move(self.campaign.id, CampaignState.DONE, now, why, expected=state)
        log.info("campaign_done", campaign=self.campaign.name, why=why)

    def hang_up(self) -> None:
        """End the live calls politely."""
        for call in self.live.values():
            call.placed.hang_up()

    def wait_s(self) -> float:
        """Seconds until the rate allows another call; at most `IDLE_S`."""
        return min(IDLE_S, self._pacer.wait_s(self._clock.monotonic()))
