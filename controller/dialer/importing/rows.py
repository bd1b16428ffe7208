"""A row of a file becomes a contact, or a refusal with its reason.

Responsible for what may stand in a cell. Must never know the rest of the file, nor the database. A value
is never changed in silence, but for blanks around it and line breaks in it, which become blanks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from controller.dialer.importing.columns import Columns
from controller.dialer.importing.source import BAD_CHARACTER, Row
from controller.dialer.model import NewContact
from controller.dialer.numbers import BadNumber, NumberReader, OwnNumber, PremiumNumber, known_zone

MAX_CELL_CHARS = 2048
"""As much as a call's variable may have."""
MAX_NAME_CHARS = 200
_LINE_BREAK = re.compile(r"\s*[\r\n]+\s*")
_PLAIN = re.compile(r"[+\-＋－][0-9 ().,\-/:]*%?")
_LANGUAGES = {"chinese": "zh", "mandarin": "zh", "中文": "zh", "汉语": "zh", "普通话": "zh", "cn": "zh"}
_LANGUAGES |= {"english": "en", "英文": "en", "英语": "en"}


class Reason(StrEnum):
    """Why a row is refused."""

    UNREADABLE = "unreadable"  # a line or cell without end, bytes that are no characters
    COLUMNS = "columns"  # more cells than the header has names
    CELL_TOO_LONG = "cell_too_long"
    CONTROL_CHARACTER = "control_character"
    FORMULA = "formula"
    BAD_NUMBER = "bad_number"
    PREMIUM_NUMBER = "premium_number"
    OWN_NUMBER = "own_number"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    UNKNOWN_LANGUAGE = "unknown_language"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    DUPLICATE_IN_CAMPAIGN = "duplicate_in_campaign"
    DO_NOT_CALL = "do_not_call"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not taken: its line, the reason, that reason in words, its number as written."""

    line: int
    reason: Reason
    detail: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class RowChecker:
    """Reads rows. `default_zones`: for numbers that don't tell theirs, () to refuse those;
    `languages`: that may be asked for; `default_language`: for rows that don't say."""

    columns: Columns
    numbers: NumberReader
    default_zones: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset({"en", "zh"})
    default_language: str = ""

    def read(self, row: Row) -> NewContact | Refusal:
        """The contact of this row, or why there is none."""
        written = row.cells[self.columns.number] if len(row.cells) > self.columns.number else ""
        try:
            if row.problem:
                raise _Refused(Reason.UNREADABLE, row.problem)
            return self._contact(row)
        except _Refused as refused:
            return Refusal(row.line, refused.reason, refused.detail, written[:40])

    def _contact(self, row: Row) -> NewContact:
        if any(cell.strip() for cell in row.cells[self.columns.width :]):
            raise _Refused(
                Reason.COLUMNS, f"it has {len(row.cells)} cells, the header {self.columns.width}"
            )
        cells = [_checked(place, cell) for place, cell in enumerate(row.cells[: self.columns.width])]
        cells += [""] * (self.columns.width - len(cells))
        e164, zones = self._number(cells[self.columns.number])
        name = _cell(cells, self.columns.name)
        if len(name) > MAX_NAME_CHARS:
            raise _Refused(Reason.CELL_TOO_LONG, f"the name has more than {MAX_NAME_CHARS} characters")
        return NewContact(
            line=row.line,
            number=e164,
            zones=self._zones(_cell(cells, self.columns.zone), zones),
            name=name,
            language=self._language(_cell(cells, self.columns.language)),
            variables={variable: cells[place] for variable, place in self.columns.variables.items()},
        )

    def _number(self, written: str) -> tuple[str, tuple[str, ...]]:
        try:
            number = self.numbers.read(written)
        except PremiumNumber as error:
            raise _Refused(Reason.PREMIUM_NUMBER, str(error)) from None
        except OwnNumber as error:
            raise _Refused(Reason.OWN_NUMBER, str(error)) from None
        except BadNumber as error:
            raise _Refused(Reason.BAD_NUMBER, str(error)) from None
        return number.e164, number.zones

    def _zones(self, written: str, of_number: tuple[str, ...]) -> tuple[str, ...]:
        if written:
            if not known_zone(written):
                raise _Refused(
                    Reason.UNKNOWN_TIME_ZONE,
                    f"{written[:40]!r} is no time zone; write it as Asia/Shanghai",
                )
            return (written,)
        if not (zones := of_number or self.default_zones):
            raise _Refused(
                Reason.UNKNOWN_TIME_ZONE, "the number does not tell its time zone; add a column"
            )
        return zones

    def _language(self, written: str) -> str:
        if not written:
            return self.default_language
        plain = written.lower()
        language = _LANGUAGES.get(plain, re.split(r"[-_]", plain)[0])
        if language not in self.languages:
            known = ", ".join(sorted(self.languages))
            raise _Refused(Reason.UNKNOWN_LANGUAGE, f"{written[:40]!r} is not among {known}")
        return language


class _Refused(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would compute it. A number with its sign is none."""
    start = text.lstrip(" \u00a0\u3000")[:1]
    if start in ("+", "-", "＋", "－"):
        return not _PLAIN.fullmatch(text.strip())
    return start != "" and start in "=@＝＠\t\r\n"


def _cell(cells: list[str], place: int | None) -> str:
    return "" if place is None else cells[place]


def _checked(place: int, cell: str) -> str:
    """The cell without blanks around it. Raises _Refused."""
    if len(cell) > MAX_CELL_CHARS:
        raise _Refused(
            Reason.CELL_TOO_LONG, f"cell {place + 1} has {len(cell)} characters, over {MAX_CELL_CHARS}"
        )
    if BAD_CHARACTER in cell:
        raise _Refused(Reason.UNREADABLE, f"cell {place + 1} has bytes that are no characters")
    if is_formula(cell):
        raise _Refused(Reason.FORMULA, f"cell {place + 1} would be a formula in a spreadsheet")
    if not cell.isprintable():
        cell = _LINE_BREAK.sub(" ", cell).replace("\t", " ")
        if any(unicodedata.category(character) in ("Cc", "Cs", "Co") for character in cell):
            raise _Refused(Reason.CONTROL_CHARACTER, f"cell {place + 1} has a control character")
    return cell.strip()
