"""What may be called, how often, how many at once."""

from __future__ import annotations

import pytest

from controller.telephony.dial import GatewayEndpoint, UserEndpoint
from controller.telephony.endpoints import Endpoints
from controller.telephony.guard import DestinationRefused, Guard, TooManyCalls


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def guard(clock: Clock | None = None, **limits: float) -> Guard:
    values = {"per_second": 1.0, "burst": 100, "max_calls": 100, **limits}
    return Guard(
        [r"10\d\d", r"\+4930\d{3,8}"],
        per_second=values["per_second"],
        burst=int(values["burst"]),
        max_calls=int(values["max_calls"]),
        clock=clock or Clock(),
    )


@pytest.mark.parametrize("number", ["1001", "1099", "+4930123", "+493012345678"])
def test_numbers_that_may_be_called(number: str) -> None:
    assert guard().check_destination(number) == number


@pytest.mark.parametrize(
    "number",
    [
        "", "100", "10011", "+4930", "+49301234567890", "00493012345", "1001 ", " 1001", "1001\n",
        "1001,1002", "1001@evil.example", "{a=b}1001", "sofia/gateway/x/1", "１００１", "1001|1002",
        "+1900555", "1001\x00",
    ],
)  # fmt: skip
def test_numbers_that_may_not(number: str) -> None:
    with pytest.raises(DestinationRefused):
        guard().check_destination(number)


def test_nothing_may_be_called_when_nothing_is_allowed() -> None:
    closed = Guard([], per_second=1, burst=1, max_calls=1)
    with pytest.raises(DestinationRefused, match="not among the numbers"):
        closed.check_destination("1001")


def test_only_so_many_at_once_and_a_place_is_given_back() -> None:
    calls = guard(max_calls=2)
    with calls.call("1001"), calls.call("1002"):
        assert calls.under_way == 2
        with pytest.raises(TooManyCalls, match="2 calls"), calls.call("1003"):
            pass
    with pytest.raises(RuntimeError), calls.call("1001"):
        raise RuntimeError
    assert calls.under_way == 0


def test_only_so_many_per_second() -> None:
    clock = Clock()
    calls = guard(clock, per_second=2, burst=3)

    def place() -> None:
        with calls.call("1001"):
            pass

    for _ in range(3):
        place()
    with pytest.raises(TooManyCalls, match="2 calls per second"):
        place()
    clock.now += 0.5
    place()
    with pytest.raises(TooManyCalls):
        place()
    clock.now += 3600
    for _ in range(3):  # no more than the burst, however long it was quiet
        place()
    with pytest.raises(TooManyCalls):
        place()


def test_a_refused_destination_costs_nothing() -> None:
    calls = guard(burst=1)
    with pytest.raises(DestinationRefused), calls.call("9999"):
        pass
    with calls.call("1001"):
        assert calls.under_way == 1


def test_where_a_number_is_dialled() -> None:
    ends = Endpoints(r"10\d\d", "pbx.example", "trunk", "+4930000", "Us", 30)
    assert ends.of("1001") == UserEndpoint("1001", "pbx.example")
    assert ends.of("+4930123") == GatewayEndpoint("trunk", "+4930123")
    assert ends.of("1001", "other") == GatewayEndpoint("other", "1001")
    with pytest.raises(DestinationRefused, match="no gateway is set"):
        Endpoints(r"10\d\d", "pbx.example", "", "", "", 30).of("+4930123")
