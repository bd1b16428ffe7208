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
from phonenumbers import NumberParseException, PhoneNumberFormat
from phonenumbers import timezone as number_timezone

from controller.dialer.screening import USUAL, Kind, Screen, kind_of
from controller.dialer.screening import BadNumber as BadNumber
from controller.dialer.screening import OwnNumber as OwnNumber
from controller.dialer.screening import PremiumNumber as PremiumNumber

_WRITTEN = re.compile(r"\+?[0-9][0-9 ().\-/]{1,38}|\+?\([0-9][0-9 ().\-/]{1,38}")
"""Digits and what people put between them; no letters: an extension can't be dialled."""
_ROUNDED = re.compile(r"[0-9.,]+[eE]\+?[0-9]+|[0-9]+\.0+")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"\u00a0": " "})
_UNKNOWN_ZONE = "Etc/Unknown"


@dataclass(frozen=True, slots=True)
class Number:
    """A number: E.164 (an internal one as it stands), and the time zones it may be in, sorted; none when
    that can't be told from it."""

    e164: str
    zones: tuple[str, ...]


class NumberReader:
    """Reads numbers. `region`: two letters (ISO 3166) for numbers without a country, "" to refuse
    those; `own`: our numbers, refused in every form; `internal`: numbers of this switch that are dialled
    as they stand, a regular expression; `kinds`: that may be called. Raises ValueError for an unknown
    region."""

    def __init__(
        self,
        region: str = "",
        own: Collection[str] = (),
        internal: str = "",
        kinds: Collection[Kind] = USUAL,
    ) -> None:
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"{region!r} is no region; use two letters such as CN, US or DE")
        self._region = region or None
        self._screen = Screen(own, kinds)
        self._internal = re.compile(internal) if internal else None

    def read(self, written: str) -> Number:
        """Raises BadNumber."""
        text = unicodedata.normalize("NFKC", written).translate(_DASHES).strip()
        if self._internal is not None and self._internal.fullmatch(text) and text.isascii():
            self._screen.check_own(text)
            return Number(text, ())
        if not _WRITTEN.fullmatch(text):
            raise BadNumber(_why_not(text))
        parsed = self._parsed(text)
        self._screen.check_kind(kind_of(parsed))
        e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
        self._screen.check_own(e164)
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
