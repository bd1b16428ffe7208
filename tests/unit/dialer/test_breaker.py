"""A broken line is told from unwilling numbers."""

from __future__ import annotations

import pytest

from controller.dialer.breaker import Breaker
from controller.dialer.model import Disposition

DOWN = (Disposition.FAILED, "NORMAL_TEMPORARY_FAILURE")
FINE = (Disposition.COMPLETED, "NORMAL_CLEARING")


def test_a_gateway_that_is_down_pauses_after_a_few_calls() -> None:
    breaker = Breaker(share=0.5, last=20, least=5)
    said = [breaker.ended(*DOWN) for _ in range(5)]
    assert said[:4] == [None] * 4
    assert said[4] == "5 of the last 5 calls failed by the line, most with NORMAL_TEMPORARY_FAILURE"


def test_half_of_the_calls_is_not_more_than_half() -> None:
    breaker = Breaker(share=0.5, last=4, least=4)
    assert [breaker.ended(*end) for end in (DOWN, FINE, DOWN, FINE)] == [None] * 4
    assert breaker.ended(*DOWN) is None  # FINE DOWN FINE DOWN
    assert breaker.ended(*DOWN) is not None  # DOWN FINE DOWN DOWN


@pytest.mark.parametrize(
    "end",
    [
        (Disposition.BUSY, "USER_BUSY"),
        (Disposition.NO_ANSWER, "NO_ANSWER"),
        (Disposition.INVALID, "UNALLOCATED_NUMBER"),
        (Disposition.REJECTED, "CALL_REJECTED"),
        (Disposition.MACHINE, "NORMAL_CLEARING"),
        (Disposition.FAILED, "MEDIA_TIMEOUT"),
    ],
)
def test_unwilling_numbers_say_nothing_of_the_line(end: tuple[Disposition, str]) -> None:
    breaker = Breaker()
    assert [breaker.ended(*end) for _ in range(50)] == [None] * 50


def test_a_line_that_never_answers_is_broken_too() -> None:
    breaker = Breaker(least=3)
    assert [breaker.ended(Disposition.NO_ANSWER, "RECOVERY_ON_TIMER_EXPIRE") for _ in range(3)][-1]


def test_our_own_cancelling_does_not_count() -> None:
    breaker = Breaker(least=1)
    assert breaker.ended(Disposition.CANCELLED, "UNKNOWN") is None
    assert breaker.ended(*FINE) is None


def test_told_that_it_works_again_it_begins_anew() -> None:
    breaker = Breaker(least=2, last=2)
    breaker.ended(*DOWN)
    breaker.reset()
    assert breaker.ended(*DOWN) is None
    assert breaker.ended(*DOWN) is not None


@pytest.mark.parametrize("wrong", [(0.0, 5, 1), (1.1, 5, 1), (0.5, 5, 0), (0.5, 5, 6)])
def test_limits_that_are_none_are_refused(wrong: tuple[float, int, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Breaker(*wrong)
