"""CSV: a section a row. A table of questions and answers is cited by its questions."""

from __future__ import annotations

import csv
import io

from controller.dialogue.knowledge.errors import TooBig, Unreadable
from controller.dialogue.knowledge.model import Section
from controller.dialogue.knowledge.reading.limits import Limits
from controller.dialogue.knowledge.reading.text import decode

QUESTIONS = frozenset({"question", "questions", "q", "问题", "问", "提问", "標題", "标题", "title"})
ANSWERS = frozenset({"answer", "answers", "a", "答案", "回答", "答", "回复", "内容", "content"})


def read_csv(data: bytes, limits: Limits) -> list[Section]:
    """The first row names the columns. With a column of questions and one of answers a section is
    (question, answer); else it is (first cell, "column: cell" of the others).

    Raises TooBig for a huge cell, Unreadable where a quote never ends or there is one row only.
    """
    text = decode(data)
    csv.field_size_limit(limits.cell_chars)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), _dialect(text), strict=True) if any(row)]
    except csv.Error as error:
        if "field larger" in str(error):
            raise TooBig(f"a cell has more than {limits.cell_chars:,} characters; split it") from error
        raise Unreadable(f"the CSV is damaged: {error}") from error
    if len(rows) < 2:
        raise Unreadable("a CSV needs a first row with the columns' names and at least one more")
    names = [name.strip() for name in rows[0]]
    question = _column(names, QUESTIONS)
    answer = _column(names, ANSWERS)
    if question is not None and answer is not None:
        last = max(question, answer)
        return [Section(row[question], row[answer]) for row in rows[1:] if len(row) > last]
    return [_record(names, row) for row in rows[1:]]


def _record(names: list[str], row: list[str]) -> Section:
    pairs = zip(names, row, strict=False)
    said = [f"{name}: {cell.strip()}" if name else cell.strip() for name, cell in pairs if cell.strip()]
    return Section(row[0].strip(), "\n".join(said))


def _column(names: list[str], known: frozenset[str]) -> int | None:
    return next((index for index, name in enumerate(names) if name.casefold() in known), None)


def _dialect(text: str) -> type[csv.Dialect]:
    class Found(csv.excel):
        """Excel's, with the delimiter that the first line has most of."""

        delimiter = max(",;\t|", key=text.partition("\n")[0].count)

    return Found
