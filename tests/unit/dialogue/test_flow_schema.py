"""The published JSON Schema of flow files: current, described, and marking what the loader refuses."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from controller.dialogue.flow.loader import FlowError, _read, parse_flow
from controller.dialogue.flow.schema import FILE_NAME, HEAD_LINE, flow_schema, keys, render
from tests.unit.dialogue.conversation import FLOWS
from tests.unit.dialogue.test_loader import GOOD

FILES = sorted(FLOWS.glob("*.yaml"))
VALIDATOR = Draft202012Validator(flow_schema())


def test_the_file_beside_the_flows_is_current() -> None:
    written = (FLOWS / FILE_NAME).read_text(encoding="utf-8")
    assert written == render(), f"run: switchtalk flow schema > dialplans/flows/{FILE_NAME}"


def test_it_is_a_schema_with_every_key_described() -> None:
    Draft202012Validator.check_schema(flow_schema())
    assert [f"{owner}.{key}" for owner, key, at in keys(flow_schema()) if not at["description"]] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_our_flows_keep_it_and_name_it(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"{HEAD_LINE}\n")
    assert [error.message for error in VALIDATOR.iter_errors(_read(text, "")[1])] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prompt: Are", "promt: Are"),
        ("kind: ask", "kind: aks"),
        ("type: yes_no", "type: yes_know"),
        ("{en: Well", "{fr: Well"),
        ("    slot: sure\n", ""),
        ("flow: tiny", "flow: ../tiny"),
    ],
)
def test_what_the_loader_refuses_an_editor_marks(old: str, new: str) -> None:
    assert VALIDATOR.is_valid(_read(GOOD, "")[1])
    wrong = GOOD.replace(old, new, 1)
    assert not VALIDATOR.is_valid(_read(wrong, "")[1])
    with pytest.raises(FlowError):
        parse_flow(wrong)
