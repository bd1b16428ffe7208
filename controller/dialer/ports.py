"""What the dialer needs of the world, and what it may rely on.

Responsible for signatures and guarantees. Must never know who keeps them (`controller.storage` and
`controller.telephony` do). Moments are aware datetimes; `now` is given, so that tests choose it.

Every method of a store waits cooperatively and raises StoreUnavailable when the database can't be used
just now: nothing is known to have happened, and the same call again is right (each is idempotent, or
says False the second time; contacts leased by a call whose answer was lost come back). Hosts must
agree on the time within a lease.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from controller.dialer.model import (
    NO_LIMITS,
    Attempt,
    AttemptState,
    Begin,
    Campaign,
    CampaignState,
    Contact,
    Counts,
    Disposition,
    DoNotCallEntry,
    Lease,
    Limits,
    LostAttempt,
    NewContact,
    Outcome,
    Progress,
    ResultRow,
    Settlement,
    ZoneGroup,
)


class StoreUnavailable(Exception):
    """The database does not answer just now; try again."""


class CampaignExists(ValueError):
    """There is a campaign of this name."""


class UnknownCampaign(LookupError):
    """There is no such campaign."""


class BadTransition(ValueError):
    """A campaign can't go from its state to that one; the message names both."""


class CallerAway(Exception):
    """FreeSWITCH does not answer: nothing was dialled, or nothing can be known."""


class Clock(Protocol):
    """Time for the dialer."""

    def now(self) -> datetime:
        """The wall clock in UTC."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Wait cooperatively; returns early when a call has changed."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of a batch: numbers that were there already, and numbers not to be called. All others
    are staged."""

    duplicates: frozenset[str]
    do_not_call: frozenset[str]


class ContactSink(Protocol):
    """Where an import goes, batch by batch; nothing is called before `accept`."""

    def stage(
        self, campaign_id: str, import_id: str, batch: Sequence[NewContact], now: datetime
    ) -> Staged:
        """Keep a batch as `staged`, in one transaction, numbers on the do-not-call list and numbers the
        campaign has left out. The same batch again changes nothing. Raises UnknownCampaign."""

    def accept(self, import_id: str, due_at: datetime) -> int:
        """All staged contacts of the import wait now, at once for every reader; how many."""

    def discard(self, import_id: str) -> int:
        """Forget the staged contacts of the import; how many."""


class Contacts(ContactSink, Protocol):
    """The contacts of campaigns, and the leases on them."""

    def discard_stale(self, before: datetime) -> int:
        """Forget staged contacts older than that: their import died."""

    def waiting(self, campaign_id: str) -> tuple[ZoneGroup, ...]:
        """Who waits, by time zones; contacts with a lease that is over count as waiting."""

    def lease_next(
        self,
        campaign_id: str,
        zones: Sequence[tuple[str, ...]],
        limit: int,
        now: datetime,
        until: datetime,
    ) -> tuple[Lease, ...]:
        """Take up to `limit` contacts that are due, for this dialer alone, until `until`.

        Only those of the given `zones` (whose windows the caller knows to be open), the first of
        these first, the longest due first within each. No two callers, threads, processes or hosts ever
        hold one contact. A contact whose lease is over without an attempt is taken again; one with an
        open attempt never is. Nothing when the campaign is not running."""

    def renew(self, leases: Collection[Lease], until: datetime) -> frozenset[int]:
        """Prolong leases (also those of open attempts); the ids of contacts that are still held."""

    def release(self, leases: Collection[Lease], due_at: datetime | None = None) -> int:
        """Give contacts back uncalled, due at `due_at` (None: as before). Those with an attempt, or
        whose lease was lost, are left alone; how many were given back."""

    def get(self, contact_id: int) -> Contact | None:
        """One contact."""

    def page(
        self, campaign_id: str, after: int = 0, limit: int = 100, state: str | None = None
    ) -> tuple[Contact, ...]:
        """Contacts (in that ContactState) in the list's order, after that id."""


class Attempts(Protocol):
    """Calls on record."""

    def begin_attempt(
        self,
        lease: Lease,
        attempt_id: str,
        caller_id: str,
        now: datetime,
        until: datetime,
        limits: Limits = NO_LIMITS,
    ) -> Begin:
        """Write the attempt, BEFORE it is dialled, with the channel's uuid; hold the lease to `until`.

        In one transaction with looking at the lease, the campaign's state and the do-not-call list:
        once pausing, stopping or adding a number has returned, no attempt begins against it; and with
        counting: no more attempts are ever open than `limits` says. A contact has at most one open
        attempt. The same call again says BEGUN and changes nothing."""

    def note(self, attempt_id: str, state: AttemptState, at: datetime, session_id: str = "") -> bool:
        """An open attempt rings or talks. False when it has ended (nothing changes)."""

    def end_attempt(
        self, attempt_id: str, outcome: Outcome, settlement: Settlement, now: datetime
    ) -> bool:
        """Close an attempt, and settle its contact, in one transaction. False when it was closed before
        (nothing changes: an attempt has exactly one disposition) or there is none such."""

    def take_lost(self, limit: int, now: datetime, until: datetime) -> tuple[LostAttempt, ...]:
        """Lease open attempts whose lease is over (their dialer died), of all campaigns, for who will
        find out what became of them. No two callers get the same."""

    def get(self, attempt_id: str) -> Attempt | None:
        """One attempt."""

    def open(self, campaign_id: str | None = None) -> tuple[Attempt, ...]:
        """Open attempts (of one campaign), oldest first."""

    def recent(self, campaign_id: str, limit: int = 50) -> tuple[Attempt, ...]:
        """The newest attempts first."""

    def tally(self, campaign_id: str, since: datetime) -> Mapping[Disposition, int]:
        """Attempts that ended since then, by disposition: for rates and the abandoned share."""


class DoNotCallStore(Protocol):
    """Numbers (E.164) that must not be called. A change is effective at once, for every dialer."""

    def add(self, entries: Collection[DoNotCallEntry]) -> int:
        """Add or replace entries, in one transaction; how many are new. One that lasts for ever is not
        replaced by one that expires."""

    def remove(self, numbers: Collection[str]) -> int:
        """Take numbers off; how many were on."""

    def listed(self, numbers: Collection[str], now: datetime) -> frozenset[str]:
        """Those of `numbers` that must not be called at `now`."""

    def page(self, after: str = "", limit: int = 100) -> tuple[DoNotCallEntry, ...]:
        """Entries by number, after that one, expired ones too."""

    def entry(self, number: str) -> DoNotCallEntry | None:
        """A number's entry, an expired one too."""

    def count(self, now: datetime) -> int:
        """How many must not be called at `now`."""

    def purge(self, now: datetime) -> int:
        """Forget expired entries; how many."""


class Campaigns(Protocol):
    """Campaigns and their states."""

    def create(self, name: str, settings: Mapping[str, Any], now: datetime) -> Campaign:
        """A new draft. Raises CampaignExists."""

    def get(self, campaign_id: str) -> Campaign:
        """Raises UnknownCampaign."""

    def find(self, name: str) -> Campaign | None:
        """By its name."""

    def listed(self, state: CampaignState | None = None) -> tuple[Campaign, ...]:
        """All (of that state), newest first."""

    def change(self, campaign_id: str, settings: Mapping[str, Any], now: datetime) -> Campaign:
        """New settings; who runs the campaign reads them again. Raises UnknownCampaign."""

    def move(
        self,
        campaign_id: str,
        to: CampaignState,
        now: datetime,
        why: str = "",
        *,
        expected: CampaignState | None = None,
    ) -> Campaign:
        """Go to another state as `model.NEXT_STATES` allows; to the same is nothing, unless it is the
        `expected` one: then the reason changes. `expected`: only from that one, so that a breaker or a
        finishing runner never undoes what an operator said. Raises BadTransition, UnknownCampaign."""

    def counts(self, campaign_id: str) -> Counts:
        """The campaign in numbers."""

    def results(self, campaign_id: str, page_size: int = 1000) -> Iterator[ResultRow]:
        """All contacts in the list's order, each with all its attempts in order, read page by page."""

    def delete(self, campaign_id: str) -> bool:
        """Forget a campaign with its contacts and attempts; False when there is none. Raises
        BadTransition while it runs, stops or has an open attempt."""


class DialerStore(Protocol):
    """The dialer's database: its parts work on one and the same."""

    @property
    def campaigns(self) -> Campaigns: ...
    @property
    def contacts(self) -> Contacts: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def do_not_call(self) -> DoNotCallStore: ...


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A call to place. `attempt_id` becomes the channel's uuid; `number` is E.164. The last three: see
    `machine.answering.Answering`."""

    attempt_id: str
    number: str
    bot: str
    gateway: str
    caller_id: str
    ring_s: int
    language: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    machine: str = "hang_up"
    message: str = ""
    introduction: str = ""


class PlacedCall(Protocol):
    """A call under way."""

    @property
    def attempt_id(self) -> str: ...
    @property
    def progress(self) -> Progress:
        """How far it is; `ENDED` is told by `wait` alone."""

    def wait(self, timeout_s: float | None = None) -> Outcome | None:
        """Its outcome, when it has ended; None when it has not within `timeout_s`."""

    def hang_up(self, politely: bool = True) -> None:
        """End it: unanswered at once, a conversation after a goodbye if `politely`."""


class Caller(Protocol):
    """Makes calls. One whose conversation asked for the do-not-call list says so by its disposition."""

    def room(self) -> int:
        """How many calls could be placed this moment; 0 while FreeSWITCH is away."""

    def place(self, order: CallOrder) -> PlacedCall:
        """Begin to dial, and return at once. Raises CallerAway when it is sure that nothing was dialled;
        a call refused for what it is (number, bot, gateway) ends with FAILED and a cause instead."""

    def live(self) -> Collection[str]:
        """The uuids of all channels FreeSWITCH has. Raises CallerAway."""

    def end(self, attempt_id: str) -> None:
        """Hang up a channel that nobody of ours talks on. Raises CallerAway."""
