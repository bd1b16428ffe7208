"""A telephone number, said or keyed in, checked against the numbering plan of its country."""

from __future__ import annotations

import re
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult
from pydantic import field_validator

from controller.dialogue.languages.base import Dictation, Language, Phrase
from controller.dialogue.slots.base import Certainty, Context, Match, SlotModel
from controller.dialogue.slots.dictated import readings

MAX_KEYS = 17
"""15 digits (ITU-T E.164) after an international prefix of two."""


class PhoneSlot(SlotModel):
    """value is the number in E.164 ("+442079460018"). `region` is the country (ISO 3166, "GB") whose
    numbers are said without a country code."""

    type: Literal["phone"]
    region: str

    @field_validator("region")
    @classmethod
    def _known(cls, region: str) -> str:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"no region {region!r}; expected an ISO 3166 code such as GB, US or CN")
        return region

    @property
    def dtmf_digits(self) -> int:
        """The longest international number."""
        return MAX_KEYS

    def parse(self, text: str, language: Language, context: Context) -> Match | None:
        """CERTAIN for a number in the plan that no digit can follow, LIKELY for others in it, PARTIAL
        when digits are missing and nothing else was said, REFUSED when no such number is given out."""
        if context.keys:
            keyed = "".join(c for c in text if c in "0123456789")
            said = [Dictation(keyed, plain=False)] if keyed else []
        else:
            said = list(readings(text, language, context))
        for reading in said:
            number = self._number(reading)
            if number is not None and phonenumbers.is_valid_number(number):
                ends = context.keys or not (language.unfinished(text) or self._length(number) < 0)
                return self._match(number, reading, language, ends=ends)
        return self._incomplete(said[0], language) if said else None

    def _number(self, said: Dictation) -> PhoneNumber | None:
        try:
            return phonenumbers.parse(("+" if said.plus else "") + said.digits, self.region)
        except phonenumbers.NumberParseException:
            return None

    def _match(self, number: PhoneNumber, said: Dictation, language: Language, *, ends: bool) -> Match:
        home = phonenumbers.region_code_for_number(number) == self.region
        style = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
        groups = re.findall(r"\+?\d+", phonenumbers.format_number(number, style))
        value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        sure = Certainty.CERTAIN if ends and not said.unsure else Certainty.LIKELY
        return Match(value, language.say_groups(groups), sure, raw=value, unsure=said.unsure)

    def _incomplete(self, said: Dictation, language: Language) -> Match | None:
        if self._short(said):
            if not said.plain:
                return (
                    Match(None, "", Certainty.REFUSED, (Phrase.WRONG_LENGTH,))
                    if said.digits[4:]
                    else None
                )
            raw = ("+" if said.plus else "") + said.digits
            return Match(
                raw, language.say_digits(said.digits), Certainty.PARTIAL, (Phrase.GO_ON,), raw=raw
            )
        number = self._number(said)
        long = len(said.digits) > MAX_KEYS or (number is not None and self._length(number) > 0)
        reason = Phrase.TOO_MANY_DIGITS if long else Phrase.NO_SUCH_PHONE
        return Match(None, "", Certainty.REFUSED, (reason,))

    def _short(self, said: Dictation) -> bool:
        number = self._number(said)
        return len(said.digits) < 5 if number is None else self._length(number) < 0

    def _length(self, number: PhoneNumber) -> int:
        """-1 too short, 1 too long, 0 right: at home compared with a mobile number, the longest there
        are, for the numbering plan also has room for numbers that nobody has."""
        mobile = phonenumbers.example_number_for_type(self.region, PhoneNumberType.MOBILE)
        if mobile is not None and number.country_code == mobile.country_code:
            digits, whole = (len(str(n.national_number)) for n in (number, mobile))
            return (digits > whole) - (digits < whole)
        possible = phonenumbers.is_possible_number_with_reason(number)
        return {ValidationResult.TOO_LONG: 1, ValidationResult.IS_POSSIBLE: 0}.get(possible, -1)
