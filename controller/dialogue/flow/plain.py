"""Values from outside (contacts' variables, tools' results, models' arguments) made harmless.

What remains is JSON-like, of bounded size, and on one line. Knows nothing of templates or flows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

MAX_VALUE_CHARS = 200
MAX_ITEMS = 50
MAX_DEPTH = 5
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ue000-\uf8ff\ufeff]+")


class Exact(float):
    """A number that is written as its slot wrote it: a price keeps its cents ("12.50")."""

    written: str

    @classmethod
    def of(cls, value: Decimal, written: str) -> Exact:
        """`value`, to be written as `written`."""
        number = cls(value)
        number.written = written
        return number


def plain_text(value: object) -> str:
    """How a value is written into a text: one line, at most MAX_VALUE_CHARS; nothing for a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Exact):
        return value.written
    if isinstance(value, float | Decimal):
        return number_text(value)
    if value is None or isinstance(value, Mapping | list | tuple):
        return ""
    return " ".join(_NOT_TEXT.sub(" ", str(value)[: 4 * MAX_VALUE_CHARS]).split())[:MAX_VALUE_CHARS]


def number_text(value: float | Decimal) -> str:
    """A number without needless zeros: "120", "0.3"; nothing for what is no number."""
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if not exact.is_finite() or exact.adjusted() > 30:
        return ""
    short = f"{exact:.6f}"
    return short.rstrip("0").rstrip(".")


def plain_data(value: object, depth: int = 0) -> Any:
    """A copy of nothing but text, numbers, true, false, null, lists and mappings, none of them large."""
    if isinstance(value, bool | int | float) or value is None:
        return value if not isinstance(value, int) or abs(value) < 10**30 else None
    if isinstance(value, str):
        return plain_text(value)
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {
            str(key)[:MAX_VALUE_CHARS]: plain_data(item, depth + 1)
            for key, item in islice(value.items(), MAX_ITEMS)
        }
    if isinstance(value, list | tuple):
        return [plain_data(item, depth + 1) for item in islice(value, MAX_ITEMS)]
    return None


def plain_scalar(value: object) -> str | int | float | bool:
    """What a variable may hold; "" for a list, a mapping or nothing."""
    kept = plain_data(value)
    return kept if isinstance(kept, str | int | float | bool) else ""
