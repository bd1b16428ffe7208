"""A delimited text file as rows of cells, in bounded memory.

Responsible for encoding, delimiter, header and limits; a row that can't be read is told, and the next
one is read. Must never know what a column means.

Everything in the file is hostile: no line longer than `MAX_LINE_CHARS` is ever held, a workbook is not
unpacked, and undecodable bytes become U+FFFD, for whose sake a row is refused.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

MAX_LINE_CHARS = 64 * 1024
MAX_BYTES = 512 * 1024 * 1024
MAX_COLUMNS = 100
DELIMITERS = ",;\t|"
ENCODINGS = ("utf-8", "gb18030", "utf-16")
"""What may be said, besides "" (find out). GB18030 holds GBK and GB2312; UTF-16 needs its mark."""
_SNIFFED_LINES = 5
_CHUNK = 256 * 1024
_BYTES = 256
_MOSTLY = 4  # a file with this many good characters per bad byte is that encoding, damaged
BAD_CHARACTER = "\ufffd"


class FileRefused(ValueError):
    """The file as a whole can't be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written. `header`: names of its columns, () when its first line is data already."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file on which it begins (from 1), its cells, the bytes read so far.
    `problem` says in words why it can't be read; then it has no cells."""

    line: int
    cells: tuple[str, ...]
    bytes_read: int
    problem: str = ""


def find_form(path: Path, encoding: str = "", delimiter: str = "", header: bool | None = None) -> Form:
    """How the file is written, as told, and found out where it is not told. Without `header` told, the
    first line is one unless a number stands there. Raises FileRefused."""
    _check(path)
    if delimiter and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise FileRefused("the delimiter must be one character, such as , or ;")
    encoding = _known(encoding) if encoding else _find_encoding(path)
    with _opened(path, encoding) as text:
        lines = list(_first_lines(text))
    if not lines:
        raise FileRefused("the file is empty")
    delimiter = delimiter or _find_delimiter(lines)
    first = _first_row(lines, delimiter)
    if len(first) > MAX_COLUMNS:
        raise FileRefused(f"the file has {len(first)} columns; at most {MAX_COLUMNS} are read")
    named = not _is_data(first) if header is None else header
    if not named and len(first) > 1:
        raise FileRefused("the first line is no header; add one such as number,name")
    return Form(encoding, delimiter, first if named else ())


def read_rows(path: Path, form: Form) -> Iterator[Row]:
    """The rows after the header, empty ones left out. Raises FileRefused when the file is gone."""
    with _opened(path, form.encoding) as text:
        lines = _Lines(text)
        rows = _rows(lines, form.delimiter)
        skip = bool(form.header)
        while True:
            line = lines.number + 1
            try:
                cells = next(rows)
            except StopIteration:
                return
            except (_LineTooLong, csv.Error) as error:
                skip = False
                yield Row(line, (), text.buffer.tell(), str(error))
                continue
            if any(cell.strip() for cell in cells):
                if not skip:
                    yield Row(line, tuple(cells), text.buffer.tell())
                skip = False


class _LineTooLong(Exception):
    pass


class _Lines:
    """The lines of a text, which it counts; an iterator that goes on after it has raised."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MAX_LINE_CHARS and not line.endswith("\n"):
            while (rest := self._text.readline(MAX_LINE_CHARS)) and not rest.endswith("\n"):
                pass
            raise _LineTooLong(f"a line of more than {MAX_LINE_CHARS} characters")
        return line


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[list[str]]:
    """Strictly: a quote that is never closed must not swallow other rows in silence."""
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _check(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise FileRefused(f"the file can't be read: {error.strerror}") from None
    if size > MAX_BYTES:
        raise FileRefused(f"the file has {size >> 20} MB; at most {MAX_BYTES >> 20} MB are read")
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileRefused("this is a workbook or an archive; save it as CSV (UTF-8) first")
    if start.startswith((b"\x1f\x8b", b"%PDF", b"SQLite f")):
        raise FileRefused("this is no text file; give a CSV file")


def _known(encoding: str) -> str:
    name = encoding.lower().replace("_", "-")
    known = {"utf8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "utf-8-sig": "utf-8"}.get(
        name, name
    )
    if known not in ENCODINGS:
        raise FileRefused(f"the encoding {encoding!r} is not read; use utf-8, gbk, gb18030 or utf-16")
    return "utf-8-sig" if known == "utf-8" else known


def _find_encoding(path: Path) -> str:
    """By its mark; else UTF-8 if it is that (damaged, perhaps), else GB18030 if it is that."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        utf_8 = _count(file, "utf-8")
        if not utf_8[1] or utf_8[0] > _MOSTLY * utf_8[1]:
            return "utf-8-sig"
        gb18030 = _count(file, "gb18030")
    if gb18030[0] > _MOSTLY * gb18030[1]:
        return "gb18030"
    raise FileRefused("the file is neither UTF-8 nor GBK; save it as CSV (UTF-8)")


def _count(file: BinaryIO, encoding: str) -> tuple[int, int]:
    """Characters beyond ASCII that are right in this encoding, and those that are not."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    good = bad = 0
    while chunk := file.read(_CHUNK):
        text = decoder.decode(chunk)
        if not text.isascii():
            wrong = text.count(BAD_CHARACTER)
            bad += wrong
            good += sum(character > "\x7f" for character in text) - wrong
    return good, bad + decoder.decode(b"", True).count(BAD_CHARACTER)


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    try:
        text = path.open(encoding=encoding, errors="replace", newline="")
    except OSError as error:
        raise FileRefused(f"the file can't be read: {error.strerror}") from None
    with text:
        yield text


def _first_lines(text: TextIO) -> Iterator[str]:
    lines = _Lines(text)
    for _ in range(_SNIFFED_LINES):
        try:
            yield next(lines)
        except StopIteration:
            return
        except _LineTooLong as error:
            if lines.number == 1:
                raise FileRefused(f"the first line is no header: {error}") from None


def _find_delimiter(lines: list[str]) -> str:
    """The one that gives the first line the most cells, and others as many; comma when none does."""

    def worth(delimiter: str) -> tuple[bool, int]:
        try:
            widths = [len(cells) for cells in _rows(iter(lines), delimiter) if cells]
        except csv.Error:  # some row is broken, not the file
            widths = [lines[0].count(delimiter) + 1]
        return (len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0)

    return max(DELIMITERS, key=worth)


def _first_row(lines: list[str], delimiter: str) -> tuple[str, ...]:
    try:
        rows = (tuple(cell.strip() for cell in cells) for cells in _rows(iter(lines), delimiter))
        return next((cells for cells in rows if any(cells)), ())
    except csv.Error as error:
        raise FileRefused(f"the first line can't be read: {error}") from None


def _is_data(cells: tuple[str, ...]) -> bool:
    """Whether a telephone number stands there: seven digits, or three where nothing else is."""
    least = 3 if len(cells) == 1 else 7
    return any(
        sum(character.isdigit() for character in cell) >= least
        and not any(character.isalpha() for character in cell)
        for cell in cells
    )
