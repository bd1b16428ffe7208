"""The example of a third party's tool, found as pip leaves it behind: by its entry point."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from controller.tools.registry import ENTRY_POINTS, load_tools
from controller.tools.runner import Runner
from tests.unit.tools.fakes import EN, ZH, call

EXAMPLE = Path(__file__).parents[2] / "data" / "thirdparty_tool"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installation makes of it: the module and its dist-info, on the path."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    entries = "\n".join(
        f"{name} = {value}" for name, value in project["entry-points"][ENTRY_POINTS].items()
    )
    info.joinpath("entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{entries}\n")
    module = EXAMPLE / "opening_hours.py"
    tmp_path.joinpath(module.name).write_text(module.read_text())
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_it_is_found_checked_and_run_like_any_other() -> None:
    runner = Runner(load_tools(), ["opening_hours"], EN)
    outcome = runner.run(call("opening_hours", day="saturday"))
    assert outcome.ok
    assert outcome.data == {"day": "saturday", "hours": "10:00-14:00", "asked_in": "en"}
    assert runner.cancellable("opening_hours")
    assert runner.run(call("opening_hours", day="$(reboot)")).code == "bad_arguments"


@pytest.mark.usefixtures("installed")
def test_it_needs_the_bots_permission_and_fails_in_words_fit_for_callers() -> None:
    tools = load_tools()
    assert Runner(tools, ["hangup"], EN).run(call("opening_hours", day="monday")).code == "not_allowed"
    closed = Runner(tools, ["opening_hours"], ZH).run(call("opening_hours", day="sunday"))
    assert (closed.ok, closed.code, closed.say) == (False, "not_found", "抱歉，没有查到。")
