"""Contacts and the leases on them. Keeps `controller.dialer.ports.Contacts`.

Responsible for one contact never being two dialers'. Must never know windows or retries.

SQLite has one writer: a transaction that begins with its lock (`BEGIN IMMEDIATE`) sees what no other
takes meanwhile. PostgreSQL's dialers lock the rows they choose and skip those that others have locked.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from controller.dialer.model import CampaignState, Contact, ContactState, Lease, NewContact, ZoneGroup
from controller.dialer.ports import Staged, UnknownCampaign
from controller.observe.redaction import storable_text
from controller.storage.dialer_database import (
    CAMPAIGNS,
    CONTACTS,
    DialerDatabase,
    chunks,
    contact_of,
    is_sqlite,
    read_zones,
    short,
    zones_key,
)
from controller.storage.dialer_do_not_call import listed_numbers

TEXT_CHARS = 16_384
MAX_PAGE = 1000
_C = CONTACTS.c
_FREE = {"state": ContactState.WAITING, "lease": None, "leased_until": None}


class SqlContacts:
    """Contacts in the database; see `Contacts` for what each method promises."""

    def __init__(self, database: DialerDatabase) -> None:
        self._database = database

    # --- import ------------------------------------------------------------------------------

    def stage(
        self, campaign_id: str, import_id: str, batch: Sequence[NewContact], now: datetime
    ) -> Staged:
        """Keep a batch as staged; which numbers were left out."""
        rows = [_row(campaign_id, import_id, contact, now) for contact in batch]
        return self._database.write(lambda connection: _stage(connection, campaign_id, rows, now))

    def accept(self, import_id: str, due_at: datetime) -> int:
        """Staged contacts of the import wait now; how many."""
        accepted = update(CONTACTS).where(_C.import_id == import_id, _C.state == ContactState.STAGED)
        accepted = accepted.values(state=ContactState.WAITING, due_at=due_at)
        return self._database.write(lambda connection: int(connection.execute(accepted).rowcount))

    def discard(self, import_id: str) -> int:
        """Forget the staged contacts of the import; how many."""
        gone = delete(CONTACTS).where(_C.import_id == import_id, _C.state == ContactState.STAGED)
        return self._database.write(lambda connection: int(connection.execute(gone).rowcount))

    def discard_stale(self, before: datetime) -> int:
        """Forget staged contacts older than that."""
        gone = delete(CONTACTS).where(_C.state == ContactState.STAGED, _C.created_at < before)
        return self._database.write(lambda connection: int(connection.execute(gone).rowcount))

    # --- dialling ----------------------------------------------------------------------------

    def waiting(self, campaign_id: str) -> tuple[ZoneGroup, ...]:
        """Who waits, by time zones."""
        uncalled = (ContactState.WAITING, ContactState.LEASED)
        groups = select(_C.zones, func.count(), func.min(_C.due_at)).group_by(_C.zones)
        groups = groups.where(_C.campaign_id == campaign_id, _C.state.in_(uncalled))
        rows = self._database.read(lambda connection: connection.execute(groups).all())
        return tuple(ZoneGroup(read_zones(zones), count, due_at) for zones, count, due_at in rows)

    def lease_next(
        self,
        campaign_id: str,
        zones: Sequence[tuple[str, ...]],
        limit: int,
        now: datetime,
        until: datetime,
    ) -> tuple[Lease, ...]:
        """Take up to `limit` due contacts of these zones for this dialer alone."""
        keys = [zones_key(some) for some in zones]
        if (
            limit < 1
            or not keys
            or not self._database.read(lambda c: _any_due(c, campaign_id, keys, now))
        ):
            return ()  # looking takes no lock
        return self._database.write(lambda c: _lease(c, campaign_id, keys, limit, now, until))

    def renew(self, leases: Collection[Lease], until: datetime) -> frozenset[int]:
        """Prolong leases; the ids of contacts that are still held."""
        tokens = {lease.contact.id: lease.token for lease in leases}
        if not tokens:
            return frozenset()
        return self._database.write(lambda connection: _renew(connection, tokens, until))

    def release(self, leases: Collection[Lease], due_at: datetime | None = None) -> int:
        """Give contacts back uncalled; how many."""
        free: dict[str, Any] = dict(_FREE) if due_at is None else {**_FREE, "due_at": due_at}
        mine = [
            update(CONTACTS).where(_held(lease), _C.state == ContactState.LEASED).values(free)
            for lease in sorted(leases, key=lambda lease: lease.contact.id)
        ]
        return self._database.write(
            lambda connection: sum(int(connection.execute(one).rowcount) for one in mine)
        )

    # --- looking -----------------------------------------------------------------------------

    def get(self, contact_id: int) -> Contact | None:
        """One contact."""
        query = select(CONTACTS).where(_C.id == contact_id)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        return contact_of(row) if row is not None else None

    def page(
        self, campaign_id: str, after: int = 0, limit: int = 100, state: str | None = None
    ) -> tuple[Contact, ...]:
        """Contacts after that id, at most `limit` (1-1000)."""
        if not 1 <= limit <= MAX_PAGE:
            raise ValueError(f"limit must be 1 to {MAX_PAGE}, not {limit}")
        query = select(CONTACTS).where(_C.campaign_id == campaign_id, _C.id > after)
        if state is not None:
            query = query.where(_C.state == state)
        query = query.order_by(_C.id).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(map(contact_of, rows))


def _row(campaign_id: str, import_id: str, contact: NewContact, now: datetime) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id,
        "import_id": import_id,
        "line": contact.line,
        "number": contact.number,
        "name": storable_text(contact.name, TEXT_CHARS),
        "zones": zones_key(contact.zones),
        "language": short(contact.language),
        "variables": dict(contact.variables),
        "state": ContactState.STAGED,
        "tries": 0,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }


def _stage(
    connection: Connection, campaign_id: str, rows: list[dict[str, Any]], now: datetime
) -> Staged:
    known = select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.id == campaign_id)
    if connection.scalar(known.with_for_update(read=True)) is None:
        raise UnknownCampaign(f"there is no campaign {campaign_id}")
    forbidden = listed_numbers(connection, [row["number"] for row in rows], now)
    wanted = {row["number"]: row for row in rows if row["number"] not in forbidden}
    insert = sqlite.insert if is_sqlite(connection) else postgresql.insert
    once = insert(CONTACTS).on_conflict_do_nothing().returning(_C.number)
    duplicates: set[str] = set()
    for some in chunks(wanted.values()):
        there = set(connection.scalars(once, some))
        left_out = [row["number"] for row in some if row["number"] not in there]
        found = select(_C.number, _C.import_id, _C.line)
        found = found.where(_C.campaign_id == campaign_id, _C.number.in_(left_out))
        for number, import_id, line in connection.execute(found):
            mine = wanted[number]
            if (import_id, line) != (mine["import_id"], mine["line"]):
                duplicates.add(number)
    return Staged(frozenset(duplicates), forbidden)


def _due(campaign_id: str, key: str, now: datetime) -> Any:
    state = _C.state == ContactState.WAITING
    return and_(_C.campaign_id == campaign_id, state, _C.zones == key, _C.due_at <= now)


def _expired(campaign_id: str, now: datetime) -> Any:
    state = _C.state == ContactState.LEASED
    return and_(_C.campaign_id == campaign_id, state, _C.leased_until <= now)


def _any_due(connection: Connection, campaign_id: str, keys: list[str], now: datetime) -> bool:
    """Asked one by one: each is one step into an index."""
    asked = [_expired(campaign_id, now), *(_due(campaign_id, key, now) for key in keys)]
    return any(
        connection.execute(select(_C.id).where(condition).limit(1)).first() is not None
        for condition in asked
    )


def _lease(
    connection: Connection,
    campaign_id: str,
    keys: list[str],
    limit: int,
    now: datetime,
    until: datetime,
) -> tuple[Lease, ...]:
    running = select(CAMPAIGNS.c.state).where(CAMPAIGNS.c.id == campaign_id)
    if connection.scalar(running.with_for_update(read=True)) != CampaignState.RUNNING:
        return ()
    expired = _locked(select(_C.id).where(_expired(campaign_id, now)))
    ids = list(connection.scalars(expired))
    for some in chunks(ids):
        connection.execute(update(CONTACTS).where(_C.id.in_(some)).values(_FREE))
    token = secrets.token_hex(16)
    taken: list[Lease] = []
    for key in keys:
        first = select(_C.id).where(_due(campaign_id, key, now)).order_by(_C.due_at, _C.id)
        chosen = list(connection.scalars(_locked(first.limit(limit - len(taken)))))
        if chosen:
            mine = {"state": ContactState.LEASED, "lease": token, "leased_until": until}
            leased = update(CONTACTS).where(_C.id.in_(chosen)).values(mine).returning(CONTACTS)
            contacts = map(contact_of, connection.execute(leased).mappings())
            taken += [
                Lease(contact, token, until) for contact in sorted(contacts, key=chosen_order(chosen))
            ]
        if len(taken) >= limit:
            break
    return tuple(taken)


def chosen_order(ids: Sequence[int]) -> Any:
    """A sorting key: contacts as their ids stand in `ids`."""
    place = {contact_id: number for number, contact_id in enumerate(ids)}
    return lambda contact: place[contact.id]


def _locked(chosen: Select[Any]) -> Select[Any]:
    return chosen.with_for_update(skip_locked=True)


def _held(lease: Lease) -> Any:
    return and_(_C.id == lease.contact.id, _C.lease == lease.token)


def _renew(connection: Connection, tokens: dict[int, str], until: datetime) -> frozenset[int]:
    held: set[int] = set()
    for some in chunks(sorted(tokens)):
        mine = or_(*(and_(_C.id == contact_id, _C.lease == tokens[contact_id]) for contact_id in some))
        renewed = update(CONTACTS).where(mine).values(leased_until=until).returning(_C.id)
        held.update(connection.scalars(renewed))
    return frozenset(held)
