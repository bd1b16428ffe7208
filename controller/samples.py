"""The sample help desk's data: an order database and the manuals in the knowledge base.

Responsible for making them from the files that come with the product, as often as one likes. Knows no
bot.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controller.dialogue.knowledge.base import KnowledgeBase

SOURCES = Path(str(files("dialplans") / "samples"))
DOCUMENTS = ("marlow_r1_manual.md", "marlow_r1_faq.csv", "marlow_r1_shouce.md", "marlow_r1_wenda.csv")
TABLES = {"orders": "number", "warranties": "serial"}
"""Table and its key; each has a CSV file of its name."""
LOOKUPS: Mapping[str, tuple[str, str, str]] = {
    "order": (
        "number",
        "SELECT item_en, item_zh, status_en, status_zh, expected FROM orders WHERE number = :number",
        "an order by its number of five digits",
    ),
    "warranty": (
        "serial",
        "SELECT product, bought, ends FROM warranties WHERE serial = :serial",
        "a router's warranty by its serial number, MR1 and six digits",
    ),
}
"""Query of `lookup_record`: its parameter, its SQL, what it finds."""


def database(var_dir: Path) -> Path:
    """Where the order database is made."""
    return var_dir / "samples" / "shop.db"


def lookups(var_dir: Path) -> dict[str, dict[str, Any]]:
    """The setting `tools.lookup` for the order database."""
    url = f"sqlite:///{database(var_dir)}"
    return {
        name: {"url": url, "sql": sql, "params": {param: "string"}, "about": about, "max_rows": 1}
        for name, (param, sql, about) in LOOKUPS.items()
    }


def make_database(var_dir: Path) -> Path:
    """Make the order database anew. Returns its path. Raises OSError, sqlite3.Error."""
    path = database(var_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as shop, shop:
        for table, key in TABLES.items():
            rows = list(_rows(table))
            columns = list(rows[0])
            shop.execute(f"DROP TABLE IF EXISTS {table}")
            shop.execute(f"CREATE TABLE {table} ({', '.join(f'{c} TEXT' for c in columns)})")
            shop.execute(f"CREATE UNIQUE INDEX {table}_{key} ON {table} ({key})")
            marks = ", ".join("?" for _ in columns)
            values = [[row[column] for column in columns] for row in rows]
            shop.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - our own names
    return path


def add_documents(base: KnowledgeBase, tell: Callable[[str], None] = lambda _told: None) -> None:
    """Put the manuals and their FAQs into a knowledge base. Raises KnowledgeError."""
    for name in DOCUMENTS:
        added = base.add(SOURCES / name)
        tell(f"{added.source}: {added.snippets} snippets")


def _rows(table: str) -> Iterator[dict[str, str]]:
    with (SOURCES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
