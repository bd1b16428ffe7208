"""When a campaign will be done, as far as can be known.

Responsible for a forecast from the settings and the contacts that wait, with its assumptions named.
Pure. It is an estimate: who answers is anybody's guess until the first calls have been made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controller.dialer.campaign import CampaignSettings

STEP = timedelta(minutes=15)
MAX_STEPS = 20_000
"""Of 15 minutes with calls in them: 5000 hours; a longer campaign is not a campaign."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the forecast takes for granted. `again_share`: calls after which the contact is called again;
    `mean_call_s`: seconds that a call takes, from dialling, answered or not."""

    again_share: float = 0.5
    mean_call_s: float = 45.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """`done_at`, in UTC: None when it will not be done before it ends, or ever; then `left` contacts
    are not reached. `calls`: that it takes in all; `per_hour`: while all windows are open."""

    done_at: datetime | None
    calls: int
    per_hour: float
    left: int


def estimate(
    settings: CampaignSettings,
    waiting: Mapping[tuple[str, ...], int],
    now: datetime,
    assumed: Assumptions | None = None,
) -> Estimate:
    """Forecast for contacts `waiting`, counted by their time zones. Waits between two tries of a contact
    are not part of it, as long as there are others to call meanwhile."""
    assumed = assumed or Assumptions()
    tries = sum(assumed.again_share**number for number in range(settings.retry.max_tries))
    per_s = min(settings.calls_per_s, settings.max_calls / assumed.mean_call_s)
    open_calls = {zones: count * tries for zones, count in waiting.items() if count}
    calls = round(sum(open_calls.values()))
    at = max(now.astimezone(UTC), settings.starts_at or now)
    done_at = _run(settings, open_calls, per_s, at)
    left = 0 if done_at else round(sum(open_calls.values()) / tries + 0.499)
    return Estimate(done_at, calls, per_s * 3600, left)


def _run(
    settings: CampaignSettings, calls: dict[tuple[str, ...], float], per_s: float, at: datetime
) -> datetime | None:
    """Call through `calls` (they are used up), step by step; when they were all made."""
    windows = settings.calling_windows()
    for _ in range(MAX_STEPS):
        if not any(calls.values()):
            return at
        openings = {zones: windows.next_allowed(zones, at) for zones, left in calls.items() if left}
        begins = min((moment for moment in openings.values() if moment), default=None)
        if begins is None or not settings.may_begin(begins):
            return None
        until = begins + STEP
        room = per_s * STEP.total_seconds()
        for zones in [zones for zones, moment in openings.items() if moment and moment < until]:
            made = min(room, calls[zones])
            calls[zones] -= made
            room -= made
        spent = 1 - room / (per_s * STEP.total_seconds())
        at = until if any(calls.values()) else begins + STEP * spent
    return None
