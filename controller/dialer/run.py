"""One campaign while it runs in this process: its limits, its live calls, and its next ones.

Responsible for a contact's way through one call: leased, attempt written, dialled, settled. Keeps in
memory only what can be found again in the store. Must never know who makes calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from uuid import uuid4

import structlog

from controller.dialer.breaker import Breaker
from controller.dialer.campaign import CampaignSettings
from controller.dialer.load import count_load
from controller.dialer.lost import NEVER_DIALLED
from controller.dialer.model import (
    AttemptState,
    Begin,
    Campaign,
    CampaignState,
    Contact,
    Disposition,
    Lease,
    Limits,
    Outcome,
    Settlement,
)
from controller.dialer.orders import order_of
from controller.dialer.pacing import Pace, Pacer
from controller.dialer.ports import (
    BadTransition,
    Caller,
    CallerAway,
    Clock,
    DialerStore,
    PlacedCall,
    UnknownCampaign,
)
from controller.dialer.waiting import AGAIN_S, Waiting

LEASE_S = 60.0
"""A dialer that died is noticed after so long; a live one renews three times meanwhile."""
FULL_S = 0.25
"""Other dialers have all the calls there may be: so much later one may be over."""
AWAY_S = 5.0
"""FreeSWITCH was away: the next call is tried so much later."""

log = structlog.get_logger(__name__)

_FAR = (AttemptState.DIALLING, AttemptState.RINGING, AttemptState.TALKING)


@dataclass(slots=True)
class LiveCall:
    """A call of this process."""

    lease: Lease
    placed: PlacedCall
    noted: AttemptState = AttemptState.DIALLING
    told_to_end: bool = False


class CampaignRun:
    """Made when a campaign is first seen to run; told of every change of it.

    `backlog`: calls that it would dial now but for its rate. `dialled_s`: when it dialled last."""

    def __init__(
        self,
        campaign: Campaign,
        store: DialerStore,
        caller: Caller,
        clock: Clock,
        lease_s: float = LEASE_S,
        max_calls: int | None = None,
        recorded: Callable[[str], None] = lambda _attempt_id: None,
    ) -> None:
        """`max_calls`: of all campaigns and dialers; `recorded`: told of attempts that ended, once the
        database has them. Raises ValueError for settings that are none."""
        self._recorded = recorded
        self._max_calls = max_calls
        self._lease = timedelta(seconds=lease_s)
        self.backlog = 0
        self.dialled_s = 0.0
        self._waiting, self._next_s = Waiting(store.contacts, campaign.id), 0.0
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
        if campaign.changed_at != self.campaign.changed_at:
            self._waiting.forget()
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
        """Record how far every call is, and each that has ended. Raises StoreUnavailable; the rest is
        recorded next time."""
        for attempt_id, call in list(self.live.items()):
            outcome = call.placed.wait(0)
            if outcome is None:
                self._note(call)
                continue
            self._record(attempt_id, call.lease.contact, outcome)
            del self.live[attempt_id]
            self._waiting.changed()
            why = self._breaker.ended(outcome.disposition, outcome.cause)
            if why is not None and self.campaign.state is CampaignState.RUNNING:
                log.warning("campaign_paused", campaign=self.campaign.name, why=why)
                self._move(CampaignState.PAUSED, why)

    def _note(self, call: LiveCall) -> None:
        progress = call.placed.progress
        if progress.state in _FAR[_FAR.index(call.noted) + 1 :]:
            at = progress.at or self._clock.now()
            self._store.attempts.note(call.placed.attempt_id, progress.state, at, progress.session_id)
            call.noted = progress.state

    def _record(self, attempt_id: str, contact: Contact, outcome: Outcome) -> None:
        now = self._clock.now()
        then = self._retry.settle(outcome.disposition, contact.tries + 1, contact.attempts + 1, now)
        if outcome.cause == NEVER_DIALLED:
            then = Settlement(now, counted=False)
        self._store.attempts.end_attempt(attempt_id, outcome, then, now)
        self._recorded(attempt_id)
        log.info(
            "attempt_ended",
            campaign=self.campaign.name,
            attempt_id=attempt_id,
            disposition=outcome.disposition.value,
            cause=outcome.cause,
        )

    def _move(self, to: CampaignState, why: str) -> None:
        """Unless an operator has said something else meanwhile."""
        campaigns, state = self._store.campaigns, self.campaign.state
        try:
            self.campaign = campaigns.move(self.campaign.id, to, self._clock.now(), why, expected=state)
        except (BadTransition, UnknownCampaign) as error:
            log.info("campaign_not_moved", campaign=self.campaign.name, why=str(error))

    # --- new calls --------------------------------------------------------------------------

    def dial(self, room: int) -> int:
        """Dial what may be dialled now, at most `room` calls; how many were. Raises StoreUnavailable."""
        now, at_s = self._clock.now(), self._clock.monotonic()
        self.backlog = 0
        self._next_s = self._opens_s(now, at_s)
        if self._next_s > at_s:
            return 0
        self._waiting.look(at_s)
        due = self._waiting.due(self._windows, now)
        if not due:
            self._next_s = at_s + self._waiting.next_due_s(self._windows, now)
            return 0
        self._next_s = inf  # until a call ends, unless it is the rate that holds us up
        free = self._most() - len(self.live)
        self.backlog = max(0, min(free, sum(group.waiting for group in due)))
        if room < 1 or not self.backlog:
            return 0
        if self._pacer.wait_s(at_s) > 0:
            self._next_s = at_s + self._pacer.wait_s(at_s)
            return 0
        load = count_load(self._store.attempts, self.campaign.id, self._pacer.pace, now)
        wanted = min(room, self._pacer.allowance(load, at_s))
        dialled = self._dial_some(wanted, [group.zones for group in due], now) if wanted > 0 else 0
        if self.backlog and dialled:
            self._next_s = at_s + self._pacer.wait_s(at_s)
        return dialled

    def _dial_some(self, wanted: int, zones: list[tuple[str, ...]], now: datetime) -> int:
        leases = self._store.contacts.lease_next(self.campaign.id, zones, wanted, now, now + self._lease)
        dialled = 0
        for number, lease in enumerate(leases):
            if not self._call(lease):
                self._store.contacts.release(leases[number + 1 :])
                self.backlog = 0
                return dialled
            dialled += 1
        self.backlog -= dialled
        if len(leases) < wanted:  # those groups have no more
            self.backlog = 0
            self._waiting.changed()
            self._next_s = self._clock.monotonic() + AGAIN_S
        if dialled:
            self.dialled_s = self._clock.monotonic()
        return dialled

    def _most(self) -> int:
        """Calls of the campaign at once."""
        return int(self.settings.max_calls * self.settings.over_dial.ratio)

    def _opens_s(self, now: datetime, at_s: float) -> float:
        """When (monotonic) dialling makes sense at all."""
        if self.settings.may_begin(now):
            return max(self._not_before_s, at_s)
        starts_at = self.settings.starts_at
        return at_s + (starts_at - now).total_seconds() if starts_at and now < starts_at else inf

    def _call(self, lease: Lease) -> bool:
        """Write the attempt, then dial. False: no more calls just now."""
        now = self._clock.now()
        attempt_id, caller_id = str(uuid4()), self._caller_id()
        until = now + self._lease
        limits = Limits(self._most(), self._max_calls)
        begun = self._store.attempts.begin_attempt(lease, attempt_id, caller_id, now, until, limits)
        if begun is Begin.FULL:  # by another dialer's calls, whose ends we are not told
            self._not_before_s = self._next_s = self._clock.monotonic() + FULL_S
            return False
        if begun is not Begin.BEGUN:
            log.info("contact_not_called", contact=lease.contact.id, why=begun.value)
            return begun is not Begin.NOT_RUNNING
        if self._clock.now() >= until:  # the database took so long: others may have settled it meanwhile
            return False
        self._pacer.dialled(1)
        try:
            placed = self._caller.place(order_of(self.settings, lease.contact, attempt_id, caller_id))
        except CallerAway as error:
            self._not_before_s = self._clock.monotonic() + AWAY_S
            log.warning("not_dialled", campaign=self.campaign.name, why=str(error))
            outcome, now = Outcome(Disposition.CANCELLED, "FREESWITCH_AWAY"), self._clock.now()
            then = Settlement(now + timedelta(seconds=AWAY_S), counted=False)
            self._store.attempts.end_attempt(attempt_id, outcome, then, now)
            return False
        self.live[attempt_id] = LiveCall(lease, placed)
        return True

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
        if self.live:
            return
        store, campaign_id, ends_at = self._store, self.campaign.id, self.settings.ends_at
        if self.campaign.state is CampaignState.STOPPING:
            to, why = CampaignState.STOPPED, self.campaign.why
        elif ends_at is not None and self._clock.now() >= ends_at:
            to, why = CampaignState.DONE, "its last moment has passed"
        elif self._waiting.nobody and not store.contacts.waiting(campaign_id):
            to, why = CampaignState.DONE, "everyone was called"
        else:
            return
        if not store.attempts.open(campaign_id):  # another dialer's
            log.info("campaign_over", campaign=self.campaign.name, state=to.value, why=why)
            self._move(to, why)

    def hang_up(self, *, unanswered_only: bool = False) -> None:
        """End the live calls politely."""
        for call in self.live.values():
            talking = call.placed.progress.state is AttemptState.TALKING
            if not call.told_to_end and not (unanswered_only and talking):
                call.placed.hang_up()
                call.told_to_end = True

    def wait_s(self) -> float:
        """Seconds until there is something to do that no call's end brings about; perhaps infinite."""
        return max(0.0, self._next_s - self._clock.monotonic())
