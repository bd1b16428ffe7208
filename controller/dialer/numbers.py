"""Telephone numbers as people write them, to E.164 with their time zones, or a typed refusal.

Responsible for what may stand in a number at all, before any library guesses: "1000}user/1001" must not
become 1000. Must never know who is called or why.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
from phonenumbers import timezone as number_timezone

_WRITTEN = re.compile(r"\+?[0-9][0-9 ().\-/]{1,38}|\+?\([0-9][0-9 ().\-/]{1,38}")
"""Digits and what people put between them; no letters: an extension can't be dialled."""
_ROUNDED = re.compile(r"[0-9.,]+[eE]\+?[0-9]+|[0-9]+\.0+")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"\u00a0": " "})
_UNKNOWN_ZONE = "Etc/Unknown"

COSTLY = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
"""Kinds of number that bill whoever calls."""


class BadNumber(ValueError):
    """Not a number that can be called; the message says why."""


class PremiumNumber(BadNumber):
    """A number that bills its caller."""


class OwnNumber(BadNumber):
    """One of our own: the call would come back to us."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number: E.164 (an internal one as it stands), and the time zones it may be in, sorted; none when
    that can't be told from it."""

    e164: str
    zones: tuple[str, ...]


class NumberReader:
    """Reads numbers. `region`: two letters (ISO 3166) for numbers without a country, "" to refuse
    those; `own`: our numbers (E.164), refused; `internal`: numbers of this switch that are dialled as
    they stand, a regular expression. Raises ValueError for a region there isn't."""

    def __init__(self, region: str = "", own: Collection[str] = (), internal: str = "") -> None:
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"{region!r} is no region; use two letters such as CN, US or DE")
        self._region = region or None
        self._own = frozenset(own)
        self._internal = re.compile(internal) if internal else None

    def read(self, written: str) -> Number:
        """Raises BadNumber."""
        text = unicodedata.normalize("NFKC", written).translate(_DASHES).strip()
        if self._internal is not None and self._internal.fullmatch(text) and text.isascii():
            return Number(text, ())
        if not _WRITTEN.fullmatch(text):
            raise BadNumber(_why_not(text))
        parsed = self._parsed(text)
        kind = phonenumbers.number_type(parsed)
        if kind == PhoneNumberType.UNKNOWN:
            raise BadNumber("there is no such number")
        if kind in COSTLY:
            raise PremiumNumber("calls to this number are charged extra")
        e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        if e164 in self._own:
            raise OwnNumber("this is one of our own numbers")
        zones = number_timezone.time_zones_for_number(parsed)
        return Number(e164, tuple(sorted(zone for zone in zones if known_zone(zone))))

    def _parsed(self, text: str) -> phonenumbers.PhoneNumber:
        try:
            return phonenumbers.parse(text, self._region)
        except NumberParseException as error:
            if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and self._region is None:
                raise BadNumber("there is no country in it (+…), and no default region") from None
            raise BadNumber("there is no such number") from None


def known_zone(name: str) -> bool:
    """Whether `name` is a time zone of the IANA list."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {_UNKNOWN_ZONE}


def _why_not(text: str) -> str:
    if not text:
        return "there is no number"
    if _ROUNDED.fullmatch(text):
        return "a spreadsheet has made a decimal of it; format the column as text and export again"
    return "it has signs that no number has"
