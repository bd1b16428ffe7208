"""Numbers: what people write, what attackers write."""

from __future__ import annotations

import pytest

from controller.dialer.numbers import BadNumber, NumberReader, OwnNumber, PremiumNumber, known_zone
from controller.dialer.screening import Kind, OwnLines, Screen

CN = NumberReader("CN", own={"+861088886666"}, internal=r"10\d\d")


@pytest.mark.parametrize(
    ("written", "e164", "zones"),
    [
        ("13800138000", "+8613800138000", ("Asia/Shanghai",)),
        (" 138-0013-8000 ", "+8613800138000", ("Asia/Shanghai",)),
        ("１３８００１３８０００", "+8613800138000", ("Asia/Shanghai",)),
        ("+86 (138) 0013.8000", "+8613800138000", ("Asia/Shanghai",)),
        ("0086 138 0013 8000", "+8613800138000", ("Asia/Shanghai",)),
        ("010-8888 1234", "+861088881234", ("Asia/Shanghai",)),
        ("+1 (202) 555-0123", "+12025550123", ("America/New_York",)),
        ("+44 20 7946 0958", "+442079460958", ("Europe/London",)),
        ("1001", "1001", ()),
    ],
)
def test_a_number_is_read_however_it_is_written(written, e164, zones):
    number = CN.read(written)
    assert (number.e164, number.zones) == (e164, zones)


def test_a_number_that_may_be_anywhere_in_a_country_has_all_its_zones():
    zones = CN.read("+18005550123").zones
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(zones)
    assert list(zones) == sorted(zones)
    assert all(known_zone(zone) for zone in zones)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "abc",
        "1000}user/1001",
        "&park()",
        "13800138000,13800138001",
        "sofia/gateway/x/13800138000",
        "13800138000\n13800138001",
        "13800138000 ext 5",
        "13800138000;ext=5",
        "1-800-FLOWERS",
        "{origination_uuid=x}13800138000",
        "13800138000\x00",
        "=13800138000",
        "1" * 50,
        "12345",
        "+999 123 456 789",
        "1.38E+10",
        "13800138000.0",
        "٣",
    ],
)
def test_what_is_no_number_is_refused(written):
    with pytest.raises(BadNumber):
        CN.read(written)


def test_reasons_help():
    with pytest.raises(BadNumber, match="spreadsheet"):
        CN.read("1.38001E+10")
    with pytest.raises(BadNumber, match="default region"):
        NumberReader().read("13800138000")


@pytest.mark.parametrize("written", ["+1 900 234 5678", "+49 900 1234567", "+44 909 8790123"])
def test_numbers_that_bill_the_caller_are_refused(written):
    with pytest.raises(PremiumNumber):
        CN.read(written)


def test_our_own_numbers_are_refused_however_written():
    with pytest.raises(OwnNumber):
        CN.read("010 8888 6666")


def test_a_region_there_is_not():
    with pytest.raises(ValueError, match="XX"):
        NumberReader("XX")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("premium_rate", "+1 900 234 5678"),
        ("premium_rate", "+979 123 456 789"),
        ("premium_rate", "+33 899 12 34 56"),
        ("shared_cost", "400 600 1234"),
        ("shared_cost", "+49 180 1234567"),
        ("uan", "+44 300 123 4567"),
        ("personal_number", "+44 70 1234 5678"),
        ("pager", "+44 7640 123456"),
        ("voicemail", "+39 33101234501"),
        ("satellite", "+881 612 345 678"),
    ],
)
def test_a_kind_that_may_cost_extra_is_called_only_when_it_is_allowed(kind, written):
    with pytest.raises(PremiumNumber, match=kind):
        CN.read(written)
    number = NumberReader("CN", kinds=[Kind(kind)]).read(written)
    assert number.e164.startswith("+")
    with pytest.raises(PremiumNumber):
        Screen(region="CN").check(number.e164)
    Screen(kinds=[Kind(kind)], region="CN").check(number.e164)


OWN = ["+861088886666", "2025550123", "0049 30 123456", "7000", "7003"]
FORMS = [
    "+861088886666", "861088886666", "00861088886666", "01088886666", "1088886666", "01186 10 88886666",
    "+86(10)8888-6666", "9,01088886666", "+12025550123", "12025550123", "2025550123", "0012025550123",
    "0112025550123", "*6712025550123#", "+4930123456", "030123456", "30123456", "+4930123456", "7000",
    "07000", "7003#",
]  # fmt: skip


@pytest.mark.parametrize("written", FORMS)
def test_a_loop_to_our_own_number_in_any_form(written):
    assert OwnLines(OWN).hold(written)
    with pytest.raises(OwnNumber):
        Screen(OWN, tuple(Kind), internal=r"70\d\d").check(written)


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("010 8888 6666", "CN"),
        ("0086 10 8888 6666", "CN"),
        ("+86 10 8888 6666", "US"),
        ("011 86 10 8888 6666", "US"),
        ("(202) 555-0123", "US"),
        ("1-202-555-0123", "US"),
        ("+1 202 555 0123", "CN"),
        ("030 123456", "DE"),
        ("7003", "CN"),
        ("７０００", "CN"),
    ],
)
def test_a_list_can_not_hold_our_own_numbers(written, region):
    with pytest.raises(OwnNumber):
        NumberReader(region, OWN, r"70\d\d").read(written)


@pytest.mark.parametrize(
    "written",
    ["", "+861088886667", "+8618888666", "886666", "8000", "70001", "+700030123457", "0", "123456"],
)
def test_numbers_that_are_not_ours(written):
    assert not OwnLines(OWN).hold(written)


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("+19002345678", ""),
        ("0019002345678", "DE"),
        ("0019002345678", ""),
        ("01119002345678", "US"),
        ("9002345678", "US"),
        ("19002345678", ""),
        ("19002345678", "US"),
        ("09001123456", "DE"),
        ("0899123456", "FR"),
        ("4006001234", "CN"),
        ("+190023456789999", ""),  # a network may read no further than it needs
        ("00190023456789999", ""),
        ("110", "CN"),
        ("911", "US"),
        ("112", "DE"),
    ],
)
def test_what_the_screen_stops_although_the_settings_allow_its_pattern(written, region):
    with pytest.raises(BadNumber):
        Screen(region=region).check(written)


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("1001", "CN"),
        ("+8613800138000", ""),
        ("13800138000", "CN"),
        ("013800138000", "CN"),
        ("19005551234", "CN"),  # a mobile there
        ("01701234567", "DE"),
        ("01701234567", ""),
        ("+18005550123", ""),
    ],
)
def test_what_the_screen_lets_through(written, region):
    Screen(OWN, region=region).check(written)
