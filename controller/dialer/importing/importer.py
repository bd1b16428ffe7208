"""A file's rows go to the store in batches, and are accepted together or as they are, as told.

Responsible for the order of an import and for its report. Must never know the database.

    read ─► check ─► stage (in batches) ─► … ─► all good, or bad ones may be skipped: accept
                 └─► refusal ─► report                └─ else: discard, nothing has changed
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from controller.dialer.aside import Aside, here
from controller.dialer.importing.columns import find_columns
from controller.dialer.importing.rows import Reason, Refusal, RowChecker, is_formula
from controller.dialer.importing.source import FileRefused, Form, find_form, read_rows
from controller.dialer.model import NewContact
from controller.dialer.numbers import NumberReader
from controller.dialer.ports import ContactSink

BATCH = 250
"""Rows of one transaction: more hold the process up, fewer take longer."""
MAX_ROWS = 1_000_000
KEPT_REFUSALS = 1000
REPORT_HEADER = ("line", "reason", "detail", "number")


class OnBad(StrEnum):
    """What a bad row does to the others."""

    REFUSE_ALL = "refuse_all"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is to be read; "" and None: find out. `columns` as in `find_columns`; `default_zone`:
    for numbers that don't tell theirs."""

    numbers: NumberReader
    on_bad: OnBad = OnBad.REFUSE_ALL
    encoding: str = ""
    delimiter: str = ""
    header: bool | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    default_zone: str = ""
    default_language: str = ""
    languages: frozenset[str] = frozenset({"en", "zh"})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: bytes of the file, rows that were good and bad until now."""

    bytes_read: int
    bytes_total: int
    good: int
    refused: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of an import. `accepted`: contacts that now wait, 0 unless `committed`; `reasons`:
    refusals counted; `refusals`: the first 1000; all of them are in the report."""

    import_id: str
    committed: bool
    rows: int
    accepted: int
    refused: int
    reasons: Mapping[Reason, int]
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told of an import as it goes. `report`: gets every refused row as CSV; `aside`: reads and
    checks the file, batch by batch."""

    progress: Callable[[Progress], None] = lambda _progress: None
    aside: Aside = here
    report: TextIO | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def open_file(path: Path, options: ImportOptions) -> tuple[Form, RowChecker]:
    """How the file is written, and who reads its rows. Raises FileRefused."""
    form = find_form(path, options.encoding, options.delimiter, options.header)
    columns = find_columns(form.header, options.columns)
    zones = (options.default_zone,) if options.default_zone else ()
    checker = RowChecker(columns, options.numbers, zones, options.languages, options.default_language)
    return form, checker


def import_contacts(
    path: Path, options: ImportOptions, sink: ContactSink, campaign_id: str, hooks: Hooks | None = None
) -> ImportResult:
    """Bring a file's contacts into a campaign. Nobody is called before all of it is read.

    Raises FileRefused, UnknownCampaign, StoreUnavailable; then nothing has changed, unless the database
    went away in the very last step, accepting: that is done whole or not at all."""
    hooks = hooks or Hooks()
    form, checker = hooks.aside(lambda: open_file(path, options))
    running = _Import(path, sink, campaign_id, hooks)
    try:
        running.run(form, checker)
    except BaseException:
        sink.discard(running.id)
        raise
    return running.finish(options.on_bad)


class _Import:
    """One import under way. The numbers of its file are remembered, 8 bytes and a little each."""

    def __init__(self, path: Path, sink: ContactSink, campaign_id: str, hooks: Hooks) -> None:
        self.id = uuid4().hex
        self._path = path
        self._total = path.stat().st_size
        self._sink = sink
        self._campaign_id = campaign_id
        self._hooks = hooks
        self._writer = csv.writer(hooks.report) if hooks.report else None
        self._seen: set[str] = set()
        self._reasons: Counter[Reason] = Counter()
        self._kept: list[Refusal] = []
        self._rows = self._good = self._read = 0

    def run(self, form: Form, checker: RowChecker) -> None:
        if self._writer:
            self._writer.writerow(REPORT_HEADER)
        contacts = self._contacts(form, checker)
        while batch := self._hooks.aside(lambda: list(islice(contacts, BATCH))):
            self._stage(batch)
            refused = self._reasons.total()
            self._hooks.progress(Progress(self._read, self._total, self._good, refused))
        self._hooks.progress(Progress(self._total, self._total, self._good, self._reasons.total()))

    def finish(self, on_bad: OnBad) -> ImportResult:
        refused = self._reasons.total()
        committed = self._good > 0 and (not refused or on_bad is OnBad.SKIP)
        accepted = self._sink.accept(self.id, self._hooks.now()) if committed else 0
        if not committed:
            self._sink.discard(self.id)
        return ImportResult(
            self.id, committed, self._rows, accepted, refused, dict(self._reasons), tuple(self._kept)
        )

    def _contacts(self, form: Form, checker: RowChecker) -> Iterator[NewContact]:
        for row in read_rows(self._path, form):
            self._rows += 1
            self._read = row.bytes_read
            if self._rows > MAX_ROWS:
                raise FileRefused(f"the file has more than {MAX_ROWS} rows; split it")
            read = checker.read(row)
            if isinstance(read, Refusal):
                self._refuse(read)
            elif read.number in self._seen:
                detail = "the number is in the file before"
                self._refuse(Refusal(read.line, Reason.DUPLICATE_IN_FILE, detail, read.number))
            else:
                self._seen.add(read.number)
                yield read

    def _stage(self, batch: list[NewContact]) -> None:
        staged = self._sink.stage(self._campaign_id, self.id, batch, self._hooks.now())
        self._good += len(batch) - len(staged.duplicates) - len(staged.do_not_call)
        for contact in batch if staged.duplicates or staged.do_not_call else ():
            if contact.number in staged.do_not_call:
                told = (Reason.DO_NOT_CALL, "the number is on the do-not-call list")
            elif contact.number in staged.duplicates:
                told = (Reason.DUPLICATE_IN_CAMPAIGN, "the campaign has the number already")
            else:
                continue
            self._refuse(Refusal(contact.line, *told, contact.number))

    def _refuse(self, refusal: Refusal) -> None:
        self._reasons[refusal.reason] += 1
        if len(self._kept) < KEPT_REFUSALS:
            self._kept.append(refusal)
        if self._writer:
            number = f"'{refusal.number}" if is_formula(refusal.number) else refusal.number
            self._writer.writerow((refusal.line, refusal.reason.value, refusal.detail, number))
