"""Settings of the dialer: calls from lists."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

import phonenumbers
from pydantic import Field, field_validator

from controller.setting_types import Pattern, Section


class DialerSettings(Section):
    """Campaigns: lists of people who are called. A campaign's own settings are in the database."""

    enabled: bool = Field(True, description="whether this process dials; lists can be kept all the same")
    max_calls: Annotated[int, Field(ge=1, le=1000)] = Field(
        10,
        description="calls at once of all campaigns and processes; "
        "freeswitch.outbound.max_calls holds for each process",
    )
    region: str = Field(
        "", description="region (CN, US, …) of numbers without a country; empty: refused"
    )
    time_zone: str = Field("", description="time zone of numbers that don't tell theirs; empty: refused")
    extensions: Pattern = Field(
        "", description="numbers of this switch that lists may hold: a regular expression"
    )
    lease_s: Annotated[float, Field(ge=3, le=3600)] = Field(
        60, description="a process that died is noticed after so long, and its calls are settled"
    )

    @field_validator("region")
    @classmethod
    def _known_region(cls, region: str) -> str:
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be a region of two letters, such as CN, US or DE")
        return region

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name and name not in available_timezones():
            raise ValueError("must be a time zone of the IANA list, such as Asia/Shanghai")
        return name
