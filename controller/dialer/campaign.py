"""What an operator decides about a campaign, checked as a whole.

Responsible for settings that make sense together, and for turning them into the policies that act.
Must never know how calls are made, nor where settings are kept: `model_dump(mode="json")` gives what
`CampaignSettings.model_validate` takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import date, datetime, time
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from controller.dialer.model import Disposition
from controller.dialer.retry import DEFAULT_AFTER_S, FINAL, RetryPolicy
from controller.dialer.windows import CallingWindows, Weekday, Window

NAME_CHARS = 100
_DAY_NAMES = {day.name.lower(): day for day in Weekday}
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_UNSAID = frozenset({"Cc", "Cs", "Co", "Cn"})
_CALLER_ID = re.compile(r"\+?[0-9]{2,20}")

DayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Hours = tuple[str, ...]
Bot = Annotated[str, Field(min_length=1, max_length=NAME_CHARS)]
_WORKDAYS: tuple[DayName, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")


class _Part(BaseModel):
    """Settings that belong together; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _usual_hours() -> dict[DayName, Hours]:
    hours: Hours = ("09:00-12:00", "14:00-20:00")
    return dict.fromkeys(_WORKDAYS, hours)


class RetrySettings(_Part):
    """How often a contact is called, and how long after which outcome."""

    max_tries: Annotated[int, Field(ge=1, le=20)] = Field(3, description="calls of one contact at most")
    after_s: dict[Disposition, Annotated[int, Field(ge=30, le=30 * 86_400)]] = Field(
        default_factory=lambda: dict(DEFAULT_AFTER_S),
        description="seconds until the next call, by how the last one ended; not named: no next call",
    )

    @field_validator("after_s")
    @classmethod
    def _not_final(cls, after_s: dict[Disposition, int]) -> dict[Disposition, int]:
        if final := sorted(FINAL & set(after_s)):
            raise ValueError(f"after {', '.join(final)} nobody is called again")
        return after_s

    def policy(self) -> RetryPolicy:
        """The rule that these settings say."""
        return RetryPolicy(self.max_tries, dict(self.after_s))


class OverDialSettings(_Part):
    """Predictive pacing: more calls than can be talked to, for some will not be answered."""

    ratio: Annotated[float, Field(ge=1, le=3)] = Field(1.0, description="calls per free place; 1: off")
    max_abandoned_share: Annotated[float, Field(ge=0, le=0.1)] = Field(
        0.03, description="abandoned calls among the answered ones at most (Ofcom and FTC: 3 %)"
    )


class BreakerSettings(_Part):
    """When trouble with the gateway pauses the campaign."""

    last_calls: Annotated[int, Field(ge=5, le=1000)] = Field(20, description="calls that are looked at")
    max_failed_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="failures of the gateway's kind among them that pause the campaign"
    )


class CampaignSettings(_Part):
    """A whole campaign. Raises pydantic's ValidationError with all that is wrong at once."""

    bot: Bot = Field(description="who talks")
    bots: dict[Literal["en", "zh"], Bot] = Field(
        default_factory=dict, description="who talks to a contact of that language instead"
    )
    gateway: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,64}$", description="FreeSWITCH gateway; empty: the settings' one"
    )
    caller_ids: tuple[str, ...] = Field(
        (), max_length=1000, description="numbers shown, in turn; none: the settings' one"
    )
    region: str = Field("", description="region (CN, US, …) of numbers without a country")
    calls_per_s: Annotated[float, Field(gt=0, le=50)] = Field(1.0, description="calls begun per second")
    max_calls: Annotated[int, Field(ge=1, le=1000)] = Field(5, description="calls at once")
    ring_s: Annotated[int, Field(ge=5, le=120)] = Field(30, description="time a phone may ring")
    windows: dict[DayName, Hours] = Field(
        default_factory=_usual_hours,
        description='hours on the contact\'s clock: {"monday": ["09:00-12:00"]}; not named: no calls',
    )
    holidays: frozenset[date] = Field(
        frozenset(), max_length=1000, description="days without calls, on the contact's calendar"
    )
    retry: RetrySettings = RetrySettings()
    machine: Literal["hang_up", "leave_message", "treat_as_human"] = Field(
        "hang_up", description="what an answering machine gets"
    )
    message: str = Field("", max_length=1000, description="what is left on a machine after its beep")
    introduction: str = Field(
        "", max_length=300, description="who calls and why, for assistants that screen calls"
    )
    over_dial: OverDialSettings = OverDialSettings()
    breaker: BreakerSettings = BreakerSettings()
    priority: Annotated[int, Field(ge=0, le=9)] = Field(5, description="9 goes before 0")
    starts_at: AwareDatetime | None = Field(None, description="no call before; with its time zone")
    ends_at: AwareDatetime | None = Field(None, description="no call from then on; with its time zone")

    @field_validator("caller_ids")
    @classmethod
    def _are_numbers(cls, caller_ids: tuple[str, ...]) -> tuple[str, ...]:
        for caller_id in caller_ids:
            if not _CALLER_ID.fullmatch(caller_id):
                raise ValueError(f"{caller_id!r} is no number; use digits, with a + for E.164")
        return caller_ids

    @field_validator("message", "introduction")
    @classmethod
    def _can_be_said(cls, text: str) -> str:
        if any(unicodedata.category(character) in _UNSAID and character != "\n" for character in text):
            raise ValueError("it has control characters")
        return text

    @field_validator("windows")
    @classmethod
    def _are_hours(cls, windows: dict[DayName, Hours]) -> dict[DayName, Hours]:
        for day, hours in windows.items():
            _no_overlap(day, [read_hours(text) for text in hours])
        if not any(windows.values()):
            raise ValueError("there is no window: nobody would ever be called")
        return windows

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = []
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            wrong.append("ends_at must be after starts_at")
        if self.machine == "leave_message" and not self.message.strip():
            wrong.append("machine is leave_message: say the message")
        if self.message.strip() and self.machine != "leave_message":
            wrong.append("there is a message, but machine is not leave_message")
        if self.over_dial.ratio > 1 and self.max_calls < 2:
            wrong.append("over_dial needs max_calls of 2 or more")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def bot_for(self, language: str) -> str:
        """Who talks to a contact of that language ("": it has none)."""
        return dict[str, str](self.bots.items()).get(language, self.bot)

    def calling_windows(self) -> CallingWindows:
        """The rule that windows and holidays say."""
        by_weekday = {
            _DAY_NAMES[day]: tuple(sorted((read_hours(text) for text in hours), key=lambda w: w.start))
            for day, hours in self.windows.items()
        }
        return CallingWindows(by_weekday, self.holidays)

    def may_begin(self, at: datetime) -> bool:
        """Whether `at` lies between the campaign's first and last moment."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


def problems(
    settings: CampaignSettings, *, bots: Collection[str], regions: Collection[str], now: datetime
) -> tuple[str, ...]:
    """What can only be known in place: why a campaign with these settings must not start, in words."""
    found = []
    for bot in sorted({settings.bot, *settings.bots.values()} - set(bots)):
        found.append(f"there is no bot {bot!r}; there are {', '.join(sorted(bots))}")
    if settings.region and settings.region not in regions:
        found.append(f"there is no region {settings.region!r}; use two letters such as CN, US or DE")
    if settings.ends_at is not None and settings.ends_at <= now:
        found.append(f"it ended at {settings.ends_at:%Y-%m-%d %H:%M %Z}")
    return tuple(found)


def read_hours(text: str) -> Window:
    """`09:00-12:30` as a Window; `24:00` is the day's end. Raises ValueError."""
    found = _HOURS.fullmatch(text.strip())
    if found is None or (found[3] == "24" and found[4] != "00"):
        raise ValueError(f"{text!r} are no hours; write them as 09:00-12:30")
    end = time(0) if found[3] == "24" else time(int(found[3]), int(found[4]))
    return Window(time(int(found[1]), int(found[2])), end)


def _no_overlap(day: str, windows: list[Window]) -> None:
    ordered = sorted(windows, key=lambda window: window.start)
    for one, other in pairwise(ordered):
        if one.end == time(0) or other.start < one.end:
            raise ValueError(f"{day}: two windows overlap at {other.start:%H:%M}")
