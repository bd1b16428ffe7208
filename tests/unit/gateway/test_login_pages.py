"""The pages and the JSON of accounts, as a browser without scripts and a program use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.access.model import Role
from controller.gateway.login.cookie import COOKIE
from controller.gateway.openapi import DOCUMENT
from tests.unit.gateway.login_office import PASSWORD, Browser, Gateway, open_gateway

NEW = "another long password"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with open_gateway(tmp_path) as gateway:
        yield gateway


@pytest.fixture
def admin(gateway: Gateway) -> Browser:
    return gateway.browser("root", Role.ADMIN)


def link_in(page: Any) -> str:
    found = re.search(r"/setup/[\w-]{43}", page.text)
    assert found is not None, page.text
    return found[0]


def key_in(page: Any) -> str:
    found = re.search(r"stk_[\w-]{43}", page.text)
    assert found is not None, page.text
    return found[0]


def described(answer: Any, path: str, method: str) -> Any:
    """The JSON of an answer, after comparing it with the OpenAPI document."""
    said = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    schema = said["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": DOCUMENT["components"]})
    return answer.json


# --- login and logout


def test_a_stranger_is_led_to_the_login_and_back(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    client = gateway.stranger()
    away = client.get("/sessions/old-1?x=1")
    assert away.status_code == 303
    assert away.location == "/login?next=/sessions/old-1%3Fx%3D1"
    assert 'value="/sessions/old-1?x=1"' in client.get(away.location).text
    form = {"name": "Sarah", "password": PASSWORD, "next": "/sessions/old-1?x=1"}
    back = client.post("/login", data=form)
    assert (back.status_code, back.location) == (303, "/sessions/old-1?x=1")
    page = client.get(back.location)
    assert page.status_code == 200
    assert "sarah" in page.text


def test_the_cookie(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    form = {"name": "sarah", "password": PASSWORD}
    plain = gateway.stranger().post("/login", data=form).headers["Set-Cookie"]
    assert plain.startswith(f"{COOKIE}=")
    for word in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"):
        assert word in plain
    assert "Secure" not in plain
    given = {"Host": "talk.example", "Origin": "https://talk.example"}
    assert "Secure" in gateway.stranger().post("/login", data=form, headers=given).headers["Set-Cookie"]


def test_a_wrong_password_keeps_the_name_and_says_no_more(gateway: Gateway) -> None:
    gateway.office.hire("sarah")
    answer = gateway.stranger().post("/login", data={"name": "sarah", "password": "wrong"})
    assert answer.status_code == 401
    assert 'value="sarah"' in answer.text
    assert "Set-Cookie" not in answer.headers
    other = gateway.stranger().post("/login", data={"name": "nobody", "password": "wrong"})
    assert other.text == answer.text.replace('value="sarah"', 'value="nobody"')


def test_too_many_attempts_say_how_long_to_wait(gateway: Gateway) -> None:
    client = gateway.stranger()
    for _ in range(5):
        client.post("/login", data={"name": "sarah", "password": "wrong"})
    answer = client.post("/login", data={"name": "sarah", "password": "wrong"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Wait 1 s" in answer.text


def test_logging_out_ends_the_login_not_only_the_cookie(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    answer = sarah.submit("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert f"{COOKIE}=;" in answer.headers["Set-Cookie"]
    sarah.client.set_cookie(COOKIE, sarah.token)
    assert sarah.get("/sessions").status_code == 303


def test_the_first_admin(gateway: Gateway) -> None:
    link = f"/setup/{gateway.access.accounts.first_link()}"
    client = gateway.stranger()
    assert "There is no user yet" in client.get("/login").text
    page = client.get(link)
    assert "First admin" in page.text
    # the address holds a secret; with no-referrer a browser's form would come from the Origin "null"
    assert page.headers["Referrer-Policy"] == "same-origin"
    form = {"name": "root", "password": NEW, "again": NEW}
    differs = client.post(link, data={**form, "again": "something else"})
    assert "not the same" in differs.text
    done = client.post(link, data=form)
    assert (done.status_code, done.location) == (303, "/sessions")
    assert "root" in client.get("/users").text
    assert client.get(link).status_code == 404
    assert client.get("/setup/nonsense").status_code == 404


# --- one's own account


def test_changing_the_password(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    other = gateway.browser("sarah")
    wrong = sarah.submit("/account/password", old="wrong", password=NEW, again=NEW)
    assert wrong.status_code == 403
    done = sarah.submit("/account/password", old=PASSWORD, password=NEW, again=NEW)
    assert (done.status_code, done.location) == (303, "/account")
    assert sarah.get("/account").status_code == 200, "with the new cookie"
    assert other.get("/account").status_code == 303
    assert gateway.office.log_in("sarah", NEW)


def test_a_key_from_the_page_works_until_it_is_revoked(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    made = sarah.submit("/account/keys", name="<b>cron</b>", scope=["read", "metrics"], days="30")
    assert made.headers["Cache-Control"] == "no-store"
    assert "<b>cron" not in made.text
    headers = {"Authorization": f"Bearer {key_in(made)}"}
    stranger = gateway.stranger()
    assert stranger.get("/api/v1/bots", headers=headers).status_code == 200
    assert stranger.get("/metrics", headers=headers).status_code == 200
    assert stranger.post("/api/v1/tickets", headers=headers).status_code == 403
    (key,) = gateway.access.keys.of("id-sarah")
    assert "stk_" not in sarah.get("/account").text
    sarah.submit(f"/account/keys/{key.id}/revoke")
    assert stranger.get("/api/v1/bots", headers=headers).status_code == 401


def test_keys_as_json(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.VIEWER)
    body = {"name": "cron", "scopes": ["read"], "days": 1}
    made = described(sarah.ask("POST", "/api/v1/keys", json=body), "/api/v1/keys", "post")
    listed = described(sarah.ask("GET", "/api/v1/keys"), "/api/v1/keys", "get")["keys"]
    assert [key["id"] for key in listed] == [made["id"]]
    assert sarah.ask("DELETE", f"/api/v1/keys/{made['id']}").status_code == 204
    gone = sarah.ask("DELETE", f"/api/v1/keys/{made['id']}")
    assert described(gone, "/api/v1/keys/{key_id}", "delete")["error"]["code"] == "no_key"
    for bad in ({}, [], {"name": "x", "scopes": "read"}, {**body, "user_id": "id-root"}):
        assert sarah.ask("POST", "/api/v1/keys", json=bad).status_code == 400


def test_who_am_i(gateway: Gateway) -> None:
    sarah = gateway.browser("sarah", Role.AGENT)
    me = described(sarah.get("/api/v1/me"), "/api/v1/me", "get")
    assert (me["name"], me["role"], me["by"]) == ("sarah", "agent", "cookie")
    stranger = gateway.stranger().get("/api/v1/me")
    assert described(stranger, "/api/v1/me", "get")["error"]["code"] == "unauthorized"
    assert stranger.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_ending_other_logins(gateway: Gateway) -> None:
    sarah, other = gateway.browser("sarah", Role.VIEWER), gateway.browser("sarah")
    assert sarah.submit("/account/sessions/end").status_code == 303
    assert sarah.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


# --- users


def test_a_user_from_invitation_to_reset(gateway: Gateway, admin: Browser) -> None:
    link = link_in(admin.submit("/users", name="sarah", role="operator"))
    client = gateway.stranger()
    form = {"name": "ignored", "password": PASSWORD, "again": PASSWORD}
    assert client.post(link, data=form).status_code == 303
    assert client.get("/api/v1/me").json["name"] == "sarah"
    assert client.get("/users").status_code == 403
    sarah = gateway.access.accounts.named("sarah")
    admin.submit(f"/users/{sarah.id}", do="role", role="viewer")
    assert client.get("/api/v1/me").json["role"] == "viewer"
    admin.submit(f"/users/{sarah.id}", do="disable")
    assert client.get("/api/v1/me").status_code == 401
    admin.submit(f"/users/{sarah.id}", do="enable")
    assert link_in(admin.submit(f"/users/{sarah.id}", do="reset")) != link
    assert "no password yet" in admin.get("/users").text


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/users", {"name": "root", "role": "viewer"}, 409),
        ("/users", {"name": "a b", "role": "viewer"}, 400),
        ("/users", {"name": "new", "role": "god"}, 400),
        ("/users/id-root", {"do": "disable"}, 409),
        ("/users/nobody", {"do": "reset"}, 404),
        ("/users/id-root", {"do": "dance"}, 400),
        ("/users/id-root", {}, 400),
    ],
)
def test_what_an_admin_can_not_do(
    admin: Browser, path: str, fields: dict[str, str], status: int
) -> None:
    assert admin.submit(path, **fields).status_code == status


def test_users_as_json(gateway: Gateway, admin: Browser) -> None:
    body = {"name": "sarah", "role": "agent"}
    made = described(admin.ask("POST", "/api/v1/users", json=body), "/api/v1/users", "post")
    assert made["link"].startswith("http://localhost/setup/")
    listed = described(admin.ask("GET", "/api/v1/users"), "/api/v1/users", "get")["users"]
    assert [user["name"] for user in listed] == ["root", "sarah"]
    assert "hash" not in str(listed)
    path = f"/api/v1/users/{made['user']['id']}"
    changed = admin.ask("PATCH", path, json={"state": "disabled"})
    assert described(changed, "/api/v1/users/{user_id}", "patch")["state"] == "disabled"
    assert admin.ask("PATCH", path, json={"state": "gone"}).status_code == 400
    reset = admin.ask("POST", f"{path}/reset")
    assert described(reset, "/api/v1/users/{user_id}/reset", "post")["link"] != made["link"]


def test_the_log_of_what_was_done(gateway: Gateway, admin: Browser) -> None:
    admin.ask("POST", "/api/v1/sessions/none/hangup")
    viewer = gateway.browser("sarah", Role.VIEWER)
    viewer.ask("POST", "/api/v1/sessions/none/hangup")
    admin.submit("/users", name="tom", role="agent")
    path = "/api/v1/audit"
    entries = described(admin.get(f"{path}?limit=3"), path, "get")["entries"]
    assert [(e["who"], e["action"], e["target"], e["outcome"]) for e in entries] == [
        ("root", "user_add", "tom (agent)", "done"),
        ("sarah", "POST /api/v1/sessions/<session_id>/hangup", "none", "refused"),
        ("root", "POST /api/v1/sessions/<session_id>/hangup", "none", "failed"),
    ]
    assert admin.get(f"{path}?before={entries[-1]['id']}").json["entries"] == []
    page = admin.get("/audit").text
    assert "add user" in page
    assert "tom (agent)" in page
    for bad in ("limit=0", "limit=501", "before=x", "before=99999999999999999999"):
        assert admin.get(f"{path}?{bad}").status_code == 400
    for odd in ("x", "²", "9" * 30):
        assert admin.get(f"/audit?before={odd}").status_code == 200


@pytest.mark.parametrize("page", ["/login", "/account", "/users", "/audit", "/setup/x", "/sessions"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_in_both_languages_without_inline_script(admin: Browser, page: str, language: str) -> None:
    answer = admin.get(page, headers={"Accept-Language": language})
    assert f'<html lang="{language}">' in answer.text
    assert ("登录" in answer.text) is (language == "zh")
    assert "style=" not in answer.text
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|javascript:", answer.text)
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
