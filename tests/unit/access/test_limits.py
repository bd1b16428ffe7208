"""How often somebody may try to log in."""

from __future__ import annotations

import pytest

from controller.access.limits import BY_ADDRESS, BY_USER, Attempts
from tests.login import make_access
from tests.unit.access.conftest import ROOT, Clock, Office, refused


def waits(attempts: Attempts, name: str, address: str, count: int) -> list[float]:
    """`count` failures, each as soon as allowed; the waits between them."""
    now, found = 0.0, []
    for _ in range(count):
        wait = attempts.begin(name, address, now)
        if wait:
            now += wait
            assert attempts.begin(name, address, now) == 0
        found.append(wait)
    return found


def test_a_users_waits_grow_to_a_minute_and_no_more() -> None:
    found = waits(Attempts(), "sarah", "10.0.0.1", 10)
    assert found[:5] == [0, 0, 0, 0, 0]
    assert found[5:] == [1, 2, 4, 8, 16]
    assert max(waits(Attempts(), "sarah", "10.0.0.1", 14)) == BY_USER.most_s


def test_another_name_from_the_same_address_waits_too() -> None:
    attempts = Attempts()
    for number in range(BY_ADDRESS.free):
        assert attempts.begin(f"user{number}", "10.0.0.1", 0) == 0
    assert attempts.begin("fresh", "10.0.0.1", 0) > 0
    assert attempts.begin("fresh", "10.0.0.2", 0) == 0


def test_an_address_waits_up_to_a_quarter_of_an_hour() -> None:
    attempts, now, longest = Attempts(), 0.0, 0.0
    for number in range(25):
        wait = attempts.begin(f"user{number}", "10.0.0.1", now)
        now, longest = now + wait, max(longest, wait)
        if wait:
            assert attempts.begin(f"user{number}", "10.0.0.1", now) == 0
    assert longest == BY_ADDRESS.most_s


def test_many_at_once_gain_nothing() -> None:
    attempts = Attempts()
    heard = [attempts.begin("sarah", f"10.0.0.{n}", 0.0) == 0 for n in range(100)]
    assert sum(heard) == BY_USER.free


def test_success_forgets_the_user_and_not_the_address() -> None:
    attempts = Attempts()
    for _ in range(4):
        attempts.begin("sarah", "10.0.0.1", 0)
    attempts.begin("mallory", "10.0.0.1", 0)
    attempts.succeeded("mallory", "10.0.0.1")
    assert attempts.begin("sarah", "10.0.0.9", 0) == 0
    assert attempts.begin("sarah", "10.0.0.9", 0) > 0, "five failures of sarah are five"
    for number in range(6):
        assert attempts.begin(f"user{number}", "10.0.0.1", 0) == 0
    assert attempts.begin("fresh", "10.0.0.1", 0) > 0, "four of them came from this address"


def test_an_own_account_does_not_shorten_the_waits() -> None:
    attempts = Attempts()
    for number in range(BY_ADDRESS.free - 1):
        attempts.begin(f"user{number}", "10.0.0.1", 0)
    assert attempts.begin("mallory", "10.0.0.1", 0) == 0
    attempts.succeeded("mallory", "10.0.0.1")
    assert attempts.begin("victim", "10.0.0.1", 0) > 0


def test_it_is_forgotten_after_an_hour() -> None:
    attempts = Attempts()
    for _ in range(5):
        attempts.begin("sarah", "10.0.0.1", 0)
    later = BY_USER.forget_s + 1
    assert [attempts.begin("sarah", "10.0.0.1", later) for _ in range(5)] == [0] * 5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("unix:", "unix:", True),
    ],
)
def test_an_ipv6_customer_is_one_address(one: str, other: str, same: bool) -> None:
    attempts = Attempts()
    for number in range(BY_ADDRESS.free):
        attempts.begin(f"user{number}", one, 0)
    assert (attempts.begin("fresh", other, 0) > 0) is same


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.access.limits.MAX_KNOWN", 10)
    attempts = Attempts()
    for number in range(1000):
        attempts.begin(f"user{number}", f"10.0.{number // 250}.{number % 250}", 0)
    assert len(attempts._users._known) == len(attempts._addresses._known) == 10


def restarted(office: Office) -> Office:
    """Another process on the same database."""
    clock = office.clock
    access = make_access(office.store, now=lambda: clock.now, clock=clock.seconds)
    return Office(access, office.store, clock)


def test_a_restart_does_not_forget_them(office: Office, clock: Clock) -> None:
    office.hire("sarah")
    for _ in range(5):
        with refused("wrong_login"):
            office.log_in("sarah", "a wrong guess")
    with refused("wrong_login"):
        office.log_in("nobody", "a wrong guess")
    again = restarted(office)
    with refused("too_many") as told:
        again.log_in("sarah")
    assert 0 < told.value.facts["seconds"] <= 2
    with refused("wrong_login"):
        again.log_in("sarah's neighbour", "x", address="10.0.0.77")
    clock.pass_by(minutes=2)
    assert again.log_in("sarah", address="10.0.0.77")
    third = restarted(office)
    assert third.log_in("sarah", address="10.0.0.77"), "who got in at last begins anew"
    for each in (again, third):
        each.access.passwords.close()


def test_an_address_waits_on_after_a_restart(office: Office, clock: Clock) -> None:
    for n in range(10):
        with refused("wrong_login"):
            office.log_in(f"user{n}", "a wrong guess", address="10.0.0.66")
    again = restarted(office)
    with refused("too_many"):
        again.log_in("another", "x", address="10.0.0.66")
    clock.pass_by(hours=2)
    with refused("wrong_login"):
        again.log_in("another", "x", address="10.0.0.66")
    again.access.passwords.close()


def test_what_is_older_than_an_hour_is_not_recalled(office: Office, clock: Clock) -> None:
    office.hire("sarah")
    for _ in range(5):
        with refused("wrong_login"):
            office.log_in("sarah", "a wrong guess")
    clock.pass_by(minutes=61)
    office.access.audit.note(ROOT, "user_add", "x")
    assert [entry.action for entry in office.access.audit.since(clock.now)] == ["user_add"]
