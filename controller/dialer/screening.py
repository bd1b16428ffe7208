"""Numbers that are never dialled, whoever asks: those that bill their caller, and our own, however they
are written.

Responsible for that judgement alone. Must never know who calls, nor how.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, shortnumberinfo

SURE_DIGITS = 7
"""A number so long is the same as a longer one that ends in it: 010 8888 6666 and +86 10 8888 6666."""
_NOT_DIGITS = re.compile(r"[^0-9]")
_INTERNATIONAL = re.compile(r"\+|00|011")
_SATELLITES = frozenset({870, 881, 882, 883})
"""Country codes of networks without a country (ITU-T E.164, annex): some take ten euros a minute."""


class Kind(StrEnum):
    """Kinds of number."""

    FIXED_LINE = "fixed_line"
    MOBILE = "mobile"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    TOLL_FREE = "toll_free"
    VOIP = "voip"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    UAN = "uan"  # a company's one number for a whole country
    PERSONAL_NUMBER = "personal_number"
    PAGER = "pager"
    VOICEMAIL = "voicemail"
    SATELLITE = "satellite"
    UNKNOWN = "unknown"  # there is no such number, as far as is known


USUAL = frozenset({Kind.FIXED_LINE, Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE, Kind.TOLL_FREE, Kind.VOIP})
"""Kinds that cost what a call costs. The others may bill whoever calls."""
LISTED = frozenset(Kind) - {Kind.UNKNOWN}
"""Kinds that there are."""
_KINDS = {
    value: Kind(name.lower())
    for name, value in vars(PhoneNumberType).items()
    if name in Kind.__members__
}


class BadNumber(ValueError):
    """Not a number that can be called; the message says why."""


class PremiumNumber(BadNumber):
    """A number that may bill its caller."""


class OwnNumber(BadNumber):
    """One of our own: the call would come back to us."""


def kind_of(number: PhoneNumber) -> Kind:
    """What kind of number it is, by the numbering plans that `phonenumbers` knows."""
    kind = _KINDS[phonenumbers.number_type(number)]
    if number.country_code in _SATELLITES and kind is not Kind.UNKNOWN:
        return Kind.SATELLITE
    return kind


class OwnLines:
    """Our numbers, given in any form: with a country or without, with whatever stands before it."""

    def __init__(self, numbers: Collection[str] = ()) -> None:
        whole = {form for number in numbers for form in (_significant(number), _national(number))}
        self._whole = frozenset(whole - {""})
        self._ends = {own[cut:] for own in self._whole for cut in range(len(own) - SURE_DIGITS + 1)}

    def hold(self, number: str) -> bool:
        """Whether `number`, in any form, is one of them."""
        digits = _significant(number)
        ends = (digits[cut:] for cut in range(len(digits) - SURE_DIGITS + 1))
        return digits in self._whole or digits in self._ends or any(end in self._whole for end in ends)


class Screen:
    """`own`: see `OwnLines`; `kinds`: that may be called; `region`: two letters, of numbers without a
    country; `internal`: a regular expression of numbers that no network sees."""

    def __init__(
        self,
        own: Collection[str] = (),
        kinds: Collection[Kind] = USUAL,
        region: str = "",
        internal: str = "",
    ) -> None:
        self._own = OwnLines(own)
        self._kinds = frozenset(kinds)
        self._region = region
        self._internal = re.compile(internal) if internal else None

    def check(self, number: str) -> None:
        """Look at a number as it would be dialled: digits, perhaps a +. Raises BadNumber."""
        self.check_own(number)
        if self._internal is not None and self._internal.fullmatch(number):
            return
        if len(_significant(number)) < SURE_DIGITS:
            self._check_short(number)
        elif (kind := self._dialled(number)) is not None:
            self.check_kind(kind)

    def check_own(self, number: str) -> None:
        """Raises OwnNumber."""
        if self._own.hold(number):
            raise OwnNumber("this is one of our own numbers")

    def check_kind(self, kind: Kind) -> None:
        """Raises BadNumber, PremiumNumber."""
        if kind in self._kinds:
            return
        if kind is Kind.UNKNOWN:
            raise BadNumber("there is no such number")
        raise PremiumNumber(f"calls to this number may be charged extra ({kind.value})")

    def _dialled(self, number: str) -> Kind | None:
        """The kind; None when it can't be told without knowing the country."""
        digits = _NOT_DIGITS.sub("", number)
        international = _INTERNATIONAL.match(number)
        if international and not self._is_home(number):
            return _kind(f"+{_NOT_DIGITS.sub('', number[international.end() :])}")
        if self._region:
            return _kind(number, self._region)
        kind = _kind(f"+{digits}")  # as some networks want it
        return None if kind is Kind.UNKNOWN else kind

    def _is_home(self, number: str) -> bool:
        """Whether it is a number of the region after all: not everywhere 00 leads abroad."""
        home = bool(self._region) and not number.startswith("+")
        return home and _kind(number, self._region) is not Kind.UNKNOWN

    def _check_short(self, number: str) -> None:
        if not self._region:
            return
        short = phonenumbers.PhoneNumber(national_number=int(_NOT_DIGITS.sub("", number) or 0))
        short.country_code = phonenumbers.country_code_for_region(self._region)
        cost = shortnumberinfo.expected_cost_for_region(short, self._region)
        if shortnumberinfo.connects_to_emergency_number(number, self._region):
            raise BadNumber("this is an emergency number")
        if cost == shortnumberinfo.ShortNumberCost.PREMIUM_RATE and Kind.PREMIUM_RATE not in self._kinds:
            raise PremiumNumber("calls to this number may be charged extra (premium_rate)")


def _kind(number: str, region: str | None = None) -> Kind:
    try:
        return kind_of(phonenumbers.parse(number, region))
    except NumberParseException:
        return Kind.UNKNOWN


def _national(number: str) -> str:
    """A number with a country without it; else ""."""
    digits, international = _NOT_DIGITS.sub("", number), _INTERNATIONAL.match(number)
    if international is None:
        return ""
    try:
        parsed = phonenumbers.parse(f"+{digits[len(_NOT_DIGITS.sub('', international[0])) :]}")
    except NumberParseException:
        return ""
    return str(parsed.national_number)


def _significant(number: str) -> str:
    """Its digits, without zeros in front: what all its forms end in."""
    return _NOT_DIGITS.sub("", number).lstrip("0")
