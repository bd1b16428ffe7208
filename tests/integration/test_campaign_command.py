"""`switchtalk campaign` and `switchtalk dnc`, from an empty database to an exported file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.cli import main

Run = Callable[..., Result]
LIST = (
    "number,name,amount\n"
    "+442079460001,Ann,80\n"
    "020 7946 0002,Bob,75\n"
    "12,Eve,1\n"
    "+442079460001,Ann again,80\n"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SWITCHTALK_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text(LIST)

    def command(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == code, (words, result.output)
        return result

    return command


def test_from_a_list_to_results(run: Run) -> None:
    run("campaign", "create", "march", "--bot", "reminder_en", "-o", "max_calls=20", "-o", "region=GB")
    shown = run("campaign", "preview", "list.csv", "--region", "GB").output
    assert "+442079460002" in shown
    assert "bad_number" in shown
    run("campaign", "import", "march", "list.csv", code=1)
    assert "nobody waits" in run("campaign", "start", "march", code=1).output
    assert (
        "2 contacts now wait"
        in run("campaign", "import", "march", "list.csv", "--skip-bad", code=3).output
    )
    with Path("list.refused.csv").open(encoding="utf-8-sig", newline="") as file:
        refused = [(row["line"], row["reason"]) for row in csv.DictReader(file)]
    assert refused == [("4", "bad_number"), ("5", "duplicate_in_file")]
    assert "march is running" in run("campaign", "start", "march").output
    assert "0 of 2 done" in run("campaign", "status", "march").output
    assert "march" in run("campaign", "list").output
    run("campaign", "pause", "march")
    run("campaign", "resume", "march")
    assert "at work" in run("campaign", "delete", "march", "--yes", code=1).output
    assert "stopped" in run("campaign", "stop", "march").output
    for name in ("out.csv", "out.json", "out.xlsx"):
        assert "2 lines" in run("campaign", "export", "march", name).output
        assert Path(name).stat().st_size > 0
    run("campaign", "export", "march", "out.doc", code=2)
    run("campaign", "delete", "march", "--yes")
    assert "no campaign march" in run("campaign", "status", "march", code=1).output


def test_all_that_is_wrong_is_said_at_once(run: Run) -> None:
    said = run(
        "campaign", "create", "c", "--bot", "x", "-o", "max_calls=0", "-o", "retry.max_tries=99", code=1
    )
    assert "max_calls" in said.output
    assert "retry.max_tries" in said.output
    assert "no bot 'x'" in run("campaign", "create", "c", "--bot", "x", code=1).output
    run("campaign", "create", "c", "--bot", "demo")
    assert "already" in run("campaign", "create", "c", "--bot", "demo", code=1).output
    run("campaign", "change", "c", "-o", "max_calls=7", "-o", "retry.max_tries=2")
    run("campaign", "change", "c", "-o", "nonsense=1", code=1)


def test_the_list_of_those_who_are_not_called(run: Run) -> None:
    run("dnc", "add", "+44 20 7946 0002", "--reason", "asked")
    assert "asked" in run("dnc", "list").output
    assert "refused" in run("dnc", "import", "list.csv", "--region", "GB", code=3).output
    assert "+442079460001" in run("dnc", "list").output
    run("campaign", "create", "c", "--bot", "demo", "-o", "region=GB")
    assert "do_not_call" in run("campaign", "import", "c", "list.csv", "--skip-bad", code=1).output
    run("dnc", "remove", "+442079460001")
    assert "+442079460001" not in run("dnc", "list").output
    run("dnc", "add", "12", code=1)
