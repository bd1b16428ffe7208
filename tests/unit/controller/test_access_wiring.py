"""Settings, database and key put together; `switchtalk user`; who a page's caller is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from controller.access.model import Identity, Means, Role
from controller.access_wiring import AccessWiring, key_headers
from controller.gateway.login.gate import IDENTITY
from controller.page_callers import LoginCallers
from controller.settings import Settings
from controller.storage.migrations import migrate
from controller.user_command import user
from controller.verto.caller import Right


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path / "var")


def test_the_first_words_until_there_is_an_admin(settings: Settings) -> None:
    migrate(settings.database_url)
    wiring = AccessWiring(settings)
    told = " ".join(wiring.first_words("http://127.0.0.1:8080/"))
    link = re.search(r"http://127\.0\.0\.1:8080/setup/([\w-]{43})", told)
    assert link is not None
    accounts = wiring.access.accounts
    accounts.use_link(link[1], "root", "correct horse battery", "", "")
    assert wiring.first_words("http://127.0.0.1:8080/") == []
    wiring.close()


def test_without_a_database_the_start_goes_on(settings: Settings) -> None:
    wiring = AccessWiring(settings)
    (Path(settings.var_dir) / "switchtalk.db").mkdir()
    (said,) = wiring.first_words("http://127.0.0.1:8080/")
    assert "can't be read" in said
    wiring.close()


def test_the_local_key_is_told_to_this_machine_only(settings: Settings, tmp_path: Path) -> None:
    assert key_headers(settings, None, None) == {}
    AccessWiring(settings).close()
    given = key_headers(settings, None, None)["Authorization"]
    assert given.startswith("Bearer stk_local_")
    for here in ("http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"):
        assert key_headers(settings, here, None)["Authorization"] == given
    for there in ("http://talk.example", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil"):
        assert key_headers(settings, there, None) == {}
    file = tmp_path / "key"
    file.write_text("stk_own\n")
    assert key_headers(settings, "http://talk.example", file) == {"Authorization": "Bearer stk_own"}


def test_users_from_the_shell(settings: Settings) -> None:
    def run(*words: str) -> tuple[int, str]:
        given = ["--set", f"var_dir={settings.var_dir}", "--url", "https://talk.example", *words]
        done = CliRunner().invoke(user, given)
        return done.exit_code, done.output

    assert run("list") == (0, "There is no user yet.\n")
    code, said = run("add", "Sarah", "--role", "admin")
    assert code == 0
    assert re.search(r"https://talk\.example/setup/[\w-]{43}", said)
    assert "no password yet" in run("list")[1]
    assert run("add", "sarah") == (1, "Error: there is a user 'sarah' already\n")
    assert run("disable", "sarah")[1] == "Error: one active admin must remain\n"
    run("add", "root", "--role", "admin")
    assert run("disable", "sarah") == (0, "sarah is disabled.\n")
    assert run("disable", "sarah", "--undo") == (0, "sarah is active.\n")
    assert run("role", "sarah", "agent") == (0, "sarah is agent.\n")
    assert "/setup/" in run("reset", "sarah")[1]
    assert run("reset", "nobody")[0] == 1


@pytest.mark.parametrize(
    ("name", "role", "extension", "rights"),
    [
        ("tom", Role.VIEWER, "1019", {Right.BOTS}),
        ("li.lei", Role.AGENT, "1007", {Right.BOTS, Right.STAND_BY, Right.RECEIVE}),
        ("sarah", Role.OPERATOR, "1019", {Right.BOTS, Right.STAND_BY, Right.CALLS}),
    ],
)
def test_a_pages_caller_is_who_logged_in(
    name: str, role: Role, extension: str, rights: set[Right]
) -> None:
    given: Any = {"user": "1019", "extensions": {"li.lei": "1007"}}
    callers = LoginCallers(Settings(verto=given))
    caller = callers({IDENTITY: Identity(name, role, Means.COOKIE)})
    assert caller is not None
    assert (caller.name, caller.extension, caller.rights) == (name, extension, rights)
    stranger = callers({IDENTITY: None})
    assert stranger is not None
    assert stranger.rights == {Right.BOTS}
    assert callers({"REMOTE_ADDR": "127.0.0.1"}) is None, "did not come through the gate"
