"""Campaigns, their states and their results. Keeps `controller.dialer.ports.Campaigns`.

Responsible for changes of state that no two callers make at once, and for counting. Must never know what
the settings mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from controller.dialer.model import (
    NEXT_STATES,
    Attempt,
    Campaign,
    CampaignState,
    ContactState,
    Counts,
    Disposition,
    ResultRow,
)
from controller.dialer.ports import BadTransition, CampaignExists, UnknownCampaign
from controller.observe.redaction import storable_text
from controller.storage.dialer_database import (
    ATTEMPTS,
    CAMPAIGNS,
    CONTACTS,
    DialerDatabase,
    attempt_of,
    campaign_of,
    contact_of,
)
from controller.storage.models import NAME_CHARS

WHY_CHARS = 500
_K = CAMPAIGNS.c
_DELETABLE = frozenset({CampaignState.DRAFT, CampaignState.STOPPED, CampaignState.DONE})


class SqlCampaigns:
    """Campaigns in the database; see `Campaigns` for what each method promises."""

    def __init__(self, database: DialerDatabase) -> None:
        self._database = database

    def create(self, name: str, settings: Mapping[str, Any], now: datetime) -> Campaign:
        """A new draft. Raises CampaignExists, ValueError for a name that is empty or too long."""
        name = name.strip()
        if not name or len(name) > NAME_CHARS or not name.isprintable():
            raise ValueError(f"a campaign's name has 1 to {NAME_CHARS} printable characters")
        made = Campaign(uuid4().hex, name, dict(settings), CampaignState.DRAFT, "", now, now)
        return self._database.write(lambda connection: _create(connection, made))

    def get(self, campaign_id: str) -> Campaign:
        """Raises UnknownCampaign."""
        return self._database.read(lambda connection: _get(connection, campaign_id))

    def find(self, name: str) -> Campaign | None:
        """By its name."""
        query = select(CAMPAIGNS).where(_K.name == name)
        row = self._database.read(lambda connection: connection.execute(query).mappings().first())
        return campaign_of(row) if row is not None else None

    def listed(self, state: CampaignState | None = None) -> tuple[Campaign, ...]:
        """All (of that state), newest first."""
        query = select(CAMPAIGNS).order_by(_K.created_at.desc(), _K.id)
        if state is not None:
            query = query.where(_K.state == state)
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return tuple(map(campaign_of, rows))

    def change(self, campaign_id: str, settings: Mapping[str, Any], now: datetime) -> Campaign:
        """New settings. Raises UnknownCampaign."""
        values = {"settings": dict(settings), "changed_at": now}
        return self._database.write(lambda connection: _change(connection, campaign_id, values))

    def move(
        self,
        campaign_id: str,
        to: CampaignState,
        now: datetime,
        why: str = "",
        *,
        expected: CampaignState | None = None,
    ) -> Campaign:
        """Go to another state. Raises BadTransition, UnknownCampaign."""
        values = {"state": to, "why": storable_text(why, WHY_CHARS), "changed_at": now}
        return self._database.write(lambda connection: _move(connection, campaign_id, values, expected))

    def counts(self, campaign_id: str) -> Counts:
        """The campaign in numbers."""
        return self._database.read(lambda connection: _counts(connection, campaign_id))

    def results(self, campaign_id: str, page_size: int = 1000) -> Iterator[ResultRow]:
        """All contacts with all their attempts, read page by page."""
        after = 0
        while rows := self._database.read(
            lambda connection, after=after: _results(connection, campaign_id, after, page_size)  # type: ignore[misc]
        ):
            yield from rows
            after = rows[-1].contact.id

    def delete(self, campaign_id: str) -> bool:
        """Forget a campaign with all that is its. Raises BadTransition while it is at work."""
        return self._database.write(lambda connection: _delete(connection, campaign_id))


def _create(connection: Connection, made: Campaign) -> Campaign:
    if connection.scalar(select(_K.id).where(_K.name == made.name)) is not None:
        raise CampaignExists(f"there is a campaign {made.name!r} already")
    values = {
        "id": made.id,
        "name": made.name,
        "settings": made.settings,
        "state": made.state,
        "why": made.why,
        "created_at": made.created_at,
        "changed_at": made.changed_at,
    }
    connection.execute(insert(CAMPAIGNS).values(values))
    return made


def _get(connection: Connection, campaign_id: str, *, locked: bool = False) -> Campaign:
    query = select(CAMPAIGNS).where(_K.id == campaign_id)
    row = connection.execute(query.with_for_update() if locked else query).mappings().first()
    if row is None:
        raise UnknownCampaign(f"there is no campaign {campaign_id}")
    return campaign_of(row)


def _change(connection: Connection, campaign_id: str, values: Mapping[str, Any]) -> Campaign:
    connection.execute(update(CAMPAIGNS).where(_K.id == campaign_id).values(values))
    return _get(connection, campaign_id)


def _move(
    connection: Connection,
    campaign_id: str,
    values: Mapping[str, Any],
    expected: CampaignState | None,
) -> Campaign:
    campaign, to = _get(connection, campaign_id, locked=True), CampaignState(values["state"])
    if campaign.state is to:
        return _change(connection, campaign_id, values) if expected is to else campaign
    if expected not in (None, campaign.state) or to not in NEXT_STATES[campaign.state]:
        raise BadTransition(
            f"the campaign {campaign.name!r} is {campaign.state.value}; it can't become {to.value}"
        )
    return _change(connection, campaign_id, values)


def _counts(connection: Connection, campaign_id: str) -> Counts:
    contacts = select(CONTACTS.c.state, CONTACTS.c.disposition, func.count())
    contacts = contacts.where(CONTACTS.c.campaign_id == campaign_id)
    attempts = select(ATTEMPTS.c.disposition, func.count()).where(ATTEMPTS.c.campaign_id == campaign_id)
    by_state = dict.fromkeys(ContactState, 0)
    done: dict[Disposition, int] = {}
    grouped = contacts.group_by(CONTACTS.c.state, CONTACTS.c.disposition)
    for state, disposition, count in connection.execute(grouped):
        by_state[ContactState(state)] += count
        if state == ContactState.DONE and disposition is not None:
            done[Disposition(disposition)] = count
    rows = connection.execute(attempts.group_by(ATTEMPTS.c.disposition)).all()
    ended = {Disposition(disposition): count for disposition, count in rows if disposition is not None}
    still_open = sum(count for disposition, count in rows if disposition is None)
    return Counts(by_state, done, ended, still_open)


def _results(connection: Connection, campaign_id: str, after: int, page_size: int) -> list[ResultRow]:
    page = select(CONTACTS).where(CONTACTS.c.campaign_id == campaign_id, CONTACTS.c.id > after)
    page = page.where(CONTACTS.c.state != ContactState.STAGED).order_by(CONTACTS.c.id).limit(page_size)
    contacts = [contact_of(row) for row in connection.execute(page).mappings()]
    if not contacts:
        return []
    theirs = select(ATTEMPTS).where(
        ATTEMPTS.c.campaign_id == campaign_id,
        ATTEMPTS.c.contact_id.between(contacts[0].id, contacts[-1].id),
    )
    attempts: defaultdict[int, list[Attempt]] = defaultdict(list)
    for row in connection.execute(theirs.order_by(ATTEMPTS.c.number)).mappings():
        attempts[row["contact_id"]].append(attempt_of(row))
    rows: list[ResultRow] = []
    for contact in contacts:
        its = attempts.get(contact.id)
        rows += [ResultRow(contact, one) for one in its] if its else [ResultRow(contact, None)]
    return rows


def _delete(connection: Connection, campaign_id: str) -> bool:
    try:
        campaign = _get(connection, campaign_id, locked=True)
    except UnknownCampaign:
        return False
    at_work = select(ATTEMPTS.c.id).where(
        ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.ended_at.is_(None)
    )
    if campaign.state not in _DELETABLE or connection.scalar(at_work.limit(1)) is not None:
        raise BadTransition(f"the campaign {campaign.name!r} is at work; stop it first")
    connection.execute(delete(CAMPAIGNS).where(_K.id == campaign_id))
    return True
