"""What people do with accounts: logging in, passwords, links, users."""

from __future__ import annotations

import gevent
import pytest
from argon2 import PasswordHasher

from controller.access.model import AccessError, Actor, Means, Role, UserState
from controller.access.passwords import MAX_WAITING, Passwords
from tests.unit.access.conftest import PASSWORD, ROOT, Office, refused

# --- logging in


def test_a_login_is_found_until_it_ends(office: Office) -> None:
    office.hire("sarah", Role.AGENT)
    token = office.log_in(" Sarah ")
    me = office.access.sessions.find(token)
    assert me is not None
    assert (me.name, me.role, me.by) == ("sarah", Role.AGENT, Means.COOKIE)
    office.access.accounts.log_out(ROOT, me.session)
    assert office.access.sessions.find(token) is None


def test_idle_and_absolute_ends(office: Office) -> None:
    office.hire("sarah")
    token = office.log_in("sarah")
    office.clock.pass_by(hours=12, seconds=1)
    assert office.access.sessions.find(token) is None
    token = office.log_in("sarah")
    for _ in range(15):
        office.clock.pass_by(hours=11)
        assert office.access.sessions.find(token) is not None
    office.clock.pass_by(hours=11)
    assert office.access.sessions.find(token) is None, "seven days are over"


def test_a_wrong_name_looks_like_a_wrong_password(office: Office) -> None:
    office.hire("sarah")
    with refused("wrong_login") as one:
        office.log_in("sarah", "wrong password")
    with refused("wrong_login") as other:
        office.log_in("nobody", "wrong password")
    assert str(one.value) == str(other.value)
    assert office.told() == [("sarah", "login", "refused"), ("?", "login", "refused")]


def test_an_unknown_name_costs_a_hash_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, *given: checked.append("x") or verify(self, *given)
    )
    office.hire("sarah")
    for name in ("sarah", "nobody"):
        with refused("wrong_login"):
            office.log_in(name, "wrong password")
    assert len(checked) == 2


def test_brute_force_is_slowed_even_with_the_right_password_at_last(office: Office) -> None:
    office.hire("sarah")
    for _ in range(5):
        with refused("wrong_login"):
            office.log_in("sarah", "wrong password")
    with refused("too_many"):
        office.log_in("sarah")
    office.clock.pass_by(seconds=2)
    office.log_in("sarah")


def test_parallel_attempts_are_counted_before_they_are_checked(office: Office) -> None:
    office.hire("sarah")

    def guess(number: int) -> str:
        try:
            return office.log_in("sarah", f"guess number {number}")
        except AccessError as error:
            return error.code

    jobs = [gevent.spawn(guess, number) for number in range(40)]
    codes = [job.get(timeout=10) for job in jobs]
    assert codes.count("wrong_login") == 5
    assert codes.count("too_many") == 35


def test_a_flood_of_hashes_is_refused() -> None:
    slow = Passwords(PasswordHasher(time_cost=20, memory_cost=4096, parallelism=1))

    def hashed(number: int) -> str:
        try:
            return slow.hash(f"a password {number}")[:5]
        except AccessError as error:
            return error.code

    jobs = [gevent.spawn(hashed, number) for number in range(MAX_WAITING + 4)]
    said = [job.get(timeout=20) for job in jobs]
    assert said.count("busy") == 4
    assert said.count("$argo") == MAX_WAITING
    slow.close()


def test_a_stopped_user_is_out_at_once(office: Office) -> None:
    office.hire("root", Role.ADMIN)
    user = office.hire("sarah")
    token = office.log_in("sarah")
    _, key = office.access.keys.make(user.id, "cron", ["read"], None)
    office.access.accounts.change_user(ROOT, user.id, state=UserState.DISABLED)
    assert office.access.sessions.find(token) is None
    assert office.access.keys.find(key) is None
    with refused("wrong_login"):
        office.log_in("sarah")
    office.access.accounts.change_user(ROOT, user.id, state=UserState.ACTIVE)
    assert office.access.keys.find(key) is not None


def test_hashes_with_old_parameters_are_renewed(office: Office) -> None:
    user = office.hire("sarah")
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    office.store.set_password(user.id, old)
    office.log_in("sarah")
    renewed = office.access.accounts.user(user.id).password_hash
    assert "t=1" in renewed
    office.log_in("sarah")


@pytest.mark.parametrize("broken", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$"])
def test_without_a_good_hash_no_password_is_right(office: Office, broken: str) -> None:
    office.store.set_password(office.hire("sarah").id, broken)
    for password in ("", "nobody has this password", PASSWORD):
        with refused("wrong_login"):
            office.log_in("sarah", password)


@pytest.mark.parametrize("odd", ["密码是一串汉字而已啊", "lone \ud800 surrogate", "nul \x00 inside it"])
def test_any_characters_make_a_password(office: Office, odd: str) -> None:
    office.hire("sarah", password=odd)
    assert office.log_in("sarah", odd)


def test_characters_count_not_how_they_are_composed(office: Office) -> None:
    office.hire("sarah", password="Caf\u00e9 creme br\u00fbl\u00e9e")
    assert office.log_in("sarah", "Cafe\u0301 creme bru\u0302le\u0301e")


# --- passwords and links


def test_changing_the_password_ends_all_logins(office: Office) -> None:
    user = office.hire("sarah")
    one, other = office.log_in("sarah"), office.log_in("sarah")
    actor = Actor("sarah", "10.0.0.1", user.id)
    with refused("wrong_password"):
        office.access.accounts.change_password(actor, user.id, "wrong one", "another long one", "")
    token = office.access.accounts.change_password(actor, user.id, PASSWORD, "another long one", "")
    assert [office.access.sessions.find(t) is None for t in (one, other, token)] == [True, True, False]
    office.log_in("sarah", "another long one")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_short"),
        ("x" * 257, "password_long"),
        ("aaaaaaaaaaaa", "password_plain"),
        ("sarah.johnson", "password_plain"),
    ],
)
def test_weak_passwords(office: Office, password: str, code: str) -> None:
    user, link = office.access.accounts.add_user(ROOT, "sarah.johnson", Role.VIEWER)
    with refused(code):
        office.access.accounts.use_link(link, "", password, "", "")
    assert office.access.accounts.user(user.id).password_hash == ""
    office.access.accounts.use_link(link, "", PASSWORD, "", "")


def test_the_first_admin_by_a_link_for_one_use(office: Office) -> None:
    accounts = office.access.accounts
    earlier, link = accounts.first_link(), accounts.first_link()
    assert earlier is not None
    assert link is not None
    with refused("link_over"):
        accounts.use_link(earlier, "root", PASSWORD, "", "")
    with refused("bad_name"):
        accounts.use_link(link, "no blanks please", PASSWORD, "", "")
    token = accounts.use_link(link, "Root", PASSWORD, "", "")
    me = office.access.sessions.find(token)
    assert me is not None
    assert (me.name, me.role) == ("root", Role.ADMIN)
    with refused("link_over"):
        accounts.use_link(link, "second", PASSWORD, "", "")
    assert accounts.first_link() is None


def test_the_first_link_is_void_once_there_is_a_user(office: Office) -> None:
    link = office.access.accounts.first_link()
    assert link is not None
    office.hire("sarah")
    with refused("link_over"):
        office.access.accounts.use_link(link, "mallory", PASSWORD, "", "")


def test_links_grow_old(office: Office) -> None:
    first = office.access.accounts.first_link()
    assert first is not None
    office.clock.pass_by(hours=1, seconds=1)
    with refused("link_over"):
        office.access.accounts.open_link(first)
    _, link = office.access.accounts.add_user(ROOT, "sarah", Role.VIEWER)
    office.clock.pass_by(hours=24, seconds=1)
    with refused("link_over"):
        office.access.accounts.use_link(link, "", PASSWORD, "", "")


def test_two_who_use_a_link_at_once(office: Office) -> None:
    _, link = office.access.accounts.add_user(ROOT, "sarah", Role.VIEWER)

    def use(password: str) -> str:
        try:
            return office.access.accounts.use_link(link, "", password, "", "")
        except AccessError as error:
            return error.code

    jobs = [gevent.spawn(use, f"{PASSWORD} {number}") for number in range(4)]
    assert [job.get(timeout=10) for job in jobs].count("link_over") == 3


def test_a_reset_voids_password_and_logins(office: Office) -> None:
    user = office.hire("sarah")
    token = office.log_in("sarah")
    link = office.access.accounts.reset(ROOT, user.id)
    assert office.access.sessions.find(token) is None
    with refused("wrong_login"):
        office.log_in("sarah")
    office.access.accounts.use_link(link, "mallory", "another long one", "", "")
    office.clock.pass_by(minutes=2)
    office.log_in("sarah", "another long one")


# --- users


def test_names_are_one_however_they_are_written(office: Office) -> None:
    office.access.accounts.add_user(ROOT, "Sarah", Role.VIEWER)
    for name in ("sarah", "SARAH ", "\uff33arah"):
        with refused("name_taken"):
            office.access.accounts.add_user(ROOT, name, Role.VIEWER)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "<b>", "a/b", ".", "\ud800", "a\x00", "?"])
def test_bad_names(office: Office, name: str) -> None:
    with refused("bad_name"):
        office.access.accounts.add_user(ROOT, name, Role.VIEWER)


def test_one_admin_remains_and_nobody_stops_themselves(office: Office) -> None:
    root = office.hire("root", Role.ADMIN)
    other = office.hire("other", Role.ADMIN)
    accounts, me = office.access.accounts, Actor("root", "", root.id)
    with refused("oneself"):
        accounts.change_user(me, root.id, role=Role.VIEWER)
    accounts.change_user(me, other.id, role=Role.VIEWER)
    with refused("last_admin"):
        accounts.change_user(ROOT, root.id, state=UserState.DISABLED)
    assert accounts.user(root.id).active
