"""Campaigns over HTTP down to a real desk and database; nobody is called."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from flask.testing import FlaskClient

from controller.campaign_office import FRESH_S, IDLE_FRESH_S, CampaignOffice
from controller.dialer.desk import CampaignDesk, Place
from controller.dialer.importing import importer
from controller.dialer.model import DoNotCallEntry
from controller.gateway.openapi import DOCUMENT
from controller.gateway.server import create_app
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.migrations import migrate
from tests.login import key_client
from tests.unit.gateway.fakes import make_deps

FORMULA = '=HYPERLINK("http://evil.example")'
LIST = "\n".join(
    (
        "number,name,note",
        "+8613800138000,王小明,-5",
        "12,Too short,",
        f'+8613800138001,"{FORMULA.replace(chr(34), chr(34) * 2)}",',
        "+8613800138000,Again,",
        "1000}user/1001,Injected,",
        "+8613800138002,<script>alert(1)</script>,",
    )
).encode()


class Clock:
    """Seconds that pass when a test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlDialerStore]:
    url = f"sqlite:///{tmp_path}/records.db"
    migrate(url)
    opened = SqlDialerStore(url)
    yield opened
    opened.close()


@pytest.fixture
def client(store: SqlDialerStore, clock: Clock) -> Iterator[FlaskClient]:
    office = CampaignOffice(CampaignDesk(store, Place(bots=("demo",), region="CN")), clock)
    yield key_client(create_app(replace(make_deps(), campaigns=office)))
    office.close()


@pytest.fixture
def campaign_id(client: FlaskClient) -> str:
    body = {"name": "Spring 春", "settings": {"bot": "demo"}}
    return str(client.post("/api/v1/campaigns", json=body).json["id"])


def upload(client: FlaskClient, campaign_id: str, content: bytes, **fields: str) -> Any:
    data = {"file": (io.BytesIO(content), "x.csv"), **fields}
    return client.post(f"/api/v1/campaigns/{campaign_id}/contacts", data=data)


def valid(answer: Any, path: str, method: str = "get") -> Any:
    """The JSON of an answer that is as the OpenAPI document says."""
    described = DOCUMENT["paths"][f"/api/v1/{path}"][method]["responses"][str(answer.status_code)]
    schema = described["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": DOCUMENT["components"]})
    return answer.json


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_from_a_draft_to_its_end(client: FlaskClient, campaign_id: str) -> None:
    path = f"/api/v1/campaigns/{campaign_id}"
    draft = valid(client.get(path), "campaigns/{campaign_id}")
    assert (draft["state"], draft["contacts"], draft["settings"]["max_calls"]) == ("draft", 0, 5)
    assert error(client.post(f"{path}/start")) == (400, "campaign_refused"), "nobody to be called"
    upload(client, campaign_id, LIST, on_bad="skip")
    states = [
        valid(client.post(f"{path}/{action}"), f"campaigns/{{campaign_id}}/{action}", "post")["state"]
        for action in ("start", "pause", "resume", "stop")
    ]
    assert states == ["running", "paused", "running", "stopped"]
    assert error(client.post(f"{path}/pause")) == (409, "bad_transition")
    assert client.delete(path).json["deleted"]
    assert error(client.get(path)) == (404, "not_found")


def test_a_campaign_answers_to_its_name(client: FlaskClient, campaign_id: str) -> None:
    assert client.get("/api/v1/campaigns/Spring 春").json["id"] == campaign_id
    assert client.get("/campaigns/Spring 春").status_code == 200


@pytest.mark.parametrize(
    "wanted", ["none", "%00", "a%0Ab", "..", "x" * 5000, "%F0%9F%92%A9", "' OR 1=1"]
)
def test_campaigns_that_are_none(client: FlaskClient, wanted: str) -> None:
    assert client.get(f"/api/v1/campaigns/{wanted}").status_code == 404
    assert client.post(f"/api/v1/campaigns/{wanted}/start").status_code == 404


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("Spring 春", {"bot": "demo"}, (409, "campaign_exists")),
        ("a\nb", {"bot": "demo"}, (400, "campaign_refused")),
        ("x", {}, (400, "campaign_refused")),
        ("x", {"bot": "nobody"}, (400, "campaign_refused")),
        ("x", {"bot": "demo", "gatewya": "t"}, (400, "campaign_refused")),
        ("x", {"bot": "demo", "caller_ids": ["1000}user/1001"]}, (400, "campaign_refused")),
        ("x", {"bot": "demo", "windows": {"monday": ["25:00-26:00"]}}, (400, "campaign_refused")),
    ],
)
def test_campaigns_that_make_no_sense(
    client: FlaskClient, campaign_id: str, name: str, settings: Any, expected: tuple[int, str]
) -> None:
    assert error(client.post("/api/v1/campaigns", json={"name": name, "settings": settings})) == expected


def test_settings_are_changed_one_by_one(client: FlaskClient, campaign_id: str) -> None:
    path = f"/api/v1/campaigns/{campaign_id}"
    changed = client.patch(path, json={"settings": {"ring_s": 20}}).json["settings"]
    assert (changed["ring_s"], changed["bot"]) == (20, "demo")
    assert error(client.patch(path, json={"settings": {"ring_s": 0}})) == (400, "campaign_refused")


def test_a_preview_changes_nothing(client: FlaskClient, campaign_id: str) -> None:
    shown = upload(client, campaign_id, LIST, preview="1")
    preview = valid(shown, "campaigns/{campaign_id}/contacts", "post")
    assert [column["field"] for column in preview["columns"]] == ["number", "name", "note"]
    assert preview["rows"][0]["contact"]["variables"] == {"note": "-5"}
    assert preview["rows"][1]["refusal"]["reason"] == "bad_number"
    assert client.get(f"/api/v1/campaigns/{campaign_id}").json["contacts"] == 0


def test_all_or_nothing_unless_told(client: FlaskClient, campaign_id: str) -> None:
    answer = upload(client, campaign_id, LIST)
    report = valid(answer, "campaigns/{campaign_id}/contacts", "post")
    assert (report["committed"], report["accepted"], report["refused"]) == (False, 0, 4)
    assert report["reasons"] == {"bad_number": 2, "formula": 1, "duplicate_in_file": 1}
    report = upload(client, campaign_id, LIST, on_bad="skip").json
    assert (report["committed"], report["accepted"]) == (True, 2)
    detail = valid(client.get(f"/api/v1/campaigns/{campaign_id}"), "campaigns/{campaign_id}")
    assert (detail["contacts"], detail["last_import"]) == (2, report)
    page = client.get(f"/campaigns/{campaign_id}").text
    assert "2 contacts were imported" in page
    assert "<script>alert" not in page
    refused = client.get(f"/api/v1/campaigns/{campaign_id}/contacts/refused.csv").data
    rows = list(csv.reader(io.StringIO(refused.decode("utf-8-sig"))))
    assert [row[:2] for row in rows[1:]] == [
        ["3", "bad_number"], ["4", "formula"], ["5", "duplicate_in_file"], ["6", "bad_number"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04" + b"\0" * 100, b"name\nJohn\n", b"\xff\xfe\x00", b"%PDF-1.7 x"]
)
def test_files_that_are_no_lists(client: FlaskClient, campaign_id: str, content: bytes) -> None:
    assert error(upload(client, campaign_id, content)) == (400, "file_refused")
    assert error(upload(client, campaign_id, content, preview="1")) == (400, "file_refused")
    assert client.get(f"/api/v1/campaigns/{campaign_id}").json["import_progress"] is None


def test_one_import_at_a_time(
    client: FlaskClient, campaign_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one begins in the middle of the first, as greenlets do."""
    seen: list[Any] = []
    read_rows = importer.read_rows

    def look(*given: Any) -> Any:
        if not seen:
            seen.append(client.get(f"/api/v1/campaigns/{campaign_id}").json["import_progress"])
            seen.append(error(upload(client, campaign_id, LIST)))
        return read_rows(*given)

    monkeypatch.setattr(importer, "read_rows", look)
    assert upload(client, campaign_id, LIST, on_bad="skip").json["accepted"] == 2
    assert seen[0].keys() == {"bytes_read", "bytes_total", "good", "refused"}
    assert seen[1] == (409, "import_under_way")


def test_no_export_computes(client: FlaskClient, campaign_id: str) -> None:
    upload(
        client,
        campaign_id,
        b"number,name,note\n+8613800138000,Li,-5\n+8613800138009,+1+1,\n",
        on_bad="skip",
    )
    path = f"/api/v1/campaigns/{campaign_id}/results"
    rows = list(csv.DictReader(io.StringIO(client.get(f"{path}.csv").data.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == ["Li"], "the other row is refused as a formula"
    assert client.get(f"{path}.json").json[0]["number"] == "+8613800138000"
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{path}.xlsx").data))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert "+8613800138000" in [cell.value for cell in cells]
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_numbers_are_kept_for_a_moment(
    client: FlaskClient, campaign_id: str, store: SqlDialerStore, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    upload(client, campaign_id, LIST, on_bad="skip")
    client.post(f"/api/v1/campaigns/{campaign_id}/start")
    counted = 0
    real = store.campaigns.counts

    def counts(ref: str) -> Any:
        nonlocal counted
        counted += 1
        return real(ref)

    monkeypatch.setattr(store.campaigns, "counts", counts)
    for _ in range(5):
        client.get("/api/v1/campaigns")
        client.get(f"/api/v1/campaigns/{campaign_id}")
    assert counted == 0
    clock.now_s += FRESH_S
    client.get("/api/v1/campaigns")
    assert counted == 1
    assert client.post(f"/api/v1/campaigns/{campaign_id}/stop").json["state"] == "stopped"
    assert counted == 2, "a change is seen at once"
    clock.now_s += IDLE_FRESH_S / 2
    client.get("/api/v1/campaigns")
    assert counted == 2


def test_the_do_not_call_list(client: FlaskClient, campaign_id: str, store: SqlDialerStore) -> None:
    body = {"number": "13800138000", "reason": "asked", "days": 1}
    assert valid(client.post("/api/v1/do-not-call", json=body), "do-not-call", "post") == {
        "number": "+8613800138000", "listed": True,
    }  # fmt: skip
    report = upload(client, campaign_id, LIST, on_bad="skip").json
    assert report["reasons"]["do_not_call"] == 1
    data = {"file": (io.BytesIO(b"+8613800138005\nabc\n"), "x.csv")}
    many = client.post("/api/v1/do-not-call/import", data=data)
    assert valid(many, "do-not-call/import", "post")["new"] == 1
    entries = valid(client.get("/api/v1/do-not-call"), "do-not-call")["entries"]
    assert [entry["number"] for entry in entries] == ["+8613800138000", "+8613800138005"]
    found = valid(client.get("/api/v1/do-not-call/13800138000"), "do-not-call/{number}")
    assert (found["listed"], found["entry"]["reason"]) == (True, "asked")
    page = client.get("/do-not-call?number=138-0013-8000").text
    for shown in ("2 numbers are on the list.", "+8613800138000 is on the list.", "asked", "for ever"):
        assert shown in page
    assert "is not on the list" in client.get("/do-not-call?number=13800138111").text
    assert "This is no number" in client.get("/do-not-call?number=1000}user").text
    assert "There are no more" in client.get("/do-not-call?after=%2B9").text
    over = datetime.now(UTC) - timedelta(days=1)
    store.do_not_call.add([DoNotCallEntry("+8613800138009", "<b>", over - timedelta(days=30), over)])
    assert not client.get("/api/v1/do-not-call/13800138009").json["listed"]
    page = client.get("/do-not-call").text
    assert "2 numbers are on the list." in page, "it counts no more, and is shown till it is purged"
    assert "expired" in page
    assert "&lt;b&gt;" in page
    assert client.delete("/api/v1/do-not-call/+8613800138009").status_code == 200
    assert not client.delete("/api/v1/do-not-call/+8613800138000").json["listed"]
    assert error(client.delete("/api/v1/do-not-call/+8613800138000")) == (404, "not_found")
    assert error(client.get("/api/v1/do-not-call/1000}user")) == (400, "bad_number")


def test_a_database_that_is_down(tmp_path: Path) -> None:
    store = SqlDialerStore(f"sqlite:///{tmp_path}/gone/records.db")
    office = CampaignOffice(CampaignDesk(store, Place(bots=("demo",))))
    client = key_client(create_app(replace(make_deps(), campaigns=office)))
    assert error(client.get("/api/v1/campaigns")) == (503, "service_unavailable")
    assert client.get("/campaigns").status_code == 503
    office.close()
    store.close()
