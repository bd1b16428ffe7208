"""What is tried on a login: guessing, fixation, forgery, foreign pages, paths, other people's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import request

from controller.access.access import AccessOptions
from controller.access.model import Role
from controller.access.softphone import PublicSoftphone
from controller.access.tokens import csrf_token, digest
from controller.gateway.login.cookie import COOKIE
from controller.gateway.login.gate import IDENTITY
from controller.gateway.login.paths import inside
from controller.gateway.server import shown_path
from tests.login import KEY, LOCAL_KEY
from tests.unit.gateway.login_office import PASSWORD, Gateway, open_gateway

WEBSOCKET = {"Connection": "Upgrade", "Upgrade": "websocket"}
LOGIN = {"name": "sarah", "password": PASSWORD}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with open_gateway(tmp_path) as gateway:
        yield gateway


def cookie_of(answer: object) -> str:
    return answer.headers["Set-Cookie"].split(";")[0].partition("=")[2]  # type: ignore[attr-defined]


# --- guessing


def test_brute_force_through_the_page(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    client = gateway.stranger()
    codes = [
        client.post("/login", data={**LOGIN, "password": f"guess {n}"}).status_code for n in range(200)
    ]
    assert codes.count(401) == 5
    assert codes.count(429) == 195
    assert client.post("/login", data=LOGIN).status_code == 429, "the right one comes too late"
    refused = [e for e in gateway.access.audit.read(500) if e.outcome == "refused"]
    assert len(refused) == 5, "a flood does not fill the log"


def test_an_address_that_a_client_makes_up_is_not_believed(gateway: Gateway) -> None:
    client = gateway.stranger()
    codes = [
        client.post(
            "/login",
            data={"name": f"user{n}", "password": "guess"},
            headers={"X-Forwarded-For": f"10.0.0.{n}"},
        ).status_code
        for n in range(20)
    ]
    assert codes.count(401) == 10


def test_behind_our_proxy_its_address_counts(tmp_path: Path) -> None:
    with open_gateway(tmp_path, AccessOptions(behind_proxy=True)) as gateway:
        gateway.office.hire("sarah")
        given = {"X-Forwarded-For": "6.6.6.6, 10.0.0.7", "X-Forwarded-Proto": "https"}
        assert gateway.stranger().get("/").status_code == 303, "this machine's name proves nothing"
        answer = gateway.stranger().post("/login", data=LOGIN, headers=given)
        assert "Secure" in answer.headers["Set-Cookie"]
        assert gateway.access.audit.read(1)[0].address == "10.0.0.7"


# --- fixation, theft


def test_a_planted_session_id_is_never_taken_over(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    client = gateway.stranger()
    client.set_cookie(COOKIE, "planted-by-mallory")
    token = cookie_of(client.post("/login", data=LOGIN))
    assert token != "planted-by-mallory"
    assert gateway.access.sessions.find("planted-by-mallory") is None


def test_a_new_login_ends_the_browsers_old_one(gateway: Gateway) -> None:
    mallory = gateway.browser("mallory", Role.VIEWER)
    gateway.office.hire("sarah")
    mallory.client.post("/login", data=LOGIN)
    assert gateway.access.sessions.find(mallory.token) is None


def test_what_the_database_holds_is_no_cookie(gateway: Gateway) -> None:
    token = gateway.browser("sarah", Role.VIEWER).token
    thief = gateway.stranger()
    thief.set_cookie(COOKIE, digest(token))
    assert thief.get("/sessions").status_code == 303


def test_someone_elses_login_key_and_user(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    mallory = gateway.browser("mallory", Role.OPERATOR)
    sarah.submit("/account/keys", name="cron", scope="read", days="30")
    (key,) = gateway.access.keys.of("id-sarah")
    assert mallory.submit(f"/account/keys/{key.id}/revoke").status_code == 404
    assert mallory.ask("DELETE", f"/api/v1/keys/{key.id}").status_code == 404
    assert key.id not in mallory.get("/account").text
    mallory.submit("/account/sessions/end")
    assert sarah.get("/account").status_code == 200
    for path in ("/users/id-sarah", "/api/v1/users/id-sarah/reset"):
        assert mallory.submit(path, do="reset").status_code == 403
    assert gateway.office.log_in("sarah")


def test_a_key_that_is_wrong_is_not_helped_by_a_cookie(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    wrong = {"Authorization": "Bearer stk_wrong"}
    assert sarah.get("/api/v1/me", headers=wrong).status_code == 401
    assert gateway.stranger().get(f"/api/v1/me?token={LOCAL_KEY}").status_code == 401
    assert gateway.stranger().get("/api/v1/me", headers=KEY).status_code == 200


# --- forged requests


@pytest.mark.parametrize("token", [None, "", "wrong", "\x00", "0" * 64])
def test_a_form_without_our_token_changes_nothing(gateway: Gateway, token: str | None) -> None:
    root = gateway.browser("root", Role.ADMIN)
    fields = {"name": "mallory", "role": "admin"} | ({} if token is None else {"csrf": token})
    assert root.client.post("/users", data=fields).status_code == 403
    assert root.client.post("/api/v1/users", json={"name": "m", "role": "admin"}).status_code == 403
    assert root.client.post("/logout", data=fields).status_code == 403
    assert [user.name for user in gateway.access.accounts.users()] == ["root"]


def test_anothers_token_is_not_ours(gateway: Gateway) -> None:
    root, mallory = gateway.browser("root", Role.ADMIN), gateway.browser("mallory", Role.VIEWER)
    fields = {"name": "m", "role": "admin", "csrf": csrf_token(mallory.token)}
    assert root.client.post("/users", data=fields).status_code == 403


def test_a_foreign_page_posts_nothing_and_gets_no_socket(gateway: Gateway) -> None:
    root = gateway.browser("root", Role.ADMIN)
    evil = {"Origin": "https://evil.example"}
    fields = {"name": "m", "role": "admin", "csrf": csrf_token(root.token)}
    assert root.client.post("/users", data=fields, headers=evil).status_code == 403
    assert root.client.post("/login", data=LOGIN, headers=evil).status_code == 403
    assert root.get("/ws/audio", headers={**WEBSOCKET, **evil}).status_code == 403


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/a\nb",
        "javascript:x",
        "//[",
        "/\t/evil.example",
        "",
    ],
)
def test_the_login_leads_to_no_other_site(gateway: Gateway, where: str) -> None:
    assert inside(where) == "/sessions"
    gateway.office.hire("sarah")
    answer = gateway.stranger().post("/login", data={**LOGIN, "next": where})
    assert answer.location == "/sessions"


@pytest.mark.parametrize(
    ("came", "back"),
    [
        ("http://localhost/campaigns/c1?x=1", "/campaigns/c1%3Fx%3D1"),
        ("https://evil.example/campaigns", "/sessions"),
        ("http://localhost//evil.example", "/sessions"),
        ("http://[", "/sessions"),
        ("", "/sessions"),
    ],
)
def test_a_form_sent_after_the_login_ended_leads_back_to_its_page(
    gateway: Gateway, came: str, back: str
) -> None:
    given = {"Referer": came}
    answer = gateway.stranger().post("/users/id-sarah", data={"do": "disable"}, headers=given)
    assert (answer.status_code, answer.location) == (303, f"/login?next={back}")
    asked = gateway.stranger().post("/api/v1/sessions/x/hangup", headers=given)
    assert asked.status_code == 401, "scripts are told"


def test_the_login_leads_back_to_where_it_was_asked_for(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    stranger = gateway.stranger()
    asked = stranger.get("/sessions?before=s1").location
    assert asked == "/login?next=/sessions%3Fbefore%3Ds1"
    assert 'name="next" value="/sessions?before=s1"' in stranger.get(asked).text
    answer = stranger.post("/login", data={**LOGIN, "next": "/sessions?before=s1"})
    assert answer.location == "/sessions?before=s1"


def test_the_softphone_says_who_is_logged_in(gateway: Gateway) -> None:
    stranger, sarah = gateway.stranger().get("/").text, gateway.browser("sarah<b>", Role.AGENT)
    assert 'href="login?next=/"' in stranger
    assert 'action="logout"' not in stranger
    known = sarah.get("/").text
    assert "sarah&lt;b&gt;" in known
    assert "Log in<" not in known
    assert sarah.submit("/logout").status_code == 303


# --- the softphone, this machine and beyond


@pytest.mark.parametrize("path", ["/", "/ws/audio"])
@pytest.mark.parametrize(
    ("public", "loopback", "headers", "is_open"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"Host": "talk.example"}, False),
        ("auto", True, {"X-Forwarded-For": "10.0.0.7"}, False),
        ("auto", True, {"Forwarded": "for=10.0.0.7"}, False),
        ("no", True, {}, False),
        ("yes", False, {"Host": "talk.example"}, True),
    ],
)
def test_who_may_talk_without_a_login(
    tmp_path: Path, path: str, public: str, loopback: bool, headers: dict[str, str], is_open: bool
) -> None:
    options = AccessOptions(PublicSoftphone(public), loopback)
    with open_gateway(tmp_path, options) as gateway:
        gateway.app.view_functions["web_audio"] = lambda: "reached"
        more = WEBSOCKET if path == "/ws/audio" else {}
        status = gateway.stranger().get(path, headers={**headers, **more}).status_code
        assert status == (200 if is_open else 401 if more else 303)
        assert gateway.stranger().get("/sessions", headers=headers).status_code == 303
        assert gateway.stranger().get("/metrics", headers=headers).status_code == 401


def test_a_ticket_opens_one_socket(tmp_path: Path) -> None:
    with open_gateway(tmp_path, AccessOptions(PublicSoftphone.NO)) as gateway:
        gateway.app.view_functions["web_audio"] = lambda: "reached"
        sarah = gateway.browser("sarah", Role.VIEWER)
        ticket = sarah.ask("POST", "/api/v1/tickets").json["ticket"]
        stranger = gateway.stranger()
        assert stranger.get(f"/api/v1/bots?token={ticket}").status_code == 401, "and it is not used up"
        assert stranger.get(f"/ws/audio?token={ticket}", headers=WEBSOCKET).status_code == 200
        assert stranger.get(f"/ws/audio?token={ticket}", headers=WEBSOCKET).status_code == 401


def test_no_password_in_the_open(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    far = {"Host": "talk.example"}
    answer = gateway.stranger().post("/login", data=LOGIN, headers=far)
    assert answer.status_code == 403
    assert "https only" in answer.text
    setup = gateway.stranger().post("/setup/x", data={}, headers=far)
    assert "Set-Cookie" not in setup.headers


# --- paths, markup, the database


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../etc/passwd",
        "/static/..%2f..%2f..%2fvar/local.key",
        "/static/%2e%2e/%2e%2e/templates/base.html",
        "/sessions/..%2f..%2fvar%2frecordings%2fx.wav",
        "/sessions/../recordings/x.wav",
        "/recordings/x.wav",
        "/var/local.key",
        "/api/v1/sessions/..%2f..%2fusers",
    ],
)
def test_no_path_leads_to_files(gateway: Gateway, path: str) -> None:
    for headers in ({}, KEY):
        answer = gateway.stranger().get(path, headers=headers)
        assert answer.status_code in (303, 401, 404), path
        assert "stk_" not in answer.text


def test_markup_in_what_strangers_write_is_text(gateway: Gateway) -> None:
    evil = "<script>alert(1)</script>"
    root = gateway.browser("root", Role.ADMIN)
    answers = [
        gateway.stranger().post(
            "/login", data={"name": f'"{evil}', "password": "x", "next": f'"{evil}'}
        ),
        gateway.stranger().get(f'/login?next="{evil}'),
        root.submit("/users", name=evil, role="viewer"),
        root.submit("/account/keys", name=evil, scope="read", days="30"),
        root.get("/account", headers={"User-Agent": evil}),
    ]
    gateway.access.sessions.open("id-root", evil, evil)
    root.ask("POST", f"/api/v1/sessions/{evil.replace('/', '')}/hangup")
    for answer in (*answers, root.get("/account"), root.get("/audit")):
        assert evil not in answer.text
        assert "<script>alert" not in answer.text


def test_a_database_that_is_away_lets_nobody_in_but_the_local_key(
    gateway: Gateway, tmp_path: Path
) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    for file in tmp_path.glob("access.db*"):
        file.unlink()
    (tmp_path / "access.db").mkdir()
    assert sarah.get("/sessions").status_code == 503
    assert gateway.stranger().post("/login", data=LOGIN).status_code == 503
    other_key = {"Authorization": "Bearer stk_x"}
    assert gateway.stranger().get("/api/v1/bots", headers=other_key).status_code == 503
    assert gateway.stranger().get("/api/v1/bots", headers=KEY).status_code == 200
    assert gateway.stranger().post("/api/v1/sessions/x/hangup", headers=KEY).status_code == 404
    assert gateway.stranger().get("/").status_code == 200
    assert sarah.get("/").status_code == 200, "talking goes on"


def test_the_access_log_holds_no_link() -> None:
    assert shown_path("/setup/abc?x=1") == "/setup/…"
    assert shown_path("/ws/audio?token=abc") == "/ws/audio"


def test_an_open_softphone_knows_who_is_logged_in_all_the_same(gateway: Gateway) -> None:
    seen: list[object] = []

    def reached() -> str:
        known = request.environ[IDENTITY]
        seen.append(known and known.name)
        return "reached"

    gateway.app.view_functions["pages.softphone"] = reached
    gateway.browser("sarah", Role.AGENT).get("/")
    gateway.stranger().get("/")
    gateway.stranger().get("/", headers={"Authorization": "Bearer stk_wrong"})
    assert seen == ["sarah", None, None]
