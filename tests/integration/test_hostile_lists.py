"""Hostile lists and requests, by the command line and by REST: refused with a reason."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from controller.campaign_desk import campaign_place, on_a_thread
from controller.campaign_office import CampaignOffice
from controller.cli import main
from controller.dialer.desk import CampaignDesk
from controller.gateway.server import create_app
from controller.gateway.uploads import MAX_UPLOAD_BYTES
from controller.number_screen import number_screen
from controller.phone_desk import Desk
from controller.phone_options import telephony_options
from controller.settings import Settings
from controller.storage.dialer_store import SqlDialerStore
from controller.storage.migrations import migrate
from controller.telephony.guard import DestinationRefused, Guard
from tests.login import key_client
from tests.unit.gateway.fakes import make_deps

OUR_DID, GOOD = "+12025550123", "+442079460001"
SETTINGS = {
    "SWITCHTALK_DIALER__REGION": "US",
    "SWITCHTALK_DIALER__EXTENSIONS": r"70\d\d",
    "SWITCHTALK_FREESWITCH__NUMBERS": json.dumps({OUR_DID: "demo"}),
    "SWITCHTALK_FREESWITCH__OUTBOUND__ALLOWED": json.dumps([r"[+*#\d]+"]),
    "SWITCHTALK_FREESWITCH__OUTBOUND__GATEWAY": "trunk",
}
BOMB_BYTES = 200_000_000

NUMBERS = {
    "dial string": ("1000}user/1001", "bad_number"),
    "variables": ("{origination_uuid=x}+442079460002", "bad_number"),
    "application": ("&park()", "bad_number"),
    "endpoint": ("sofia/gateway/trunk/442079460002", "bad_number"),
    "several": ("2025550188|2025550189", "bad_number"),
    "inline": ("2025550188 &echo", "bad_number"),
    "newline": ('"2025550188\n\napi hupall"', "bad_number"),
    "carriage return": ('"2025550188\rbgapi x"', "bad_number"),
    "NUL": ("2025550188\0", "control_character"),
    "escape": ("20255\x1b[2J50188", "control_character"),
    "formula": ("=+442079460002", "formula"),
    "premium": ("+19002345678", "premium_number"),
    "premium, national": ("900 234 5678", "premium_number"),
    "premium, 011": ("011 44 909 8790123", "premium_number"),
    "shared cost": ("+491801234567", "premium_number"),
    "one for a country": ("+443001234567", "premium_number"),
    "personal": ("+447012345678", "premium_number"),
    "satellite": ("+881612345678", "premium_number"),
    "our DID": (OUR_DID, "own_number"),
    "our DID, national": ("(202) 555-0123", "own_number"),
    "our DID, 1": ("1-202-555-0123", "own_number"),
    "our DID, 011": ("011 1 202 555 0123", "own_number"),
    "our DID, wide digits": ("２０２５５５０１２３", "own_number"),
    "our bot": ("7000", "own_number"),
    "a cell of 50 MB": ("9" * (50 * 1024 * 1024 - 4096), "unreadable"),
}


@dataclass
class Refused:
    """What became of a list: contacts that were taken; refusals as (line, reason); what was said."""

    accepted: int
    refusals: list[tuple[int, str]]
    said: str


Send = Callable[..., Refused]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SWITCHTALK_VAR_DIR", str(tmp_path / "var"))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    settings = Settings()
    migrate(settings.database_url)
    return settings


@pytest.fixture
def store(place: Settings) -> Iterator[SqlDialerStore]:
    opened = SqlDialerStore(place.database_url)
    yield opened
    opened.close()


@pytest.fixture
def client(place: Settings, store: SqlDialerStore) -> Iterator[FlaskClient]:
    office = CampaignOffice(CampaignDesk(store, campaign_place(place), aside=on_a_thread))
    yield key_client(create_app(replace(make_deps(), campaigns=office)))
    office.close()


@pytest.fixture(params=["command", "rest"])
def send(request: pytest.FixtureRequest, client: FlaskClient) -> Send:
    """Import a file into a new campaign, good rows without the bad ones."""
    body = {"name": "c", "settings": {"bot": "demo"}}
    campaign = client.post("/api/v1/campaigns", json=body).json["id"]

    def by_rest(content: bytes, name: str = "list.csv") -> Refused:
        data = {"file": (io.BytesIO(content), name), "on_bad": "skip"}
        answer = client.post(f"/api/v1/campaigns/{campaign}/contacts", data=data).json
        if "error" in answer:
            return Refused(0, [], answer["error"]["message"])
        refusals = [(each["line"], each["reason"]) for each in answer["refusals"]]
        return Refused(answer["accepted"], refusals, "")

    def by_command(content: bytes, name: str = "list.csv") -> Refused:
        Path(name).write_bytes(content)
        words = ["campaign", "import", "c", name, "--skip-bad", "--report", "bad.csv"]
        done = CliRunner().invoke(main, words)
        report = Path("bad.csv")
        found = re.findall(r"^(\d+),(\w+),", report.read_text() if report.exists() else "", re.M)
        taken = re.search(r"(\d+) contacts now wait", done.output)
        assert done.exit_code in (0, 1, 3), done.output
        return Refused(
            int(taken[1]) if taken else 0, [(int(line), why) for line, why in found], done.output
        )

    return by_rest if request.param == "rest" else by_command


def test_hostile_rows_are_refused_each_with_its_reason_and_the_others_are_taken(
    send: Send, store: SqlDialerStore
) -> None:
    rows = [f"{number},Eve {label.replace(',', '')}" for label, (number, _) in NUMBERS.items()]
    done = send("\n".join(["number,name", f"{GOOD},Ann", *rows, "2025550188,Bob", ""]).encode())
    reasons = [reason for _, reason in done.refusals]
    assert dict(zip(NUMBERS, reasons, strict=True)) == {k: why for k, (_, why) in NUMBERS.items()}
    assert done.accepted == 2
    (campaign,) = store.campaigns.listed()
    taken = [contact.number for contact in store.contacts.page(campaign.id)]
    assert taken == [GOOD, "+12025550188"]


def test_a_zip_bomb_as_a_workbook_is_not_unpacked(send: Send) -> None:
    packed = io.BytesIO()
    book = zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with book, book.open("xl/worksheets/sheet1.xml", "w") as sheet:
        for _ in range(BOMB_BYTES // 10_000_000):
            sheet.write(b"\0" * 10_000_000)
    for name in ("list.xlsx", "list.csv"):
        done = send(packed.getvalue(), name)
        assert (done.accepted, done.refusals) == (0, [])
        assert "workbook" in done.said


def test_an_old_workbook_and_a_gzip_are_no_lists(send: Send) -> None:
    assert "workbook" in send(b"\xd0\xcf\x11\xe0" + b"\0" * 600, "list.xls").said
    assert "no text file" in send(b"\x1f\x8b\x08" + b"\0" * 600, "list.csv.gz").said


def test_more_than_an_upload_may_have_is_not_taken(client: FlaskClient) -> None:
    body = {"name": "c", "settings": {"bot": "demo"}}
    campaign = client.post("/api/v1/campaigns", json=body).json["id"]
    data = {"file": (io.BytesIO(b"number\n" + b"1" * MAX_UPLOAD_BYTES + b"2" * 300_000), "list.csv")}
    answer = client.post(f"/api/v1/campaigns/{campaign}/contacts", data=data)
    assert answer.status_code == 413


BAD_SETTINGS: list[dict[str, Any]] = [
    {"bot": "demo}user/1001"},
    {"bot": "demo\0"},
    {"bots": {"zh": "nobody"}},
    {"bots": {"zh'; drop table": "demo"}},
    {"gateway": "trunk/1000}user/1001"},
    {"gateway": "trunk\napi hupall"},
    {"gateway": "../trunk"},
    {"caller_ids": ["1000}user/1001"]},
    {"caller_ids": ["+4420\n"]},
    {"caller_ids": ["+4420\0"]},
    {"introduction": "x\0"},
    {"machine": "leave_message", "message": "x\x1b[2J"},
    {"machine": "leave_message", "message": "x" * 20_000},
    {"machine": "&park()"},
    {"region": "}user/1001"},
    {"windows": {"monday": ["09:00-12:00\n&park()"]}},
    {"windows": {"&park()": ["09:00-12:00"]}},
    {"holidays": ["2026-01-01}x"]},
    {"retry": {"after_s": {"busy}x": 60}}},
    {"max_calls": 10**30},
    {"starts_at": "9" * 20_000},
]


def test_hostile_settings_make_no_campaign_and_change_none(
    client: FlaskClient, store: SqlDialerStore
) -> None:
    usual = {"bot": "demo"}
    campaign = client.post("/api/v1/campaigns", json={"name": "c", "settings": usual}).json["id"]
    for wrong in BAD_SETTINGS:
        shown = json.dumps(wrong)[:60]
        made = client.post("/api/v1/campaigns", json={"name": "x", "settings": {**usual, **wrong}})
        assert (made.status_code, made.json["error"]["code"]) == (400, "campaign_refused"), shown
        changed = client.patch(f"/api/v1/campaigns/{campaign}", json={"settings": wrong})
        assert (changed.status_code, changed.json["error"]["code"]) == (400, "campaign_refused"), shown
        (kept,) = store.campaigns.listed()
        assert kept.settings == usual


def test_hostile_options_make_no_campaign(store: SqlDialerStore) -> None:
    for options in (
        ["--bot", "a}b"],
        ["--bot", "demo", "-o", "gateway=t/1}user/1"],
        ["--bot", "demo", "-o", "bots.zh=nobody"],
        ["--bot", "demo", "-o", "bots.fr=demo"],
        ["--bot", "demo", "-o", 'caller_ids=["1}user/1"]'],
    ):
        done = CliRunner().invoke(main, ["campaign", "create", "c", *options])
        assert done.exit_code == 1, done.output
    assert not store.campaigns.listed()
    done = CliRunner().invoke(main, ["campaign", "create", "c", "--bot", "demo", "-o", "bots.zh=demo"])
    assert done.exit_code == 0, done.output
    (made,) = store.campaigns.listed()
    assert made.settings == {"bot": "demo", "bots": {"zh": "demo"}}


# --- one call ------------------------------------------------------------------------------------

CALLS = [
    "1000}user/1001", "&park()", "+4420794\n60001", "+442079460001\0", "+442079460001\r\napi hupall",
    "{a=b}+442079460001", "+442079460001|+442079460002", "sofia/gateway/trunk/1", "１０００",
    "+19002345678", "19002345678", "9002345678", "01119002345678", "0019002345678", "+190023456789999",
    "+491801234567", "+443001234567", "+447012345678", "+881612345678", "911",
    OUR_DID, "12025550123", "2025550123", "01112025550123", "0012025550123", "*672025550123", "7000",
    "07000",
]  # fmt: skip


class Line:
    """Stands for the telephone: what passes the guard is dialled."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.dialled: list[str] = []
        self.outgoing = self

    def place(self, order: Any) -> Any:
        with self.guard.call(order.number) as number:
            self.dialled.append(number)
        raise DestinationRefused("dialled")


@pytest.fixture
def line(place: Settings) -> Line:
    options = telephony_options(place)
    return Line(Guard(options.allowed, per_second=9, burst=99, max_calls=9, screen=options.screen))


def test_calls_that_must_not_be_are_refused_although_the_pattern_allows_them(line: Line) -> None:
    client = key_client(create_app(replace(make_deps(), phone=Desk(line))))  # type: ignore[arg-type]
    for number in CALLS:
        answer = client.post("/api/v1/calls", json={"number": number})
        assert answer.status_code in (400, 403), number
        assert answer.json["error"]["code"] in ("bad_request", "destination_not_allowed"), number
        assert line.dialled == []


def test_a_good_number_is_dialled(line: Line) -> None:
    client = key_client(create_app(replace(make_deps(), phone=Desk(line))))  # type: ignore[arg-type]
    client.post("/api/v1/calls", json={"number": GOOD})
    client.post("/api/v1/calls", json={"number": "1001"})
    assert line.dialled == [GOOD, "1001"]


def test_kinds_that_are_allowed_by_the_settings(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = json.dumps(["mobile", "shared_cost"])
    monkeypatch.setenv("SWITCHTALK_FREESWITCH__OUTBOUND__KINDS", kinds)
    screen = number_screen(Settings())
    screen.check("+491801234567")
    with pytest.raises(ValueError, match="fixed_line"):
        screen.check(GOOD)
