"""A file with a column of numbers, such as a do-not-call list.

Responsible for the numbers as they are written, and their lines. Must never know what they are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.dialer.importing.columns import find_columns
from controller.dialer.importing.source import FileRefused, find_form, read_rows

MAX_ROWS = 1_000_000


def read_numbers(
    path: Path, encoding: str = "", delimiter: str = "", columns: Mapping[str, str] | None = None
) -> Iterator[tuple[int, str]]:
    """(line, number as written) of each row, for `DoNotCall.add_all`; a row that can't be read has "".
    `columns` as in `find_columns`. Raises FileRefused, also while it is read."""
    form = find_form(path, encoding, delimiter)
    place = find_columns(form.header, columns or {}).number
    for count, row in enumerate(read_rows(path, form)):
        if count >= MAX_ROWS:
            raise FileRefused(f"the file has more than {MAX_ROWS} rows; split it")
        yield row.line, row.cells[place] if len(row.cells) > place else ""
