"""API keys, tickets, the local key; the audit log, and what is forgotten."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.access.api_keys import local_key, read_local_key
from controller.access.model import Actor, Identity, Means, Role
from controller.access.tickets import LIFE_S
from tests.unit.access.conftest import PASSWORD, ROOT, Clock, Office, refused

# --- keys and tickets


def test_a_key_is_shown_once_and_never_kept(office: Office, tmp_path: Path) -> None:
    user = office.hire("sarah", Role.OPERATOR)
    key, text = office.access.keys.make(user.id, "cron job", ["call", "read"], 30)
    assert text.startswith("stk_")
    me = office.access.keys.find(text)
    assert me is not None
    assert (me.name, me.role, me.scopes) == ("sarah (cron job)", Role.OPERATOR, {"read", "call"})
    token = office.log_in("sarah")
    with sqlite3.connect(tmp_path / "access.db") as raw:
        kept = "\n".join(raw.iterdump())
    assert text not in kept
    assert token not in kept
    assert PASSWORD not in kept
    assert [k.id for k in office.access.keys.of(user.id)] == [key.id]
    office.clock.pass_by(days=31)
    assert office.access.keys.find(text) is None


@pytest.mark.parametrize(
    ("name", "scopes", "days", "code"),
    [
        ("", ["read"], None, "key_name"),
        ("x" * 65, ["read"], None, "key_name"),
        ("a\x1b[2Jb", ["read"], None, "key_name"),
        ("cron", [], None, "key_scopes"),
        ("cron", ["everything"], None, "key_scopes"),
        ("cron", ["read"], 0, "key_days"),
        ("cron", ["read"], 10**9, "key_days"),
    ],
)
def test_bad_keys(office: Office, name: str, scopes: list[str], days: int | None, code: str) -> None:
    user = office.hire("sarah")
    with refused(code):
        office.access.keys.make(user.id, name, scopes, days)


def test_only_the_owner_revokes_a_key(office: Office) -> None:
    sarah, mallory = office.hire("sarah"), office.hire("mallory")
    key, text = office.access.keys.make(sarah.id, "cron", ["read"], None)
    with refused("no_key"):
        office.access.keys.revoke(mallory.id, key.id)
    assert office.access.keys.find(text) is not None
    office.access.keys.revoke(sarah.id, key.id)
    assert office.access.keys.find(text) is None


@pytest.mark.parametrize("text", ["", "stk_", "stk_wrong", "\ud800", "x" * 100_000])
def test_keys_that_are_none(office: Office, text: str) -> None:
    assert office.access.keys.find(text) is None
    assert office.access.sessions.find(text) is None
    assert office.access.tickets.redeem(text) is None


def test_a_ticket_is_for_one_use_within_a_minute(office: Office, clock: Clock) -> None:
    me = Identity("sarah", Role.VIEWER, Means.COOKIE, "id", session="x")
    ticket = office.access.tickets.issue(me)
    bearer = office.access.tickets.redeem(ticket)
    assert bearer is not None
    assert (bearer.name, bearer.scopes, bearer.by) == ("sarah", {"talk"}, Means.TICKET)
    assert bearer.session == "x", "it ends with the login that it came from"
    assert office.access.tickets.redeem(ticket) is None
    late = office.access.tickets.issue(me)
    clock.pass_by(seconds=LIFE_S + 1)
    assert office.access.tickets.redeem(late) is None


def test_the_local_key_is_private_and_the_same_for_all(tmp_path: Path) -> None:
    assert read_local_key(tmp_path) == ""
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: local_key(tmp_path / "var"), range(16)))
    assert len(made) == 1
    assert stat.S_IMODE((tmp_path / "var" / "local.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["local.key"]
    assert read_local_key(tmp_path / "var") in made
    (tmp_path / "var" / "local.key").write_text("")
    assert local_key(tmp_path / "var") not in made


# --- the log, and what is over


def test_the_audit_log_tells_who_did_what(office: Office) -> None:
    root = office.hire("root", Role.ADMIN)
    actor = Actor("root", "10.0.0.9", root.id)
    user, link = office.access.accounts.add_user(actor, "sarah", Role.VIEWER)
    office.access.accounts.use_link(link, "", PASSWORD, "10.0.0.1", "")
    office.access.accounts.change_user(actor, user.id, role=Role.AGENT)
    assert office.told() == [
        ("root", "user_add", "done"),
        ("sarah", "password", "done"),
        ("sarah", "login", "done"),
        ("root", "user_change", "done"),
    ]
    newest, older = office.access.audit.read(2)
    assert (newest.target, newest.address) == ("sarah (agent, active)", "10.0.0.9")
    assert [entry.id for entry in office.access.audit.read(2, before=older.id)] == [2, 1]


def test_what_is_over_is_forgotten(office: Office, tmp_path: Path) -> None:
    user = office.hire("sarah")
    office.log_in("sarah")
    office.access.keys.make(user.id, "cron", ["read"], 1)
    office.access.accounts.reset(ROOT, user.id)
    office.access.purge()
    assert office.access.keys.of(user.id)
    office.clock.pass_by(days=366)
    office.access.purge()
    with sqlite3.connect(tmp_path / "access.db") as raw:
        tables = ("login_sessions", "api_keys", "one_time_links", "audit", "users")
        left = [raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
    assert left == [0, 0, 0, 0, 1]
