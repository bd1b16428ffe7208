"""`/api/v1/campaigns` and the pages over a port that does what the test says."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient

from controller.access.model import Role
from controller.gateway import do_not_call_words, uploads
from controller.gateway.campaign_pages import ACTIONS, DISPOSITIONS, percent, shares
from controller.gateway.campaign_ports import CampaignRefused, ListFile, ResultKind
from controller.gateway.campaign_words import CHINESE, ENGLISH
from controller.gateway.openapi import DOCUMENT
from controller.gateway.server import create_app
from tests.login import key_client
from tests.unit.gateway.fakes import make_deps
from tests.unit.gateway.login_office import open_gateway

EVIL = '"><script>alert(1)</script>'
AT = "2026-03-01T09:30:00+00:00"
CALL = {
    "attempt_id": "a1", "number": "+8613800138000", "attempt": 1, "state": "talking", "began_at": AT,
    "answered_at": AT, "ended_at": None, "disposition": None, "cause": "", "session_id": "s1",
}  # fmt: skip
REPORT = {
    "at": AT, "committed": True, "rows": 3, "accepted": 2, "refused": 1, "reasons": {"formula": 1},
    "refusals": [{"line": 2, "reason": "formula", "detail": EVIL, "number": EVIL}],
}  # fmt: skip
SETTINGS = {
    "bot": "demo", "caller_ids": ["+4930"], "max_calls": 5, "calls_per_s": 1.0, "ring_s": 30,
    "region": "CN", "retry": {"max_tries": 3, "after_s": {}}, "machine": "leave_message",
    "message": EVIL, "windows": {"monday": ["09:00-12:00"]},
}  # fmt: skip
CAMPAIGN = {
    "id": "c1", "name": "Spring", "state": "running", "why": "", "created_at": AT, "changed_at": AT,
    "bot": "demo", "contacts": 10, "done": 4, "waiting": 5, "live": 1, "calls": 6,
    "dispositions": {"completed": 3, "busy": 1}, "call_dispositions": {"busy": 3, "completed": 3},
    "per_minute": 2.5, "estimate": {"done_at": None, "calls": 9, "per_hour": 60.0, "left": 2},
}  # fmt: skip
DETAIL = CAMPAIGN | {
    "settings": SETTINGS, "live_calls": [CALL], "import_progress": None, "last_import": REPORT,
    "last_calls": [CALL | {"state": "ended", "ended_at": AT, "disposition": "busy"}],
}  # fmt: skip
PREVIEW = {"encoding": "utf-8", "delimiter": ",", "columns": [{"title": "n", "field": None}], "rows": []}
ADDED = {"read": 2, "new": 1, "refused": 1, "refusals": [{"line": 2, "detail": "no number"}]}


class FakePort:
    """CampaignPort: notes what it is asked, and raises `refusal` if set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: CampaignRefused | None = None
        self.detail: dict[str, Any] = DETAIL
        self.uploaded: bytes = b""

    def __getattr__(self, name: str) -> Any:
        answers = {
            "listed": [self.detail], "find": self.detail, "create": DETAIL, "change": DETAIL,
            "delete": None, "start": CAMPAIGN, "pause": CAMPAIGN, "resume": CAMPAIGN,
            "stop": CAMPAIGN, "do_not_call": [], "is_listed": {"number": "+1", "listed": False},
            "forbid": {"number": "+1", "listed": True}, "allow": {"number": "+1", "listed": False},
            "defaults": SETTINGS,
        }  # fmt: skip

        def ask(*given: Any, **named: Any) -> Any:
            if self.refusal is not None:
                raise self.refusal
            self.asked.append((name, *given, *named.items()))
            return answers[name]

        return ask

    def preview(self, ref: str, file: ListFile) -> Any:
        self._uploaded("preview", ref, file)
        return PREVIEW

    def import_contacts(self, ref: str, file: ListFile) -> Any:
        self._uploaded("import", ref, file)
        return REPORT

    def import_do_not_call(self, path: Path, reason: str, days: float | None, region: str) -> Any:
        self.uploaded = path.read_bytes()
        self.asked.append(("forbid_many", reason, days, region))
        return ADDED

    def _uploaded(self, what: str, ref: str, file: ListFile) -> None:
        self.uploaded = file.path.read_bytes()
        assert file.path.name == "file", "a name that was sent must never be a path"
        self.asked.append((what, ref, replace(file, path=Path())))

    def export(self, ref: str, kind: ResultKind, path: Path) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.folder = path.parent
        path.write_bytes(b"x" * 200_000)

    def refused_rows(self, ref: str) -> Path:
        path = self.folder / "refused.csv"
        path.write_text("line,reason\n2,formula\n")
        return path


@pytest.fixture
def port(tmp_path: Path) -> FakePort:
    return FakePort(tmp_path)


@pytest.fixture
def client(port: FakePort) -> FlaskClient:
    given: Any = port
    return key_client(create_app(replace(make_deps(), campaigns=given)))


def check(answer: Any, path: str, method: str = "get") -> Any:
    """The JSON of an answer, after comparing it with the OpenAPI document."""
    described = DOCUMENT["paths"][f"/api/v1/{path}"][method]["responses"][str(answer.status_code)]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": DOCUMENT["components"]})
    return answer.json


def form(content: bytes = b"number\n1", name: str = "list.csv", **fields: str) -> dict[str, Any]:
    return {"file": (io.BytesIO(content), name), **fields}


# --- campaigns


def test_looking(client: FlaskClient) -> None:
    assert check(client.get("/api/v1/campaigns"), "campaigns")["campaigns"][0]["id"] == "c1"
    assert check(client.get("/api/v1/campaigns/c1"), "campaigns/{campaign_id}")["live_calls"] == [CALL]


def test_making_changing_forgetting(client: FlaskClient, port: FakePort) -> None:
    body = {"name": "Spring", "settings": {"bot": "demo"}}
    made = client.post("/api/v1/campaigns", json=body)
    assert made.status_code == 201
    check(made, "campaigns", "post")
    changed = client.patch("/api/v1/campaigns/c1", json={"settings": {"ring_s": 20}})
    check(changed, "campaigns/{campaign_id}", "patch")
    check(client.delete("/api/v1/campaigns/c1"), "campaigns/{campaign_id}", "delete")
    assert port.asked == [
        ("create", "Spring", {"bot": "demo"}), ("change", "c1", {"ring_s": 20}), ("delete", "c1"),
    ]  # fmt: skip


@pytest.mark.parametrize("action", ["start", "pause", "resume", "stop"])
def test_moving(client: FlaskClient, port: FakePort, action: str) -> None:
    for options in ({}, {"json": {}}):
        answer = client.post(f"/api/v1/campaigns/c1/{action}", **options)  # type: ignore[arg-type]
        assert check(answer, f"campaigns/{{campaign_id}}/{action}", "post")["state"] == "running"
    asked = (action, "c1") if action != "stop" else (action, "c1", ("hang_up", False))
    assert port.asked == [asked, asked]


def test_stopping_with_a_goodbye(client: FlaskClient, port: FakePort) -> None:
    client.post("/api/v1/campaigns/c1/stop", json={"hang_up": True})
    assert port.asked == [("stop", "c1", ("hang_up", True))]


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "campaigns", {}, "name"),
        ("POST", "campaigns", {"name": "x" * 101, "settings": {}}, "name"),
        ("POST", "campaigns", {"name": "x", "settings": []}, "settings"),
        ("POST", "campaigns", {"name": "x", "settings": {}, "state": "running"}, "state"),
        ("POST", "campaigns", [], "JSON object"),
        ("PATCH", "campaigns/c1", {"name": "x"}, "settings"),
        ("POST", "campaigns/c1/stop", {"hang_up": "maybe"}, "hang_up"),
        ("POST", "campaigns/c1/start", {"now": True}, "now"),
        ("POST", "do-not-call", {"number": ""}, "number"),
        ("POST", "do-not-call", {"number": "+1", "days": 0}, "days"),
        ("POST", "do-not-call", {"number": "+1", "days": 1e9}, "days"),
        ("POST", "do-not-call", {"number": "+1", "reason": "x" * 201}, "reason"),
    ],
)
def test_bad_bodies(
    client: FlaskClient, port: FakePort, method: str, path: str, body: Any, says: str
) -> None:
    answer = client.open(f"/api/v1/{path}", method=method, json=body)
    assert answer.status_code == 400
    assert says in answer.json["error"]["message"]
    assert port.asked == []


def test_a_body_that_is_no_json(client: FlaskClient, port: FakePort) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post(
            "/api/v1/campaigns/c1/stop", data='{"hang_up": true}', content_type=content_type
        )
        assert answer.status_code == 400
    assert port.asked == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not_found"), (409, "bad_transition"), (400, "campaign_refused"), (503, "no_database")],
)
def test_refusals_are_told(client: FlaskClient, port: FakePort, status: int, code: str) -> None:
    port.refusal = CampaignRefused(status, code, "because")
    for answer in (client.get("/api/v1/campaigns/x"), client.post("/api/v1/campaigns/x/start")):
        assert answer.status_code == status
        assert answer.json == {"error": {"code": code, "message": "because"}}
    page = client.get("/campaigns/x")
    assert page.status_code == status
    assert page.content_type.startswith("text/html")


def test_pages_of_other_origins_change_nothing(client: FlaskClient, port: FakePort) -> None:
    evil = {"Origin": "http://evil.example"}
    asked = [
        client.post("/api/v1/campaigns/c1/start", headers=evil),
        client.post("/api/v1/campaigns/c1/contacts", headers=evil, data=form()),
        client.delete("/api/v1/campaigns/c1", headers=evil),
        client.patch("/api/v1/campaigns/c1", headers=evil, json={"settings": {}}),
        client.delete("/api/v1/do-not-call/1", headers=evil),
    ]
    assert [answer.status_code for answer in asked] == [403] * 5
    assert port.asked == []


def test_an_operator_with_a_login(port: FakePort, tmp_path: Path) -> None:
    """A large upload with the login's cookie needs the token in its header, and no more than that."""
    path, large = "/api/v1/campaigns/c1/contacts", b"number\n" + b"+8613800138000\n" * 20_000
    with open_gateway(tmp_path, campaigns=port) as gateway:
        operator, viewer = (gateway.browser(role, role) for role in (Role.OPERATOR, Role.VIEWER))
        assert operator.client.post(path, data=form(large)).status_code in (403, 413)
        assert viewer.ask("POST", path, data=form(large)).status_code == 403
        assert port.asked == []
        assert operator.ask("POST", path, data=form(large)).status_code == 200
        assert "data-import=" in operator.get("/campaigns/c1").text
        seen = viewer.get("/campaigns/c1").text
        assert 'value="40"' in seen
        assert "data-import=" not in seen
        assert "data-url=" not in seen


# --- files


def test_a_list_is_imported(client: FlaskClient, port: FakePort) -> None:
    fields = {
        "on_bad": "skip", "encoding": "gbk", "delimiter": ";", "columns": '{"备注": ""}',
        "time_zone": "Asia/Shanghai", "language": "zh", "region": "CN",
    }  # fmt: skip
    answer = client.post("/api/v1/campaigns/c1/contacts", data=form(b"number\n2", **fields))
    assert check(answer, "campaigns/{campaign_id}/contacts", "post")["accepted"] == 2
    file = ListFile(Path(), True, "gbk", ";", {"备注": ""}, "Asia/Shanghai", "zh", "CN")
    assert port.asked == [("find", "c1"), ("import", "c1", file)]
    assert port.uploaded == b"number\n2"


def test_a_preview_imports_nothing(client: FlaskClient, port: FakePort) -> None:
    answer = client.post("/api/v1/campaigns/c1/contacts", data=form(preview="1", encoding=""))
    check(answer, "campaigns/{campaign_id}/contacts", "post")
    assert port.asked == [("find", "c1"), ("preview", "c1", ListFile(Path()))]


def test_a_files_name_is_no_path(client: FlaskClient, port: FakePort) -> None:
    answer = client.post("/api/v1/campaigns/c1/contacts", data=form(name="../../etc/passwd"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 415),
        ({"on_bad": "skip"}, 415),
        ({"other": (io.BytesIO(b"1"), "a.csv")}, 400),
        ({"file": (io.BytesIO(b"1"), "a.csv"), "more": (io.BytesIO(b"1"), "b.csv")}, 400),
        (form(on_bad="maybe"), 400),
        (form(columns="[1"), 400),
        (form(columns="[1]"), 400),
        (form(surprise="1"), 400),
        (form(delimiter="ab"), 400),
        (form(region="CHN"), 400),
        (form(encoding="x" * 300_000), 413),
    ],
)
def test_forms_that_are_none(
    client: FlaskClient, port: FakePort, data: dict[str, Any], status: int
) -> None:
    answer = client.post("/api/v1/campaigns/c1/contacts", data=data)
    assert answer.status_code == status
    assert answer.json["error"]["message"]
    assert port.asked == [("find", "c1")]


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\n\r\n", b"nonsense" * 1000])
def test_broken_forms(client: FlaskClient, port: FakePort, body: bytes) -> None:
    answer = client.post(
        "/api/v1/campaigns/c1/contacts", data=body, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 400
    assert port.asked == [("find", "c1")]


def test_larger_than_a_body_smaller_than_the_limit(
    client: FlaskClient, port: FakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"number\n" + b"+8613800138000\n" * 20_000
    assert client.post("/api/v1/campaigns/c1/contacts", data=form(content)).status_code == 200
    assert port.uploaded == content
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1000)
    answer = client.post("/api/v1/campaigns/c1/contacts", data=form(content))
    assert answer.status_code == 413
    assert answer.json["error"]["code"] == "request_entity_too_large"
    too_large = client.post("/api/v1/campaigns", data="x" * 70_000, content_type="application/json")
    assert too_large.status_code in (400, 413), "others keep their small limit"


def test_an_unknown_campaigns_upload_is_not_read(client: FlaskClient, port: FakePort) -> None:
    port.refusal = CampaignRefused(404, "not_found", "there is no such campaign")
    assert client.post("/api/v1/campaigns/x/contacts", data=form()).status_code == 404
    assert port.uploaded == b""


@pytest.mark.parametrize(
    ("kind", "mime"), [("csv", "text/csv"), ("json", "application/json"), ("xlsx", "officedocument")]
)
def test_results(client: FlaskClient, port: FakePort, kind: str, mime: str) -> None:
    answer = client.get(f"/api/v1/campaigns/c1/results.{kind}")
    assert len(answer.data) == 200_000 == answer.content_length
    assert mime in answer.content_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="results.{kind}"'
    answer.close()
    assert not port.folder.exists(), "the file is forgotten when it is sent"


def test_results_that_are_none(client: FlaskClient, port: FakePort) -> None:
    assert client.get("/api/v1/campaigns/c1/results.exe").status_code == 404
    port.refusal = CampaignRefused(503, "service_unavailable", "no database")
    assert client.get("/api/v1/campaigns/c1/results.csv").status_code == 503


def test_refused_rows(client: FlaskClient) -> None:
    answer = client.get("/api/v1/campaigns/c1/contacts/refused.csv")
    assert answer.text == "line,reason\n2,formula\n"
    assert answer.content_type.startswith("text/csv")


# --- do not call


def test_who_must_not_be_called(client: FlaskClient, port: FakePort) -> None:
    check(client.get("/api/v1/do-not-call?after=%2B1&limit=5"), "do-not-call")
    body = {"number": "+1", "reason": "asked", "days": 30}
    check(client.post("/api/v1/do-not-call", json=body), "do-not-call", "post")
    check(client.get("/api/v1/do-not-call/+1"), "do-not-call/{number}")
    check(client.delete("/api/v1/do-not-call/+1"), "do-not-call/{number}", "delete")
    many = client.post("/api/v1/do-not-call/import", data=form(b"1", reason="x", days="2"))
    check(many, "do-not-call/import", "post")
    assert port.asked == [
        ("do_not_call", "+1", 5), ("forbid", "+1", "asked", 30.0), ("is_listed", "+1"),
        ("allow", "+1"), ("forbid_many", "x", 2.0, ""),
    ]  # fmt: skip
    assert client.get("/api/v1/do-not-call?limit=1001").status_code == 400


def entries_of(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"number": f"+86138{n:08}", "reason": EVIL, "added_at": AT, "expires_at": None}
        for n in range(first, first + count)
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_do_not_call_page_goes_on_page_by_page(
    client: FlaskClient, port: FakePort, language: str
) -> None:
    port.do_not_call = lambda after, limit: entries_of(0, limit)  # type: ignore[attr-defined]
    port.do_not_call_count = lambda: 12_345  # type: ignore[attr-defined]
    page = client.get("/do-not-call", headers={"Accept-Language": language}).text
    assert "12,345" in page
    assert 'href="/do-not-call?after=%2B8613800000049"' in page
    assert "<script>alert" not in page
    assert "style=" not in page
    assert do_not_call_words.CHINESE["do_not_call"] in page or language == "en"
    port.do_not_call = lambda after, limit: entries_of(50, 3)  # type: ignore[attr-defined]
    page = client.get("/do-not-call?after=%2B8613800000049").text
    assert page.count('data-method="DELETE"') == 3
    assert "Next page" not in page
    assert 'href="/do-not-call"' in page
    assert 'href="/do-not-call"' in client.get("/campaigns").text


def test_only_operators_see_the_do_not_call_page(port: FakePort, tmp_path: Path) -> None:
    given: Any = port
    port.do_not_call_count = lambda: 0  # type: ignore[attr-defined]
    with open_gateway(tmp_path, campaigns=given) as gateway:
        agent, operator = gateway.browser("ann", Role.AGENT), gateway.browser("sarah", Role.OPERATOR)
        assert agent.get("/do-not-call").status_code == 403
        assert 'href="/do-not-call"' not in agent.get("/campaigns").text
        assert operator.get("/do-not-call").status_code == 200
        form = {"number": "+1", "reason": "", "days": None}
        assert operator.client.post("/api/v1/do-not-call", json=form).status_code == 403, "no token"
        assert operator.ask("POST", "/api/v1/do-not-call", json=form).status_code == 201


def test_without_a_dialer_it_says_so() -> None:
    client = key_client(create_app(make_deps()))
    answer = client.get("/api/v1/campaigns")
    assert answer.status_code == 503
    assert answer.json["error"]["code"] == "no_dialer"
    assert "Campaigns need a FreeSWITCH" in client.get("/campaigns").text
    assert client.get("/campaigns/c1").status_code == 503
    assert "Campaigns need a FreeSWITCH" in client.get("/do-not-call").text


# --- pages


def test_the_list_page(client: FlaskClient) -> None:
    page = client.get("/campaigns").text
    assert 'href="/campaigns/c1"' in page
    assert '<progress max="100" value="40"' in page
    assert "4 / 10" in page


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("state", ACTIONS)
def test_a_campaigns_page(client: FlaskClient, port: FakePort, language: str, state: str) -> None:
    port.detail = DETAIL | {"state": state}
    page = client.get("/campaigns/c1", headers={"Accept-Language": language}).text
    words = {"en": ENGLISH, "zh": CHINESE}[language]
    for word in (words[f"campaign_{state}"], words["disposition_busy"], words["refusal_formula"]):
        assert word in page
    buttons = {"pause": "/pause", "start": "/start", "stop": "/stop", "resume": "/resume"}
    for action, end in buttons.items():
        assert (f'data-url="/api/v1/campaigns/c1{end}"' in page) == (action in ACTIONS[state])
    assert "style=" not in page, "the content security policy forbids inline styles"
    assert "<script>" not in page


def test_what_others_wrote_is_text(client: FlaskClient, port: FakePort) -> None:
    port.detail = DETAIL | {
        "id": 'c"><b>', "name": EVIL, "why": EVIL, "bot": EVIL, "settings": SETTINGS | {"bot": EVIL},
        "live_calls": [CALL | {"number": EVIL, "session_id": EVIL, "state": EVIL}],
        "last_calls": [CALL | {"ended_at": EVIL, "disposition": EVIL, "cause": EVIL}],
        "dispositions": {EVIL: 1},
    }  # fmt: skip
    for path in ("/campaigns", "/campaigns/c1"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert 'c"><b>' not in page


def test_shares() -> None:
    rows = shares({"busy": 1, "completed": 3, "failed": 0, "odd": 4})
    assert [(row.disposition, row.count) for row in rows] == [("completed", 3), ("busy", 1), ("odd", 4)]
    assert [row.percent for row in rows] == [37.5, 12.5, 50]
    assert [row.length for row in rows] == [75, 25, 100]
    assert shares({}) == []


def test_percent_says_100_only_at_the_end() -> None:
    assert percent({"contacts": 1000, "done": 999}) == 99
    assert percent({"contacts": 0, "done": 0}) == 0


def test_every_state_and_disposition_has_its_words() -> None:
    for words in (ENGLISH, CHINESE):
        assert all(f"campaign_{state}" in words for state in ACTIONS)
        assert all(f"disposition_{name}" in words for name in DISPOSITIONS)
