"""Results as files that spreadsheets show and never compute."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest
from openpyxl import load_workbook

from controller.dialer.export import ExportFormat, export
from controller.dialer.model import Attempt, AttemptState, Contact, ContactState, Disposition, ResultRow

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def contact(number, **variables):
    zones = ("Asia/Shanghai",)
    done = ContactState.DONE, Disposition.COMPLETED
    return Contact(1, "c", 2, number, "=1+1", zones, "zh", variables, *done, 1, 1, BEGAN)


def attempt(**slots):
    later = [BEGAN + timedelta(seconds=seconds) for seconds in (2, 7.25, 67.5)]
    ended = (Disposition.COMPLETED, "NORMAL_CLEARING", "s-1", slots, "/rec/a.wav")
    return Attempt(
        "u-1", "c", 1, 1, "+8613800138000", "+8610", AttemptState.ENDED, BEGAN, *later, *ended
    )


ROWS = [
    ResultRow(contact("+8613800138000", order="@x"), attempt(**{"=date": "周二", "list": [1, "二"]})),
    ResultRow(contact("+8613800138001", city="上海\x0b"), None),
]


def test_csv(tmp_path):
    path = tmp_path / "out.csv"
    assert export(lambda: iter(ROWS), path, ExportFormat.CSV) == 2
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["number"] == "+8613800138000"
    assert (first["name"], first["var_order"]) == ("'=1+1", "'@x")
    assert (first["slot_=date"], first["slot_list"]) == ("周二", '[1, "二"]')
    assert (first["wait_s"], first["talk_s"]) == ("7.25", "60.25")
    assert (first["disposition"], first["recording"]) == ("completed", "/rec/a.wav")
    assert first["began_at"] == "2026-03-02T09:00:00.000+00:00"
    assert (second["attempt_id"], second["slot_list"], second["var_city"]) == ("", "", "上海\x0b")


def test_json(tmp_path):
    path = tmp_path / "out.json"
    assert export(lambda: iter(ROWS), path, ExportFormat.JSON) == 2
    first, second = json.loads(path.read_text())
    assert (first["name"], first["slot_list"], first["talk_s"]) == ("=1+1", [1, "二"], 60.25)
    assert second["attempt"] is None


def test_a_workbook(tmp_path):
    path = tmp_path / "out.xlsx"
    assert export(lambda: iter(ROWS), path, ExportFormat.XLSX) == 2
    sheet = load_workbook(path)["results"]
    header, first, second = (list(row) for row in sheet.iter_rows())
    place = {cell.value: number for number, cell in enumerate(header)}
    assert (first[place["name"]].value, first[place["name"]].data_type) == ("=1+1", "s")
    assert first[place["talk_s"]].value == 60.25
    assert second[place["var_city"]].value == "上海\ufffd"
    assert second[place["attempt_id"]].value is None


@pytest.mark.parametrize("kind", ExportFormat)
def test_nothing_is_a_file_too(tmp_path, kind):
    path = tmp_path / "out"
    assert export(lambda: iter(()), path, kind) == 0
    assert path.stat().st_size > 0
