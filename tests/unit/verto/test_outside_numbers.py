"""A page's way to numbers outside: what FreeSWITCH's dialplan lets through after the controller."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]


def extension() -> ElementTree.Element:
    plan = ElementTree.fromstring((ROOT / "dialplans/default.xml").read_text(encoding="utf-8"))
    found = plan.find(".//context[@name='default']/extension[@name='outside']")
    assert found is not None
    return found


def conditions() -> dict[str, str]:
    found = extension().findall("condition")
    return {each.get("field", ""): each.get("expression", "") for each in found}


def passes(source: str, gateway: str, number: str) -> bool:
    given = {"source": source, "${outside_gateway}": gateway, "destination_number": number}
    wanted = conditions()
    assert wanted.keys() == given.keys()
    return all(re.search(wanted[name], value) for name, value in given.items())


@pytest.mark.parametrize("number", ["+4930123456", "+12025550199", "+861082345678", "+999999999999999"])
def test_a_whole_number_of_a_page(number: str) -> None:
    assert passes("mod_verto", "trunk", number)


@pytest.mark.parametrize(
    "number",
    ["4930123456", "004930123456", "+0301234567", "+49", "+1234567890123456", "110", "+49301234;x=y",
     "+4930123456/x", "+49 30123456", "+4930123456,1000", "sip:+4930123456@x", ""],
)  # fmt: skip
def test_what_is_not_a_whole_number(number: str) -> None:
    assert not passes("mod_verto", "trunk", number)


@pytest.mark.parametrize("source", ["mod_sofia", "mod_loopback", "", "mod_verto_x"])
def test_phones_and_trunks_have_no_such_way(source: str) -> None:
    assert not passes(source, "trunk", "+4930123456")


@pytest.mark.parametrize("gateway", ["none", "", "a b", "x/y"])
def test_it_is_closed_until_a_gateway_is_named(gateway: str) -> None:
    assert not passes("mod_verto", gateway, "+4930123456")


def test_nobody_outside_sees_the_login() -> None:
    told = [action.get("data", "") for action in extension().iter("action")]
    assert "effective_caller_id_number=$${outside_caller_id}" in told
    assert "effective_caller_id_name=$${outside_caller_id}" in told
    assert told[-1] == "sofia/gateway/$${outside_gateway}/$1"
