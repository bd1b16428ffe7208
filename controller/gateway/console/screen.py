"""Text fit for an operator's terminal: no line, colour or cursor of a caller's making.

Responsible for harmless text and for tables. Must never know what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from controller.observe.redaction import one_line

CUT = "… [cut]"


def plain(text: object, max_chars: int = 2000) -> str:
    """One line of `text`, its control characters spelt out (`\\n`, `\\x1b`)."""
    line = one_line(str(text))
    return line if len(line) <= max_chars else line[:max_chars] + CUT


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], max_cells: int = 28) -> str:
    """Columns of plain text, two blanks apart, no cell wider than `max_cells` (Chinese takes two)."""
    lines = [[_cut(plain(cell), max_cells) for cell in row] for row in [heads, *rows]]
    widths = [max(cell_len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(set_cell_size(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def duration(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:05`."""
    minutes, secs = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def _cut(cell: str, max_cells: int) -> str:
    return cell if cell_len(cell) <= max_cells else set_cell_size(cell, max_cells - 1).rstrip() + "…"
