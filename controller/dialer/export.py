"""What became of a campaign, as a file: CSV, JSON or a workbook.

Responsible for columns and for text that no spreadsheet computes. Must never know where results are
kept. Streams: only the names of columns are held, so a campaign of any size fits.

A line is an attempt; a contact without one has a line too. A contact's columns are `var_…`, what the
flow filled `slot_…`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from controller.dialer.importing.rows import is_formula
from controller.dialer.model import ResultRow

MAX_EXTRA_COLUMNS = 500
_CELL_CHARS = 32_000  # Excel's most is 32767
_SHEET_ROWS = 1_048_575  # Excel's most, without the header
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Rows = Callable[[], Iterable[ResultRow]]
"""Gives the results from the start, each time it is called: tables are read twice."""
Line = dict[str, Any]


class ExportFormat(StrEnum):
    """The kinds of file."""

    CSV = "csv"  # UTF-8 with its mark, as spreadsheets expect it
    JSON = "json"  # one array of objects
    XLSX = "xlsx"


class TooManyRows(ValueError):
    """A workbook's sheet can't hold so many; use CSV."""


def export(rows: Rows, path: Path, kind: ExportFormat) -> int:
    """Write `path`; how many lines. Blocks while it reads and writes. Raises OSError, TooManyRows, and
    whatever `rows` raises; then the file is not whole."""
    lines = map(_line, rows())
    match kind:
        case ExportFormat.JSON:
            return _write_json(path, lines)
        case ExportFormat.CSV:
            return _write_csv(path, _columns(rows()), lines)
        case ExportFormat.XLSX:
            return _write_xlsx(path, _columns(rows()), lines)


def neutral(text: str) -> str:
    """`text` as a spreadsheet shows it and never computes it."""
    return f"'{text}" if is_formula(text) else text


def _columns(rows: Iterable[ResultRow]) -> list[str]:
    """The names of all columns, in the order in which they first appear."""
    names: dict[str, None] = {}
    for row in rows:
        for name in _line(row):
            if name not in names and len(names) < MAX_EXTRA_COLUMNS:
                names[name] = None
    extra = sorted(name for name in names if name.startswith(("var_", "slot_")))
    return [name for name in names if name not in extra] + extra


def _line(row: ResultRow) -> Line:
    contact, attempt = row.contact, row.attempt
    line: Line = {
        "line": contact.line,
        "number": contact.number,
        "name": contact.name,
        "language": contact.language,
        "time_zones": " ".join(contact.zones),
        "contact_state": contact.state.value,
        "contact_disposition": contact.disposition.value if contact.disposition else None,
        "tries": contact.tries,
        "attempt": attempt.number if attempt else None,
        "attempt_id": attempt.id if attempt else None,
        "caller_id": attempt.caller_id if attempt else None,
        "began_at": _moment(attempt.began_at) if attempt else None,
        "ringing_at": _moment(attempt.ringing_at) if attempt else None,
        "answered_at": _moment(attempt.answered_at) if attempt else None,
        "ended_at": _moment(attempt.ended_at) if attempt else None,
        "wait_s": _between(attempt.began_at, attempt.answered_at) if attempt else None,
        "talk_s": _between(attempt.answered_at, attempt.ended_at) if attempt else None,
        "disposition": attempt.disposition.value if attempt and attempt.disposition else None,
        "cause": attempt.cause if attempt else None,
        "session_id": attempt.session_id if attempt else None,
        "recording": attempt.recording_path if attempt else None,
    }
    line |= {f"var_{name}": value for name, value in contact.variables.items()}
    if attempt:
        line |= {f"slot_{name}": value for name, value in attempt.slots.items()}
    return line


def _write_csv(path: Path, columns: list[str], lines: Iterator[Line]) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([neutral(column) for column in columns])
        for line in lines:
            writer.writerow([_cell(line.get(column)) for column in columns])
            count += 1
    return count


def _write_json(path: Path, lines: Iterator[Line]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="replace") as file:
        file.write("[")
        for count, line in enumerate(lines, 1):
            file.write(",\n" if count > 1 else "\n")
            file.write(json.dumps(line, ensure_ascii=False))
        file.write("\n]\n")
    return count


def _write_xlsx(path: Path, columns: list[str], lines: Iterator[Line]) -> int:
    """Text goes in as text, whatever it looks like: a workbook computes only a formula's cell."""
    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("results")
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, _legal(column))
        for count, line in enumerate(lines, 1):
            if count > _SHEET_ROWS:
                raise TooManyRows(f"a sheet holds {_SHEET_ROWS} lines; export CSV instead")
            for place, column in enumerate(columns):
                value = line.get(column)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    sheet.write_number(count, place, value)
                elif value not in (None, ""):
                    sheet.write_string(count, place, _legal(_text(value)))
    return count


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return neutral(_text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)[:_CELL_CHARS]


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds") if at else None


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 3) if start and end else None
