"""Numbers: what people write, what attackers write."""

from __future__ import annotations

import pytest

from controller.dialer.numbers import BadNumber, NumberReader, OwnNumber, PremiumNumber, known_zone

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
