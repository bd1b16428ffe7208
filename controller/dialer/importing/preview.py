"""The beginning of a file as it would be imported, before anything is.

Responsible for showing what was found out: encoding, delimiter, columns, the first rows. Writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from controller.dialer.importing.columns import Columns
from controller.dialer.importing.importer import ImportOptions, open_file
from controller.dialer.importing.rows import Refusal
from controller.dialer.importing.source import Form, read_rows
from controller.dialer.model import NewContact


@dataclass(frozen=True, slots=True)
class Preview:
    """How a file is read, and its first rows: as contacts, or why not."""

    form: Form
    columns: Columns
    rows: tuple[NewContact | Refusal, ...]


def preview(path: Path, options: ImportOptions, rows: int = 20) -> Preview:
    """The first `rows` rows. Neither other rows nor the database are looked at: duplicates and numbers
    on the do-not-call list show in the import. Raises FileRefused."""
    form, checker = open_file(path, options)
    return Preview(form, checker.columns, tuple(map(checker.read, islice(read_rows(path, form), rows))))
