"""Ten people call again and again, and hang up whenever they like: afterwards all is as before.

ENDURANCE_S is for how long, 20 seconds without it.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import gevent
import pytest

from tests.freeswitch.house import House
from tests.freeswitch.sip_phone import SipPhone
from tests.freeswitch.switch import wait_for
from tests.simulator.caller import CallFailed
from tests.simulator.line import Refused
from tests.simulator.phone_caller import PhoneCaller

pytestmark = [pytest.mark.freeswitch, pytest.mark.engines, pytest.mark.alone]

ENDURANCE_S = float(os.environ.get("ENDURANCE_S", "20"))
CALLERS = 10
NUMBERS = ("7001", "7003")
MORE_FILES = 5
MORE_MB = 40.0
"""Allocators keep what they once had: 9 MB more after 435 calls in five minutes were seen."""
QUIET_LIMIT_S = 15.0


def leaves_at_once(phone: SipPhone, dice: random.Random) -> None:
    gevent.sleep(dice.uniform(0, 0.3))


def leaves_meanwhile(phone: SipPhone, dice: random.Random) -> None:
    with PhoneCaller(phone) as caller:
        caller.waits(dice.uniform(0, 4000))


def answers_and_leaves(phone: SipPhone, dice: random.Random) -> None:
    with PhoneCaller(phone) as caller:
        caller.waits_for_reply()
        caller.says(dice.choice(("my name is Sarah Johnson", "yes please", "Thursday at ten")))
        caller.waits(dice.uniform(0, 2500))


def talks(phone: SipPhone, dice: random.Random) -> None:
    with PhoneCaller(phone) as caller:
        caller.waits_for_reply()
        for words in ("my name is Sarah Johnson", "Thursday at ten"):
            caller.says(words)
            caller.waits_for_reply()


def interrupts(phone: SipPhone, dice: random.Random) -> None:
    with PhoneCaller(phone) as caller:
        caller.line.wait(lambda: caller.bot_is_speaking, 6)
        caller.waits(dice.uniform(0, 1200))
        caller.says("wait a second")  # between two sentences as well
        caller.waits_for_reply()


MANNERS: tuple[Callable[[SipPhone, random.Random], None], ...] = (
    leaves_at_once,
    leaves_meanwhile,
    answers_and_leaves,
    talks,
    interrupts,
)


@dataclass(frozen=True, slots=True)
class Level:
    """What two processes hold."""

    files: int
    rss_mb: float
    switch_files: int

    @classmethod
    def of(cls, house: House) -> Level:
        assert house.switch.process
        switch = len(list(Path(f"/proc/{house.switch.process.pid}/fd").iterdir()))
        return cls(house.server.open_files(), house.server.rss_mb(), switch)


def test_nothing_is_left_of_many_calls(
    freeswitch_home: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(tmp_path).start()
    try:
        everybody_calls(house, once=True)  # threads, connections and caches are there after it
        wait_for(house.quiet, QUIET_LIMIT_S)
        before = Level.of(house)
        made, failures = everybody_calls(house)
        wait_for(house.quiet, QUIET_LIMIT_S)
        wait_for(lambda: Level.of(house).files <= before.files + MORE_FILES, QUIET_LIMIT_S)
        wait_for(lambda: Level.of(house).switch_files <= before.switch_files + MORE_FILES, QUIET_LIMIT_S)
        after = Level.of(house)
        with capsys.disabled():
            print(f"\n{ENDURANCE_S:g} s: {dict(made)}, {len(failures)} failures\n{before}\n{after}")
        assert not failures, "\n\n".join(failures)
        assert after.rss_mb < before.rss_mb + MORE_MB
        assert "Traceback" not in house.server.log_path.read_text()
    finally:
        house.stop()


def everybody_calls(house: House, *, once: bool = False) -> tuple[Counter[str], list[str]]:
    """Calls by manner, and what went wrong."""
    made: Counter[str] = Counter()
    failures: list[str] = []
    until = monotonic() + (0 if once else ENDURANCE_S)

    def one(number: int) -> None:
        dice = random.Random(number)
        gevent.sleep(number * 0.13)
        while True:
            manner = talks if once else dice.choice(MANNERS)
            made[manner.__name__] += 1
            try:
                with house.caller(str(1000 + number)) as phone:
                    manner(phone.dial(dice.choice(NUMBERS)), dice)
            except (CallFailed, Refused) as failure:
                failures.append(f"{manner.__name__}: {failure}")
            if monotonic() >= until:
                return

    gevent.joinall([gevent.spawn(one, number) for number in range(CALLERS)], raise_error=True)
    return made, failures
