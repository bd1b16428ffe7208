"""Rates, rooms and the abandoned share; simulated campaigns on a clock of their own."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from controller.dialer.pacing import Bucket, Load, Pace, Pacer, room


def test_calls_come_at_the_rate_and_no_faster() -> None:
    bucket, now, taken = Bucket(2.0, 100.0), 100.0, []
    while now < 110.0:
        if bucket.available(now):
            bucket.take(1)
            taken.append(now)
        now += 0.05
    assert 20 <= len(taken) <= 21
    assert all(b - a >= 0.45 for a, b in pairwise(taken))


def test_a_pause_saves_a_second_at_most() -> None:
    bucket = Bucket(5.0, 0.0)
    assert bucket.available(3600.0) == 5
    assert Bucket(0.1, 0.0).available(3600.0) == 1


def test_a_slow_rate_says_how_long_to_wait() -> None:
    bucket = Bucket(0.25, 0.0)
    bucket.take(bucket.available(0.0))
    assert bucket.wait_s(1.0) == pytest.approx(3.0)
    assert bucket.wait_s(4.0) == 0.0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = Bucket(10.0, 100.0)
    bucket.take(1)
    assert bucket.available(0.0) == 0
    assert bucket.available(100.05) == 0
    assert bucket.available(100.1) == 1


@pytest.mark.parametrize(
    ("load", "expected"),
    [(Load(0, 0), 4), (Load(1, 2), 1), (Load(2, 2), 0), (Load(0, 5), 0), (Load(9, 0), 0)],
)
def test_never_more_calls_than_conversations(load: Load, expected: int) -> None:
    assert room(Pace(10, 4), load) == expected


def test_over_dialling_waits_until_enough_were_answered() -> None:
    pace = Pace(100, 10, over_dial=2.0, abandoned_share=0.03)
    assert room(pace, Load(0, 0)) == 10
    assert room(pace, Load(0, 0, answered=25)) == 11  # 1 of 36
    assert room(pace, Load(0, 0, answered=1000)) == 20
    assert room(pace, Load(0, 0, answered=1000, abandoned=30)) == 10


def test_a_pause_and_other_limits() -> None:
    pacer = Pacer(Pace(2, 3), 0.0)
    assert pacer.allowance(Load(0, 0), 0.0) == 1
    pacer.dialled(1)
    assert pacer.allowance(Load(1, 0), 0.0) == 0
    assert pacer.wait_s(0.0) == pytest.approx(0.5)
    pacer.change(Pace(2, 1), 5.0)
    assert pacer.allowance(Load(1, 0), 5.0) == 0
    pacer.change(Pace(10, 30), 5.0)
    assert pacer.allowance(Load(1, 0), 6.0) == 10


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (1, 1, 0.5), (1, 1, 11.0), (1, 1, 1.0, 1.5)])
def test_limits_that_are_none_are_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Pace(wrong[0], int(wrong[1]), *wrong[2:])


@pytest.mark.parametrize("answer_share", [0.1, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_abandoned_share_never_passes_its_cap(answer_share: float, seed: int) -> None:
    """Calls ring for 5-25 s, people talk for 10-60 s; at every single answer the cap holds."""
    chance = random.Random(seed)
    pace = Pace(20, 10, over_dial=3.0, abandoned_share=0.03)
    pacer = Pacer(pace, 0.0)
    ringing: list[float] = []
    talking: list[float] = []
    answered = abandoned = dialled_extra = 0
    for tick in range(20_000):
        now = tick * 0.1
        talking = [end for end in talking if end > now]
        for _ in [end for end in ringing if end <= now]:
            if chance.random() < answer_share:
                answered += 1
                if len(talking) < pace.concurrent:
                    talking.append(now + chance.uniform(10, 60))
                else:
                    abandoned += 1
                assert abandoned <= pace.abandoned_share * answered
        ringing = [end for end in ringing if end > now]
        allowed = pacer.allowance(Load(len(ringing), len(talking), answered, abandoned), now)
        ringing += [now + chance.uniform(5, 25) for _ in range(allowed)]
        pacer.dialled(allowed)
        dialled_extra += len(ringing) + len(talking) > pace.concurrent
    assert answered > 100
    assert dialled_extra > 0, "over-dialling never happened: the test shows nothing"
