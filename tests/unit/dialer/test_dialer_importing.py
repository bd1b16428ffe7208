"""Files become contacts: the good, the bad and the hostile."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from controller.dialer.importing.importer import Hooks, ImportOptions, OnBad, import_contacts
from controller.dialer.importing.number_list import read_numbers
from controller.dialer.importing.preview import preview
from controller.dialer.importing.rows import Reason, Refusal, is_formula
from controller.dialer.importing.source import MAX_LINE_CHARS, FileRefused
from controller.dialer.numbers import NumberReader
from controller.dialer.ports import Staged

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NUMBERS = NumberReader("CN", own={"+8613900000000"})
LIST = "number,name,language,amount\n13800138000,王芳,zh,12.50\n+1 202 555 0123,Ann,en,-3\n"


class Sink:
    """Remembers what is staged and accepted."""

    def __init__(self, known=(), forbidden=()):
        self.known, self.forbidden = set(known), set(forbidden)
        self.staged, self.accepted, self.batches = [], [], 0

    def stage(self, campaign_id, import_id, batch, now):
        self.batches += 1
        numbers = {contact.number for contact in batch}
        out = numbers & (self.known | self.forbidden)
        self.staged += [contact for contact in batch if contact.number not in out]
        return Staged(frozenset(out & self.known), frozenset(out & self.forbidden))

    def accept(self, import_id, due_at):
        self.accepted, self.staged = self.staged, []
        return len(self.accepted)

    def discard(self, import_id):
        count, self.staged = len(self.staged), []
        return count


@pytest.fixture
def load(tmp_path):
    def load(content, sink=None, hooks=None, **options):
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        sink = sink if sink is not None else Sink()
        made = ImportOptions(**{"numbers": NUMBERS, "on_bad": OnBad.SKIP, **options})
        return import_contacts(path, made, sink, "c", hooks or Hooks(now=lambda: NOW)), sink

    return load


@pytest.fixture
def refusals(load):
    def refusals(content, sink=None, **options):
        result, _ = load(content, sink, **options)
        return [(refusal.line, refusal.reason) for refusal in result.refusals]

    return refusals


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode(),
        b"\xef\xbb\xbf" + LIST.encode(),
        LIST.encode("gbk"),
        LIST.encode("utf-16"),
        LIST.replace("\n", "\r\n").encode(),
        LIST.replace(",", ";").encode(),
        LIST.replace(",", "\t").encode("gb18030"),
        ("\n\n" + LIST.replace(",", "|")).encode(),
        LIST.replace("number", "手机号")
        .replace("name", "姓名")
        .replace("language", "语言")
        .encode("gbk"),
    ],
    ids=["utf-8", "bom", "gbk", "utf-16", "crlf", "semicolon", "tab", "pipe", "chinese"],
)
def test_lists_as_programs_write_them(load, content):
    result, sink = load(content)
    assert (result.committed, result.accepted, result.refused) == (True, 2, 0)
    wang, ann = sink.accepted
    assert (wang.number, wang.name, wang.language) == ("+8613800138000", "王芳", "zh")
    assert (wang.zones, wang.variables) == (("Asia/Shanghai",), {"amount": "12.50"})
    assert (ann.number, ann.zones, ann.variables) == (
        "+12025550123",
        ("America/New_York",),
        {"amount": "-3"},
    )


def test_a_bare_column_of_numbers_needs_no_header(load):
    _, sink = load("13800138000\n13800138001\n")
    assert [contact.line for contact in sink.accepted] == [1, 2]


def test_quotes_hold_delimiters_quotes_and_line_breaks(load):
    _, sink = load('number,name,note\n13800138000,"Li, ""Al""","one\r\ntwo"\n13800138001,Bo,x\n')
    assert sink.accepted[0].name == 'Li, "Al"'
    assert sink.accepted[0].variables == {"note": "one two"}
    assert [contact.line for contact in sink.accepted] == [2, 4]


def test_the_delimiter_and_the_columns_may_be_said(load):
    content = "Tel.^订单号^Notes\n13800138000^A-1^secret\n"
    named = {"Tel.": "number", "订单号": "order", "Notes": ""}
    _, sink = load(content, delimiter="^", columns=named)
    assert sink.accepted[0].variables == {"order": "A-1"}


def test_time_zones_come_from_the_column_or_the_number_or_are_refused(load):
    content = (
        "number,tz\n13800138000,America/Denver\n13800138001,\n13800138002,Mars/Base\n+80012345678,\n"
    )
    result, sink = load(content)
    assert [contact.zones for contact in sink.accepted] == [("America/Denver",), ("Asia/Shanghai",)]
    assert [r.line for r in result.refusals if r.reason is Reason.UNKNOWN_TIME_ZONE] == [4, 5]
    _, sink = load(content, default_zone="UTC")
    assert sink.accepted[-1].zones == ("UTC",)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("1000}user/1001,a,", Reason.BAD_NUMBER),
        ("&park(),a,", Reason.BAD_NUMBER),
        ('"13800138000\n13800138001",a,', Reason.BAD_NUMBER),
        ("12345,a,", Reason.BAD_NUMBER),
        (",a,", Reason.BAD_NUMBER),
        ("+1 900 234 5678,a,", Reason.PREMIUM_NUMBER),
        ("13900000000,a,", Reason.OWN_NUMBER),
        ("13800138001,=1+1,", Reason.FORMULA),
        ("13800138001,a,@SUM(A1)", Reason.FORMULA),
        ("13800138001,+cmd|' /C calc'!A0,", Reason.FORMULA),
        ("13800138001,-2+3,", Reason.FORMULA),
        ("13800138001,＝1,", Reason.FORMULA),
        ("13800138001,a\x00b,", Reason.CONTROL_CHARACTER),
        ("13800138001,a\x1b[2J,", Reason.CONTROL_CHARACTER),
        (f"13800138001,a,{'x' * 3000}", Reason.CELL_TOO_LONG),
        (f"13800138001,{'x' * 300},", Reason.CELL_TOO_LONG),
        ("13800138001,a,b,c,d", Reason.COLUMNS),
        ('13800138001,"a" b,', Reason.UNREADABLE),
        (f"13800138001,a,{'x' * 1_000_000}", Reason.UNREADABLE),
        ("13800138000,a,", Reason.DUPLICATE_IN_FILE),
        ("13800138888,a,", Reason.DUPLICATE_IN_CAMPAIGN),
        ("13800139999,a,", Reason.DO_NOT_CALL),
    ],
)
def test_bad_rows_are_told_with_line_and_reason_and_good_ones_stay(load, cells, reason):
    sink = Sink(known={"+8613800138888"}, forbidden={"+8613800139999"})
    after = "13800138002,last,\n"
    result, _ = load(f"number,name,note\n13800138000,first,\n{cells}\n{after}", sink)
    assert [(r.line, r.reason) for r in result.refusals] == [(3, reason)]
    assert result.refusals[0].detail
    assert result.reasons == {reason: 1}
    assert [contact.name for contact in sink.accepted] == ["first", "last"]


def test_a_language_the_bots_do_not_speak(refusals):
    content = "number,language\n13800138000,zh-CN\n13800138001,中文\n13800138002,EN_us\n13800138003,fr\n"
    assert refusals(content) == [(5, Reason.UNKNOWN_LANGUAGE)]


def test_damaged_bytes_cost_only_their_row(refusals):
    good = "".join(f"138001380{number:02d},王芳\n" for number in range(20))
    content = ("number,name\n" + good).encode() + b"13800139000,\xe7\x8e\n"
    assert refusals(content) == [(22, Reason.UNREADABLE)]


def test_an_open_quote_swallows_nothing_in_silence(load):
    result, sink = load('number,name\n13800138000,"Bob\n13800138001,Al\n')
    assert [refusal.reason for refusal in result.refusals] == [Reason.UNREADABLE]
    assert not sink.accepted


def test_all_or_nothing(load):
    bad = "number\n13800138000\n13800138001\nx\n"
    result, sink = load(bad, on_bad=OnBad.REFUSE_ALL)
    assert (result.committed, result.accepted, result.refused) == (False, 0, 1)
    assert not sink.accepted
    assert not sink.staged
    result, sink = load(bad, on_bad=OnBad.SKIP)
    assert (result.committed, result.accepted) == (True, 2)


def test_an_import_that_breaks_leaves_nothing(load):
    class Broken(Sink):
        def stage(self, campaign_id, import_id, batch, now):
            super().stage(campaign_id, import_id, batch, now)
            raise ConnectionError

    sink = Broken()
    with pytest.raises(ConnectionError):
        load(LIST, sink)
    assert not sink.staged


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"name,age\nBob,3\n", "no column for the number"),
        (b"number,phone\n1,2\n", "second number"),
        (b"number,caller_number\n1,2\n", "another name"),
        ("number,订单号\n1,2\n".encode(), "another name"),
        (b"number,api\xffon\n" + b"\x81\x20" * 50, "UTF-8"),
        (b"13800138000,Bob\n", "no header"),
        (b"\x1f\x8b\x08\x00", "no text file"),
        (b"x" * (MAX_LINE_CHARS + 1), "no header"),
        (b",".join(b"c%d" % n for n in range(101)), "101 columns"),
        (b'number,"x\n', "can't be read"),
    ],
)
def test_files_that_are_no_lists(load, content, why):
    with pytest.raises(FileRefused, match=why):
        load(content)


def test_a_workbook_is_not_unpacked(load):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"\0" * 20_000_000)
    with pytest.raises(FileRefused, match="save it as CSV"):
        load(bomb.getvalue())


@pytest.mark.parametrize(
    "told", [{"encoding": "ebcdic"}, {"delimiter": "ab"}, {"columns": {"x": "number"}}]
)
def test_options_that_make_no_sense(load, told):
    with pytest.raises(FileRefused):
        load(LIST, **told)


def test_a_cell_of_fifty_megabytes_is_never_held(load, tmp_path):
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.write(b"number,name\n13800138000,a\n13800138001,")
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b"\n13800138002,b\n")
    sink = Sink()
    tracemalloc.start()
    options = ImportOptions(NUMBERS, OnBad.SKIP)
    result = import_contacts(path, options, sink, "c")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert [(r.line, r.reason) for r in result.refusals] == [(3, Reason.UNREADABLE)]
    assert [contact.name for contact in sink.accepted] == ["a", "b"]


def test_batches_and_progress(load):
    rows = "".join(f"138001{number:05d}\n" for number in range(600))
    told, pieces = [], []

    def aside(work):
        pieces.append(done := work())
        return done

    result, sink = load("number\n" + rows, hooks=Hooks(progress=told.append, aside=aside))
    assert (result.accepted, sink.batches) == (600, 3)
    assert [len(piece) for piece in pieces[1:]] == [250, 250, 100, 0], "first the form, then batches"
    assert [step.good for step in told] == [250, 500, 600, 600]
    assert told[-1].bytes_read == told[-1].bytes_total
    assert all(a.bytes_read <= b.bytes_read for a, b in pairwise(told))


def test_the_report_has_every_refused_row_and_no_formula(load):
    report = io.StringIO()
    load("number,name\n=HYPERLINK(1),a\nx,b\n13800138000,c\n", hooks=Hooks(report=report))
    rows = list(csv.reader(io.StringIO(report.getvalue())))
    assert [row[:2] for row in rows] == [["line", "reason"], ["2", "formula"], ["3", "bad_number"]]
    assert rows[1][3] == "'=HYPERLINK(1)"


def test_a_preview_shows_how_the_file_is_read(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes((LIST + "x,bad,zh,1\n").encode("gbk"))
    seen = preview(path, ImportOptions(NUMBERS), rows=3)
    assert (seen.form.encoding, seen.form.delimiter) == ("gb18030", ",")
    assert seen.form.header == ("number", "name", "language", "amount")
    assert [row.line for row in seen.rows] == [2, 3, 4]
    assert isinstance(seen.rows[2], Refusal)
    assert len(preview(path, ImportOptions(NUMBERS), rows=1).rows) == 1


@pytest.mark.parametrize("text", ["=1", "@a", " =1", "\t=1", "+a", "-a()", "＋cmd", "+1+1", "-1-cmd|a"])
def test_formulas(text):
    assert is_formula(text)


@pytest.mark.parametrize("text", ["", "-", "-5", "+3.5 %", "+86 138-0013", "a=b", "王", "- 5,000.00"])
def test_no_formulas(text):
    assert not is_formula(text)


def test_a_column_of_numbers_alone(tmp_path):
    path = tmp_path / "dnc.csv"
    path.write_text('name,phone\na,13800138000\nb\n"c" d,1\n')
    assert list(read_numbers(path)) == [(2, "13800138000"), (3, ""), (4, "")]
