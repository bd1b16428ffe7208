"""Attempts: written before they are dialled, closed exactly once. Keeps
`controller.dialer.ports.Attempts`.

Responsible for an attempt and its contact changing together or not at all. Must never know what a call
is, nor when to try again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, insert, select, true, update

from controller.dialer.model import (
    NO_LIMITS,
    Attempt,
    AttemptState,
    Begin,
    CampaignState,
    ContactState,
    Disposition,
    Lease,
    Limits,
    LostAttempt,
    Outcome,
    Settlement,
)
from controller.observe.redaction import clean, storable_text
from controller.storage.dialer_database import (
    ATTEMPTS,
    CAMPAIGNS,
    CONTACTS,
    DialerDatabase,
    attempt_of,
    contact_of,
    is_sqlite,
    short,
)
from controller.storage.dialer_do_not_call import hold_still, listed_numbers

SLOT_CHARS = 16_384
PATH_CHARS = 4096
MAX_RECENT = 1000
COUNTING = 0x5354
"""PostgreSQL's advisory lock of who counts open attempts and adds one."""
_A = ATTEMPTS.c
_C = CONTACTS.c
_NO_LEASE: Mapping[str, Any] = {"lease": None, "leased_until": None, "attempt_id": None}


class SqlAttempts:
    """Attempts in the database; see `Attempts` for what each method promises."""

    def __init__(self, database: DialerDatabase) -> None:
        self._database = database

    def begin_attempt(
        self,
        lease: Lease,
        attempt_id: str,
        caller_id: str,
        now: datetime,
        until: datetime,
        limits: Limits = NO_LIMITS,
    ) -> Begin:
        """Write the attempt, before it is dialled, if it may be."""
        row = _row(lease, attempt_id, caller_id, now)
        return self._database.write(lambda connection: _begin(connection, lease, row, until, limits))

    def note(self, attempt_id: str, state: AttemptState, at: datetime, session_id: str = "") -> bool:
        """An open attempt rings or talks; False when it has ended."""
        values: dict[str, Any] = {}
        if state is AttemptState.RINGING:
            forward = case((_A.state == AttemptState.DIALLING, state.value), else_=_A.state)
            values = {"state": forward, "ringing_at": func.coalesce(_A.ringing_at, at)}
        elif state is AttemptState.TALKING:
            values = {"state": state, "answered_at": func.coalesce(_A.answered_at, at)}
            if session_id:
                values["session_id"] = short(session_id)
        else:
            raise ValueError(f"an attempt is noted when it rings or talks, not as {state.value}")
        noted = update(ATTEMPTS).where(_A.id == attempt_id, _A.ended_at.is_(None)).values(values)
        return self._database.write(lambda connection: connection.execute(noted).rowcount == 1)

    def end_attempt(
        self, attempt_id: str, outcome: Outcome, settlement: Settlement, now: datetime
    ) -> bool:
        """Close an attempt and settle its contact; False when it was closed before."""
        return self._database.write(
            lambda connection: _end(connection, attempt_id, outcome, settlement, now)
        )

    def take_lost(self, limit: int, now: datetime, until: datetime) -> tuple[LostAttempt, ...]:
        """Lease open attempts whose lease is over."""
        return self._database.write(lambda connection: _take_lost(connection, limit, now, until))

    def get(self, attempt_id: str) -> Attempt | None:
        """One attempt."""
        found = self._all(select(ATTEMPTS).where(_A.id == attempt_id))
        return found[0] if found else None

    def open(self, campaign_id: str | None = None) -> tuple[Attempt, ...]:
        """Open attempts, oldest first."""
        query = select(ATTEMPTS).where(_A.ended_at.is_(None)).order_by(_A.began_at, _A.id)
        if campaign_id is not None:
            query = query.where(_A.campaign_id == campaign_id)
        return self._all(query)

    def recent(self, campaign_id: str, limit: int = 50) -> tuple[Attempt, ...]:
        """The newest attempts first, at most `limit` (1-1000)."""
        if not 1 <= limit <= MAX_RECENT:
            raise ValueError(f"limit must be 1 to {MAX_RECENT}, not {limit}")
        query = select(ATTEMPTS).where(_A.campaign_id == campaign_id)
        return self._all(query.order_by(_A.began_at.desc(), _A.id).limit(limit))

    def tally(self, campaign_id: str, since: datetime) -> Mapping[Disposition, int]:
        """Attempts that ended since then, by disposition."""
        query = select(_A.disposition, func.count()).group_by(_A.disposition)
        query = query.where(_A.campaign_id == campaign_id, _A.ended_at >= since)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {Disposition(disposition): count for disposition, count in rows}

    def _all(self, query: Any) -> tuple[Attempt, ...]:
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(map(attempt_of, rows))


def _begin(
    connection: Connection, lease: Lease, attempt: dict[str, Any], until: datetime, limits: Limits
) -> Begin:
    """The campaign's row is held first: who pauses it waits for us, or we see that it is paused."""
    campaign_id = lease.contact.campaign_id
    held = select(CAMPAIGNS.c.state).where(CAMPAIGNS.c.id == campaign_id).with_for_update(read=True)
    campaign_state = connection.scalar(held)
    this = _C.id == lease.contact.id
    row = connection.execute(select(CONTACTS).where(this).with_for_update()).mappings().first()
    if row is None or row["lease"] != lease.token:
        return Begin.LOST
    if row["state"] == ContactState.CALLING and row["attempt_id"] == attempt["id"]:
        return Begin.BEGUN
    if row["state"] != ContactState.LEASED:
        return Begin.LOST
    free = {**_NO_LEASE, "state": ContactState.WAITING}
    if campaign_state != CampaignState.RUNNING:
        connection.execute(update(CONTACTS).where(this).values(free))
        return Begin.NOT_RUNNING
    hold_still(connection)
    if listed_numbers(connection, [row["number"]], attempt["began_at"]):
        kept = {"state": ContactState.DONE, "disposition": Disposition.DO_NOT_CALL}
        connection.execute(update(CONTACTS).where(this).values({**_NO_LEASE, **kept}))
        return Begin.DO_NOT_CALL
    if _full(connection, campaign_id, limits):
        connection.execute(update(CONTACTS).where(this).values(free))
        return Begin.FULL
    number = row["attempts"] + 1
    connection.execute(insert(ATTEMPTS).values({**attempt, "number": number}))
    calling = {
        "state": ContactState.CALLING,
        "attempt_id": attempt["id"],
        "attempts": number,
        "tries": row["tries"] + 1,
        "leased_until": until,
    }
    connection.execute(update(CONTACTS).where(this).values(calling))
    return Begin.BEGUN


def _full(connection: Connection, campaign_id: str, limits: Limits) -> bool:
    """Whether one more would be too many. Who counts is alone until the end of the transaction; what the
    last one has added is counted."""
    if not is_sqlite(connection):
        connection.execute(select(func.pg_advisory_xact_lock(COUNTING)))
    for most, mine in ((limits.all, true()), (limits.campaign, _A.campaign_id == campaign_id)):
        under_way = select(func.count()).select_from(ATTEMPTS).where(_A.ended_at.is_(None), mine)
        if most is not None and (connection.scalar(under_way) or 0) >= most:
            return True
    return False


def _row(lease: Lease, attempt_id: str, caller_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": attempt_id,
        "campaign_id": lease.contact.campaign_id,
        "contact_id": lease.contact.id,
        "called": lease.contact.number,
        "caller_id": short(caller_id),
        "state": AttemptState.DIALLING,
        "began_at": now,
        "cause": "",
        "session_id": "",
        "slots": {},
        "recording_path": "",
    }


def _end(
    connection: Connection, attempt_id: str, outcome: Outcome, settlement: Settlement, now: datetime
) -> bool:
    values: dict[str, Any] = {
        "state": AttemptState.ENDED,
        "ended_at": now,
        "disposition": outcome.disposition,
        "cause": short(outcome.cause),
        "slots": clean(outcome.slots, SLOT_CHARS),
        "recording_path": storable_text(outcome.recording_path, PATH_CHARS),
        "ringing_at": func.coalesce(_A.ringing_at, outcome.ringing_at),
        "answered_at": func.coalesce(_A.answered_at, outcome.answered_at),
    }
    if outcome.session_id:
        values["session_id"] = short(outcome.session_id)
    still_open = update(ATTEMPTS).where(_A.id == attempt_id, _A.ended_at.is_(None))
    contact_id = connection.scalar(still_open.values(values).returning(_A.contact_id))
    if contact_id is None:
        return False
    settled: dict[str, Any] = {**_NO_LEASE, "disposition": outcome.disposition}
    if settlement.due_at is None:
        settled["state"] = ContactState.DONE
    else:
        settled |= {"state": ContactState.WAITING, "due_at": settlement.due_at}
    if not settlement.counted:
        settled["tries"] = _C.tries - 1
    mine = update(CONTACTS).where(_C.id == contact_id, _C.attempt_id == attempt_id)
    connection.execute(mine.values(settled))
    return True


def _take_lost(
    connection: Connection, limit: int, now: datetime, until: datetime
) -> tuple[LostAttempt, ...]:
    lost = select(_C.id).where(_C.state == ContactState.CALLING, _C.leased_until <= now)
    lost = lost.order_by(_C.leased_until, _C.id).limit(limit).with_for_update(skip_locked=True)
    ids = list(connection.scalars(lost))
    if not ids:
        return ()
    token = secrets.token_hex(16)
    mine = update(CONTACTS).where(_C.id.in_(ids)).values(lease=token, leased_until=until)
    contacts = connection.execute(mine.returning(CONTACTS)).mappings().all()
    attempts = select(ATTEMPTS).where(_A.id.in_([row["attempt_id"] for row in contacts]))
    by_contact = {row["contact_id"]: attempt_of(row) for row in connection.execute(attempts).mappings()}
    return tuple(
        LostAttempt(by_contact[row["id"]], Lease(contact_of(row), token, until)) for row in contacts
    )
