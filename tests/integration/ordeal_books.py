"""The books of an ordeal: what the database and FreeSWITCH say, held against the rules.

Responsible for judging every contact by rules of its own, without the product's. Must never know how
anything was broken, but when.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from controller.dialer.model import Attempt, AttemptState, Contact, ContactState, Disposition
from controller.dialer.ports import DialerStore
from tests.integration.ordeal import BACK_OFF_S, HASTE, MAX_TRIES, NAME, RETRIED, Blow, Struck, Switch

NOT_DIALLED = ("NEVER_DIALLED", "FREESWITCH_AWAY")
"""Causes of attempts whose originate was never sent."""
CALLS_GO_ON = (Blow.LOCK, Blow.CUT)
SLACK_S = 1.0
"""Real time between a blow and our note of it."""


class Books:
    """Everything at the end of an ordeal; `check` raises AssertionError."""

    def __init__(
        self, store: DialerStore, switch: Switch, began_s: float, struck: Sequence[Struck]
    ) -> None:
        campaign = store.campaigns.find(NAME)
        assert campaign is not None
        self.contacts: dict[int, Contact] = {}
        self.attempts: dict[int, list[Attempt]] = defaultdict(list)
        for row in store.campaigns.results(campaign.id):
            self.contacts[row.contact.id] = row.contact
            if row.attempt is not None:
                self.attempts[row.contact.id].append(row.attempt)
        self._switch = switch
        self._began_s = began_s
        self._struck = struck

    @property
    def every_attempt(self) -> list[Attempt]:
        """Of all contacts."""
        return [attempt for attempts in self.attempts.values() for attempt in attempts]

    def check(self, people: int) -> None:
        """All that must be true."""
        assert len(self.contacts) == people, "contacts were lost"
        self.check_originates(self._switch.originates)
        for contact in self.contacts.values():
            self._check_contact(contact, self.attempts[contact.id])
        for attempt in self.every_attempt:
            self._check_attempt(attempt)

    def check_originates(self, originates: Collection[str]) -> None:
        """FreeSWITCH got one originate for every attempt that is on record as dialled, and no other."""
        seen = Counter(originates)
        dialled = {one.id for one in self.every_attempt if one.cause not in NOT_DIALLED}
        assert max(seen.values()) == 1, "an attempt was dialled twice"
        assert set(seen) - dialled == set(), "dialled, but not on record as dialled"
        assert dialled - set(seen) == set(), "on record as dialled, but never was"

    def _check_contact(self, contact: Contact, attempts: list[Attempt]) -> None:
        where = f"{contact.number}: {[(str(one.disposition), one.cause) for one in attempts]}"
        assert contact.state is ContactState.DONE, where
        assert [one.number for one in attempts] == list(range(1, len(attempts) + 1)), where
        assert contact.attempts == len(attempts), where
        assert contact.disposition == attempts[-1].disposition, where
        tries = 0
        for place, attempt in enumerate(attempts, 1):
            assert attempt.state is AttemptState.ENDED, where
            tries += attempt.disposition is not Disposition.CANCELLED
            again = (
                attempt.disposition in RETRIED and tries < MAX_TRIES and not _talked_and_lost(attempt)
            )
            assert again == (place < len(attempts)), f"the rules say otherwise after {place}: {where}"
        assert contact.tries == tries, where
        for one, other in pairwise(attempts):
            assert one.ended_at is not None
            wait = timedelta(seconds=0 if one.cause in NOT_DIALLED else BACK_OFF_S)
            assert other.began_at >= one.ended_at + wait, f"called again before its time: {where}"

    def _check_attempt(self, attempt: Attempt) -> None:
        """What is on record is what the call met, unless something broke meanwhile."""
        met = self._switch.met.get(attempt.id)
        if attempt.disposition == met:
            return
        assert attempt.ended_at is not None
        began_s, ended_s = self._real_s(attempt.began_at), self._real_s(attempt.ended_at)
        blows = [one for one in self._struck if one.blow not in CALLS_GO_ON]
        assert any(
            one.began_s - SLACK_S <= ended_s and began_s <= one.ended_s + SLACK_S for one in blows
        ), f"{attempt.disposition} ({attempt.cause}), yet it met {met} and nothing was broken"

    def _real_s(self, at: datetime) -> float:
        """The dialers' clocks are fast."""
        start = datetime.fromtimestamp(self._began_s, UTC)
        return self._began_s + (at - start).total_seconds() / HASTE

    # --- for a report ------------------------------------------------------------------------

    def endings(self) -> Counter[str]:
        """Attempts by disposition and cause."""
        return Counter(f"{one.disposition}:{one.cause}" for one in self.every_attempt)

    def hit(self) -> Counter[str]:
        """Calls that a dead dialer left behind, by how far they were known to be."""
        lost = [one for one in self.every_attempt if one.cause in ("DIALER_LOST", "NEVER_DIALLED")]
        return Counter(_how_far(one) for one in lost)


def _talked_and_lost(attempt: Attempt) -> bool:
    """Who was talking when the dialer died isn't called again: nobody knows what was said."""
    return attempt.cause == "DIALER_LOST" and attempt.answered_at is not None


def _how_far(attempt: Attempt) -> str:
    if attempt.cause == "NEVER_DIALLED":
        return "before the originate"
    if attempt.answered_at is not None:
        return "talking"
    return "ringing" if attempt.ringing_at is not None else "dialling"
