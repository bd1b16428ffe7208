"""A dialer on a real database, with a clock and telephones that a test moves by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from controller.dialer.dialer import Dialer
from controller.dialer.model import (
    AttemptState,
    Campaign,
    CampaignState,
    Disposition,
    NewContact,
    Outcome,
    Progress,
)
from controller.dialer.ports import CallerAway, CallOrder
from controller.storage.dialer_store import SqlDialerStore

LOOK_S = 30.0
"""The real dialer looks twice a second what others have changed; here nobody changes anything while it
runs."""
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Clock:
    """Goes on by what is slept."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def now(self) -> datetime:
        return MONDAY + timedelta(seconds=self.at_s)

    def monotonic(self) -> float:
        return self.at_s

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds


@dataclass
class Fate:
    """What becomes of a call: it ends so long after the dial."""

    after_s: float
    disposition: Disposition
    cause: str = "NORMAL_CLEARING"


@dataclass
class Placed:
    """A call on the clock."""

    order: CallOrder
    fate: Fate
    clock: Clock
    ended: Callable[[str], object]
    began_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.began_s = self.clock.monotonic()

    @property
    def attempt_id(self) -> str:
        return self.order.attempt_id

    @property
    def progress(self) -> Progress:
        """Rings at once, is answered after a second."""
        talks = self.clock.monotonic() >= self.began_s + 1.0
        state = AttemptState.TALKING if talks else AttemptState.RINGING
        return Progress(state, self.clock.now(), "s1" if talks else "")

    @property
    def ends_s(self) -> float:
        return self.began_s + self.fate.after_s

    def wait(self, timeout_s: float | None = None) -> Outcome | None:
        assert timeout_s == 0, "a step never waits"
        if self.clock.monotonic() < self.ends_s:
            return None
        self.ended(self.attempt_id)
        return Outcome(self.fate.disposition, self.fate.cause)

    def hang_up(self, politely: bool = True) -> None:
        assert politely
        goodbye_s = self.clock.monotonic() - self.began_s + 1.0
        self.fate = Fate(goodbye_s, self.fate.disposition, self.fate.cause)


class Phones:
    """Everybody's telephone. `fates`: by number, one for each call in turn, the last one again."""

    def __init__(self, clock: Clock, store: SqlDialerStore) -> None:
        self.clock = clock
        self.store = store
        self.fates: dict[str, list[Fate]] = {}
        self.usual = Fate(5.0, Disposition.COMPLETED)
        self.orders: list[tuple[float, CallOrder]] = []
        self.channels: dict[str, Placed] = {}
        self.killed: list[str] = []
        self.most = 0
        self.away = False

    def room(self) -> int:
        return 1000

    def place(self, order: CallOrder) -> Placed:
        if self.away:
            raise CallerAway("FreeSWITCH is away")
        attempt = self.store.attempts.get(order.attempt_id)
        assert attempt is not None, "dialled before it was written"
        fates = self.fates.get(order.number, [self.usual])
        calls = sum(done.number == order.number for _, done in self.orders)
        self.orders.append((self.clock.monotonic(), order))
        placed = Placed(order, fates[min(calls, len(fates) - 1)], self.clock, self._over)
        self.channels[order.attempt_id] = placed
        self.most = max(self.most, len(self.channels))
        return placed

    def _over(self, attempt_id: str) -> None:
        self.channels.pop(attempt_id, None)

    def next_end_s(self) -> float:
        """When the next call will end."""
        ends = [call.ends_s for call in self.channels.values()]
        return min((end for end in ends if end > self.clock.monotonic()), default=inf)

    def live(self) -> Collection[str]:
        if self.away:
            raise CallerAway("FreeSWITCH is away")
        return set(self.channels)

    def end(self, attempt_id: str) -> None:
        self.killed.append(attempt_id)
        self.channels.pop(attempt_id, None)

    def called(self, number: str) -> list[float]:
        """When a number was called, seconds from the start."""
        return [at for at, order in self.orders if order.number == number]


class House:
    """A database, a clock, phones, and dialers that come and go."""

    def __init__(self, url: str) -> None:
        self.clock = Clock()
        self.store = SqlDialerStore(url)
        self.phones = Phones(self.clock, self.store)
        self.dialer = self.new_dialer()

    def new_dialer(self, max_calls: int = 50) -> Dialer:
        return Dialer(self.store, self.phones, self.clock, max_calls)

    def campaign(self, people: int, *, name: str = "c", zone: str = "UTC", **settings: Any) -> Campaign:
        usual: dict[str, Any] = {"bot": "b", "calls_per_s": 50.0, "max_calls": 50}
        now = self.clock.now()
        made = self.store.campaigns.create(name, usual | settings, now)
        rows = [
            NewContact(i + 1, f"+4420794600{i:02d}", (zone,), f"P{i}", "en", {"amount": str(i)})
            for i in range(people)
        ]
        self.store.contacts.stage(made.id, "i-" + name, rows, now)
        self.store.contacts.accept("i-" + name, now)
        return self.store.campaigns.move(made.id, CampaignState.RUNNING, now)

    def run(self, seconds: float) -> None:
        """Step when something is due or a call ends, and now and then, as the real one does too."""
        until = self.clock.at_s + seconds
        while self.clock.at_s < until:
            now_s = self.clock.at_s
            wait_s = min(self.dialer.step(), LOOK_S, until - now_s)
            self.clock.sleep(min(wait_s, self.phones.next_end_s() - now_s))

    def state(self, campaign: Campaign) -> CampaignState:
        return self.store.campaigns.get(campaign.id).state

    def ended(self, campaign: Campaign) -> dict[Disposition, int]:
        return dict(self.store.campaigns.counts(campaign.id).attempts)
