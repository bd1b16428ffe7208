"""The dialer's words: campaigns, contacts, leases, attempts and dispositions.

Responsible for values and for the table of a campaign's states. Must never know a database, a clock or
a telephone. Every moment carries a time zone.

    contact:  staged ─► waiting ◄─────────────────┐
              (import)     │ lease_next           │ end_attempt with a moment to try again
                           ▼                      │
                         leased ─ begin_attempt ─► calling ─ end_attempt, final ─► done
                           └─ lease over: waiting again    └─ lease over: to be reconciled
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Disposition(StrEnum):
    """How an attempt ended. Those that telephony has too have the same values."""

    COMPLETED = "completed"  # answered, and there was a conversation
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"  # there is no such number
    MACHINE = "machine"  # an answering machine, hung up on
    MACHINE_MESSAGE = "machine_message"  # an answering machine, and our message is on it
    TRANSFERRED = "transferred"
    DO_NOT_CALL = "do_not_call"  # on the list before dialling, or asked for in the call
    FAILED = "failed"  # see the cause
    ABANDONED = "abandoned"  # answered, and nobody of ours was free to talk
    CANCELLED = "cancelled"  # by us, before it was answered


class ContactState(StrEnum):
    """Where a contact is."""

    STAGED = "staged"  # read from a file that is not accepted yet
    WAITING = "waiting"  # for `due_at`, and for its window
    LEASED = "leased"  # a dialer has it and is about to call
    CALLING = "calling"  # it has an open attempt
    DONE = "done"  # will not be called again; see the disposition


class AttemptState(StrEnum):
    """How far an attempt is."""

    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class CampaignState(StrEnum):
    """Where a campaign is."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"  # no new calls; goes on where it was
    STOPPING = "stopping"  # no new calls; waits for the live ones
    STOPPED = "stopped"
    DONE = "done"  # every contact is


_S = CampaignState
NEXT_STATES: Mapping[CampaignState, frozenset[CampaignState]] = {
    _S.DRAFT: frozenset({_S.RUNNING, _S.STOPPED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.STOPPING, _S.DONE}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.STOPPING, _S.DONE}),
    _S.STOPPING: frozenset({_S.STOPPED}),
    _S.STOPPED: frozenset({_S.RUNNING}),
    _S.DONE: frozenset({_S.RUNNING}),  # contacts were added
}
"""What may follow a campaign's state; everything else is refused."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands. `settings`: what `CampaignSettings.model_validate` takes; `why`: the
    reason of its state in words (the breaker's, an operator's), "" for none."""

    id: str
    name: str
    settings: Mapping[str, Any]
    state: CampaignState
    why: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class NewContact:
    """A row that was read. `number` is E.164; `zones` are IANA names, sorted, at least one, and all of
    them must allow a call; `variables` go to the flow."""

    line: int
    number: str
    zones: tuple[str, ...]
    name: str = ""
    language: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as it stands. `attempts`: all that were begun; `tries`: those that count against the
    most allowed; `disposition`: of the last attempt, or why it is done without one."""

    id: int
    campaign_id: str
    line: int
    number: str
    name: str
    zones: tuple[str, ...]
    language: str
    variables: Mapping[str, str]
    state: ContactState
    disposition: Disposition | None
    tries: int
    attempts: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to call `contact`, until `until` or as long as it is renewed. `token` proves it."""

    contact: Contact
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of one contact. `id` is the channel's uuid; `number` counts a contact's attempts from 1.
    Open until `ended_at`; `disposition` is set exactly then, and never changes again."""

    id: str
    campaign_id: str
    contact_id: int
    number: int
    called: str
    caller_id: str
    state: AttemptState
    began_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    disposition: Disposition | None
    cause: str
    session_id: str
    slots: Mapping[str, Any]
    recording_path: str


@dataclass(frozen=True, slots=True)
class LostAttempt:
    """An open attempt whose dialer is gone, now leased to who reconciles it."""

    attempt: Attempt
    lease: Lease


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is, since when (None: not known), and in which session it talks."""

    state: AttemptState = AttemptState.DIALLING
    at: datetime | None = None
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call. `cause`: FreeSWITCH's hang-up cause or ours; `slots`: what the flow filled;
    a moment None: it never came to that, or was not seen."""

    disposition: Disposition
    cause: str = ""
    session_id: str = ""
    slots: Mapping[str, Any] = field(default_factory=dict)
    recording_path: str = ""
    ringing_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What follows for the contact: called again at `due_at` or never (None). Not `counted`: the try is
    given back, for it was not the contact's doing (cancelled by us)."""

    due_at: datetime | None
    counted: bool = True


class Begin(StrEnum):
    """Whether an attempt may be dialled. Only BEGUN may."""

    BEGUN = "begun"
    LOST = "lost"  # the lease is another's, or the contact is not to be called any more
    NOT_RUNNING = "not_running"  # the campaign was paused or stopped; the contact waits again
    DO_NOT_CALL = "do_not_call"  # the number is on the list; the contact is done
    FULL = "full"  # so many calls are open already; the contact waits again


@dataclass(frozen=True, slots=True)
class Limits:
    """Open attempts at most, of all dialers together: of the campaign, and of all campaigns; None: any
    number."""

    campaign: int | None = None
    all: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class DoNotCallEntry:
    """A number that must not be called, until `expires_at` or for ever (None)."""

    number: str
    reason: str
    added_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ZoneGroup:
    """Contacts that wait and share their time zones: how many, and when the first is due."""

    zones: tuple[str, ...]
    waiting: int
    first_due_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """A campaign in numbers: contacts by state, done contacts and ended attempts by disposition."""

    contacts: Mapping[ContactState, int]
    done: Mapping[Disposition, int]
    attempts: Mapping[Disposition, int]
    open_attempts: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A line of the export: a contact with one of its attempts, or with None when it has none."""

    contact: Contact
    attempt: Attempt | None
