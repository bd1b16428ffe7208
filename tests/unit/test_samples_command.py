"""`switchtalk samples`: the help desk's data, where and with the embeddings that the settings name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli import main
from controller.dialogue.knowledge.base import KnowledgeBase


def test_orders_and_manuals(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["samples", "--set", f"var_dir={tmp_path}"])
    assert result.exit_code == 0, result.output
    with sqlite3.connect(tmp_path / "samples" / "shop.db") as shop:
        assert shop.execute("SELECT count(*) FROM orders").fetchone()[0] > 0
    assert KnowledgeBase(tmp_path / "knowledge", None).search("red internet light")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["knowledge.base_url=http://127.0.0.1:9/v1", "knowledge.model=x"], "127.0.0.1:9"),
        (["knowledge.base_url=http://127.0.0.1:9/v1"], "belong together"),
    ],
    ids=["the embedding server is down", "half a setting"],
)
def test_what_is_wrong_is_told(wrong: list[str], told: str, tmp_path: Path) -> None:
    words = [each for one in [f"var_dir={tmp_path}", *wrong] for each in ("--set", one)]
    result = CliRunner().invoke(main, ["samples", *words])
    assert result.exit_code == 1
    assert told in result.output, result.output
    assert "Traceback" not in result.output
