"""Pages, API, probes and what guards them, through Flask's test client."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient

from controller.gateway.guard import host_name
from controller.gateway.openapi import DOCUMENT
from controller.gateway.page_words import WORDS
from controller.gateway.pages import split_heard, waterfall
from controller.gateway.server import create_app
from media.pcm import FRAME_BYTES
from tests.login import key_client
from tests.unit.gateway.fakes import (
    Detail,
    FakeOpener,
    FakeRecords,
    FakeSession,
    Summary,
    Turn,
    make_deps,
)


class NoAudio:
    """Audio ports that do nothing."""

    def frames(self) -> Any:
        return iter([bytes(FRAME_BYTES)])

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@pytest.fixture
def opener() -> FakeOpener:
    return FakeOpener()


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords(
        Detail(), Detail(Summary("old-2", ended_at=None, duration_ms=None, end_reason=None))
    )


@pytest.fixture
def client(opener: FakeOpener, records: FakeRecords) -> FlaskClient:
    return key_client(create_app(make_deps(opener, records)))


@pytest.fixture
def live(opener: FakeOpener) -> FakeSession:
    ports: Any = NoAudio()
    return opener.open_session(entry="web", bot=None, audio_in=ports, audio_out=ports, variables={})


def check(answer: Any, path: str, method: str = "get") -> Any:
    """The JSON of an answer, after comparing it with the OpenAPI document."""
    described = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": DOCUMENT["components"]})
    return answer.json


# --- API


def test_sessions_live_first(client: FlaskClient, live: FakeSession) -> None:
    sessions = check(client.get("/api/v1/sessions"), "/api/v1/sessions")["sessions"]
    assert [s["session_id"] for s in sessions] == [live.session_id, "old-1", "old-2"]
    assert [s["state"] for s in sessions] == ["listening", "ended", "unknown"]


def test_sessions_by_state(client: FlaskClient, live: FakeSession) -> None:
    only_live = client.get("/api/v1/sessions?state=live").json["sessions"]
    assert [s["session_id"] for s in only_live] == [live.session_id]
    ended = client.get("/api/v1/sessions?state=ended&limit=1").json["sessions"]
    assert [s["session_id"] for s in ended] == ["old-1"]
    older = client.get("/api/v1/sessions?state=ended&before=old-1").json["sessions"]
    assert [s["session_id"] for s in older] == ["old-2"]


def test_a_live_session_is_not_listed_as_recorded_too(
    client: FlaskClient, live: FakeSession, records: FakeRecords
) -> None:
    records.details.insert(0, Detail(Summary(live.session_id, ended_at=None)))
    sessions = client.get("/api/v1/sessions").json["sessions"]
    assert [s["session_id"] for s in sessions].count(live.session_id) == 1


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=²", "limit=-1", "state=dead"]
)
def test_bad_queries(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/sessions?{query}")
    assert answer.status_code == 400
    assert check(answer, "/api/v1/sessions")["error"]["code"] == "bad_request"


def test_one_recorded_session(client: FlaskClient) -> None:
    detail = check(client.get("/api/v1/sessions/old-1"), "/api/v1/sessions/{session_id}")
    assert detail["turns"][0]["heard_text"] == "We open at nine."
    assert detail["tool_calls"][0]["code"] == "timeout"


def test_one_live_session_without_a_record(client: FlaskClient, live: FakeSession) -> None:
    detail = check(client.get(f"/api/v1/sessions/{live.session_id}"), "/api/v1/sessions/{session_id}")
    assert (detail["state"], detail["turns"]) == ("listening", [])


def test_unknown_sessions(client: FlaskClient) -> None:
    for answer in (client.get("/api/v1/sessions/none"), client.post("/api/v1/sessions/old-1/hangup")):
        assert answer.status_code == 404
        assert answer.json["error"]["code"] == "not_found"


def test_hangup(client: FlaskClient, live: FakeSession) -> None:
    path = "/api/v1/sessions/{session_id}/hangup"
    check(client.post(path.format(session_id=live.session_id)), path, "post")
    assert live.calls == [("hang_up", "operator")]


def test_bots_probes_and_metrics(client: FlaskClient) -> None:
    assert check(client.get("/api/v1/bots"), "/api/v1/bots")["default_bot"] == "demo"
    assert check(client.get("/healthz"), "/healthz") == {"status": "ok"}
    assert check(client.get("/readyz"), "/readyz") == {"ready": True, "missing": []}
    metrics = client.get("/metrics")
    assert metrics.data == b"switchtalk_up 1\n"
    assert metrics.content_type.startswith("text/plain; version=0.0.4")


def test_not_ready_says_what_is_missing() -> None:
    client = key_client(create_app(make_deps(missing=["recogniser en"])))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert check(answer, "/readyz") == {"ready": False, "missing": ["recogniser en"]}
    assert client.get("/healthz").status_code == 200


def test_every_route_is_described(client: FlaskClient) -> None:
    rules = client.application.url_map.iter_rules()
    routes = {(rule.rule.replace("<", "{").replace(">", "}"), method.lower())
              for rule in rules if not rule.websocket
              for method in rule.methods - {"HEAD", "OPTIONS"}}  # fmt: skip
    pages = {
        ("/", "get"),
        ("/sessions", "get"),
        ("/sessions/{session_id}", "get"),
        ("/campaigns", "get"),
        ("/campaigns/{campaign_id}", "get"),
        ("/do-not-call", "get"),
        ("/static/{path:filename}", "get"),
    }
    accounts = ("/login", "/logout", "/setup", "/account", "/users", "/audit")
    pages |= {(path, method) for path, method in routes if path.startswith(accounts)}
    described = {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}
    assert routes - pages == described
    assert client.get("/api/v1/openapi.json").json == json.loads(json.dumps(DOCUMENT))


def test_errors_under_the_api_are_json(client: FlaskClient) -> None:
    assert client.get("/api/v1/nothing").json["error"]["code"] == "not_found"
    wrong = client.post("/api/v1/bots")
    assert wrong.status_code == 405
    assert wrong.json["error"]["code"] == "method_not_allowed"
    assert "GET" in wrong.headers["Allow"]


def test_a_database_that_is_down(client: FlaskClient, records: FakeRecords) -> None:
    records.down = True
    answer = client.get("/api/v1/sessions")
    assert answer.status_code == 503
    assert "10.0.0.5" not in answer.text
    assert client.get("/api/v1/sessions?state=live").status_code == 200
    page = client.get("/sessions")
    assert page.status_code == 503
    assert "live calls go on" in page.text.lower()


def test_our_fault_is_a_500_without_details(client: FlaskClient, records: FakeRecords) -> None:
    records.details = [None]  # type: ignore[list-item]
    answer = client.get("/api/v1/sessions")
    assert answer.status_code == 500
    assert answer.json["error"]["code"] == "internal_server_error"
    assert "NoneType" not in answer.text


# --- guard


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil", "", "evil:80", "a b"]
)
def test_unknown_hosts_are_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/api/v1/bots", headers={"Host": host}).status_code == 400
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "talk.example"]
)
def test_known_hosts_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/api/v1/bots", headers={"Host": host}).status_code == 200


def test_host_names() -> None:
    assert host_name("[::1]:80") == "::1"
    assert host_name("Talk.Example.:80") == "talk.example"
    assert host_name("localhost:port") is None
    assert host_name("[::1") is None
    assert host_name("localhost/x") is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Origin": "http://localhost"}, 404),
        ({"Origin": "https://localhost"}, 404),
        ({"Origin": "https://app.example"}, 404),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_posts_of_other_sites_are_refused(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert client.post("/api/v1/sessions/none/hangup", headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/", "/sessions", "/api/v1/bots", "/nothing", "/static/pages.css"])
def test_every_answer_has_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Permissions-Policy"].startswith("microphone=(self)")
    assert "Referrer-Policy" in headers


# --- pages


def test_the_softphone_lists_the_bots(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "演示 &lt;b&gt;" in page
    assert "演示 <b>" not in page


@pytest.mark.parametrize(
    ("accept", "title"), [("zh-CN,zh;q=0.9", "会话"), ("fr", "Sessions"), ("", "Sessions")]
)
def test_pages_speak_the_readers_language(client: FlaskClient, accept: str, title: str) -> None:
    assert f"<h1>{title}</h1>" in client.get("/sessions", headers={"Accept-Language": accept}).text


def test_both_languages_have_every_word() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    assert all(word for words in WORDS.values() for word in words.values())


def test_the_list_shows_live_and_recorded(client: FlaskClient, live: FakeSession) -> None:
    page = client.get("/sessions").text
    assert f'href="/sessions/{live.session_id}"' in page
    assert f'data-hangup="/api/v1/sessions/{live.session_id}/hangup"' in page
    assert 'href="/sessions/old-1"' in page


def test_a_session_page_marks_what_was_not_heard(client: FlaskClient) -> None:
    page = client.get("/sessions/old-1").text
    assert 'We open at nine.<s class="unheard" title="not heard"> On Sundays at ten.</s>' in page
    assert "Opening hours" in page
    assert "create_ticket" in page
    assert "<rect" in page
    assert "style=" not in page, "the content security policy forbids inline styles"


def test_text_from_outside_is_escaped(client: FlaskClient, records: FakeRecords) -> None:
    evil = "<script>alert(1)</script>"
    turn = Turn(caller_text=evil, bot_text=evil, heard_text=evil, citations=(evil,), by=evil)
    records.details = [Detail(Summary(id='x"><b>', bot=evil, end_reason=evil), (turn,))]
    for path in ("/sessions", "/sessions/x%22%3E%3Cb%3E"):
        page = client.get(path)
        assert page.status_code == 200
        assert evil not in page.text
        assert 'x"><b>' not in page.text


def test_an_unknown_page_is_readable(client: FlaskClient) -> None:
    answer = client.get("/sessions/none", headers={"Accept-Language": "zh"})
    assert answer.status_code == 404
    assert "页面不存在" in answer.text


def test_older_sessions_are_a_link_away(client: FlaskClient, records: FakeRecords) -> None:
    records.details = [Detail(Summary(f"s{n}")) for n in range(60)]
    assert 'href="/sessions?before=s49"' in client.get("/sessions").text
    assert 'href="/sessions/s59"' in client.get("/sessions?before=s49").text


@pytest.mark.parametrize(
    ("bot", "heard", "expected"),
    [
        ("One. Two.", "One.", ("One.", " Two.")),
        ("One. Two.", "", ("", "One. Two.")),
        ("One.", "One.", ("One.", "")),
        ("It costs $5.", "It costs five", ("It costs five", "")),
        ("", "", ("", "")),
    ],
)
def test_split_heard(bot: str, heard: str, expected: tuple[str, str]) -> None:
    words = split_heard(bot, heard)
    assert (words.heard, words.unheard) == expected


def test_waterfall_ends_where_the_reply_begins() -> None:
    bars = {bar.stage: bar for bar in waterfall(Turn())}
    assert bars["endpoint"].left == 0
    assert bars["voice"].left + bars["voice"].width == pytest.approx(100)
    assert bars["voice"].ms == pytest.approx(50)
    assert bars["token"].left + bars["token"].width == pytest.approx(bars["voice"].left)


def test_waterfall_of_turns_without_stages() -> None:
    assert waterfall(replace(Turn(), response_ms=None)) == []
    typed = replace(Turn(), endpoint_ms=None, asr_final_ms=None, llm_first_token_ms=None)
    assert [bar.stage for bar in waterfall(typed)] == ["voice"]
    odd = replace(Turn(), response_ms=10.0)
    assert all(bar.left >= 0 and bar.left + bar.width <= 100.001 for bar in waterfall(odd))
