"""How often somebody may try to log in: by user, and by address.

Pure: told the time (seconds of any clock that goes forward). Every attempt counts as failed from its
beginning until `succeeded` says otherwise, so that many at once gain nothing.

    free attempts, then waits of 1, 2, 4 … seconds between them, up to `most_s`; forgotten after
    `forget_s` without an attempt

A user's waits stay short, since anybody can cause them; an address's grow long.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

FORGET_S = 3600.0
MAX_KNOWN = 10_000
"""Users or addresses remembered; the one that was quiet longest goes first."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many attempts are free, and how the waits grow."""

    free: int
    most_s: float
    first_s: float = 1.0
    forget_s: float = FORGET_S


BY_USER = Pace(free=5, most_s=60.0)
BY_ADDRESS = Pace(free=10, most_s=900.0)


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    not_before: float = 0.0
    last: float = 0.0


class _Counter:
    """Failures under one kind of key."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._known: OrderedDict[str, _Trouble] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """How long until another attempt is heard."""
        trouble = self._known.get(key)
        if trouble is not None and now - trouble.last > max(self._pace.forget_s, self._pace.most_s):
            del self._known[key]
            return 0.0
        return max(0.0, trouble.not_before - now) if trouble else 0.0

    def count(self, key: str, now: float) -> None:
        """One more attempt."""
        trouble = self._known.setdefault(key, _Trouble())
        self._known.move_to_end(key)
        trouble.failures += 1
        trouble.last = now
        over = trouble.failures - self._pace.free
        if over >= 0:
            wait = self._pace.first_s * 2.0 ** min(over, 30)
            trouble.not_before = now + min(self._pace.most_s, wait)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)

    def take_back(self, key: str) -> None:
        """An attempt that succeeded was none; older failures stay."""
        trouble = self._known.get(key)
        if trouble is not None:
            trouble.failures -= 1
            if trouble.failures <= 0:
                del self._known[key]

    def forget(self, key: str) -> None:
        """As if there had been no failure."""
        self._known.pop(key, None)


class Attempts:
    """Attempts to log in, of this process, and of those before it as far as `recall` is told."""

    def __init__(self, by_user: Pace = BY_USER, by_address: Pace = BY_ADDRESS) -> None:
        self._users = _Counter(by_user)
        self._addresses = _Counter(by_address)

    def begin(self, name: str, address: str, now: float) -> float:
        """0 when the attempt may be made, which then counts; else the seconds to wait, uncounted.
        The name need not exist: that would tell who does."""
        place = _network(address)
        wait = max(self._users.wait_s(name, now), self._addresses.wait_s(place, now))
        if wait == 0:
            self._users.count(name, now)
            self._addresses.count(place, now)
        return wait

    def recall(self, name: str, address: str, at: float, *, right: bool) -> None:
        """Count an attempt of the past, in order; "" for a name that is nobody's."""
        if right:
            self._users.forget(name)
            return
        if name:
            self._users.count(name, at)
        self._addresses.count(_network(address), at)

    def succeeded(self, name: str, address: str) -> None:
        """The attempt that began was right. The address's other failures stay: who has one account
        must not get endless attempts at others."""
        self._users.forget(name)
        self._addresses.take_back(_network(address))


def _network(address: str) -> str:
    """An IPv6 customer has at least a /64 to choose addresses from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
