"""The pages about campaigns: the list, one campaign at work, and who must not be called.

Responsible for choosing what a page shows. Words are in `campaign_words`, the looks in templates and
`static/campaigns.css`; what buttons do is the API's. Must never know the dialer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, request

from controller.gateway.campaign_api import NoCampaigns
from controller.gateway.campaign_ports import CampaignPort, CampaignRefused, Json
from controller.gateway.pages import page
from controller.gateway.ports import GatewayDeps

DISPOSITIONS = (
    "completed", "transferred", "machine_message", "machine", "no_answer", "busy", "rejected",
    "invalid", "do_not_call", "abandoned", "failed", "cancelled",
)  # fmt: skip
"""In the order of the chart: what went well first."""
LISTED_PAGE = 50
NUMBER_CHARS = 40
DAYS = (30, 90, 180, 365, 1095)
"""How long a number may stay on the list, besides for ever."""
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "draft": ("start", "delete"),
    "running": ("pause", "stop", "stop_hang_up"),
    "paused": ("resume", "stop", "stop_hang_up"),
    "stopping": (),
    "stopped": ("start", "delete"),
    "done": ("start", "delete"),
}
"""Buttons by state, as far as they can be pressed with success."""


@dataclass(frozen=True, slots=True)
class Share:
    """A line of the chart: how many, percent of all, and its bar's length as percent of the longest."""

    disposition: str
    count: int
    percent: float
    length: float


def campaign_pages_blueprint(deps: GatewayDeps) -> Blueprint:
    """`/campaigns`, `/campaigns/<id>` and `/do-not-call`."""
    pages = Blueprint("campaign_pages", __name__)
    port: CampaignPort = deps.campaigns or NoCampaigns()

    @pages.get("/campaigns")
    def campaigns() -> str:
        return page(
            "campaigns.html",
            ready=deps.campaigns is not None,
            campaigns=port.listed() if deps.campaigns else (),
            settings={**port.defaults(), "bot": deps.default_bot} if deps.campaigns else {},
            bots=deps.bots,
            percent=percent,
        )

    @pages.get("/campaigns/<campaign_id>")
    def campaign(campaign_id: str) -> str:
        found = port.find(campaign_id)
        return page(
            "campaigns_one.html",
            campaign=found,
            settings=found["settings"],
            actions=ACTIONS.get(found["state"], ()),
            shares=shares(found["dispositions"]),
            bots=deps.bots,
            percent=percent,
        )

    @pages.get("/do-not-call")
    def do_not_call() -> str:
        number = request.args.get("number", "").strip()[:NUMBER_CHARS]
        after = request.args.get("after", "")[:NUMBER_CHARS]
        entries = port.do_not_call(after, LISTED_PAGE) if deps.campaigns else ()
        return page(
            "do_not_call.html",
            ready=deps.campaigns is not None,
            number=number,
            found=look_up(port, number) if number and deps.campaigns else None,
            entries=entries,
            after=after,
            more=entries[-1]["number"] if len(entries) == LISTED_PAGE else "",
            count=port.do_not_call_count() if deps.campaigns else 0,
            days=DAYS,
            now=datetime.now(UTC).isoformat(),
        )

    def refused(error: CampaignRefused) -> tuple[str, int]:
        return page("base_error.html", code=error.status), error.status

    pages.register_error_handler(CampaignRefused, refused)
    return pages


def look_up(port: CampaignPort, number: str) -> Json:
    """Whether a number that was typed is on the list; `listed` is None for what is no number."""
    try:
        return port.is_listed(number)
    except CampaignRefused as error:
        if error.status != 400:
            raise
        return {"number": number, "listed": None, "entry": None}


def shares(counts: Mapping[str, int]) -> list[Share]:
    """The chart: dispositions that there are, in their order; unknown ones last."""
    names = [*DISPOSITIONS, *sorted(set(counts) - set(DISPOSITIONS))]
    found = {name: counts[name] for name in names if counts.get(name)}
    total, most = sum(found.values()), max(found.values(), default=0)
    return [Share(name, count, 100 * count / total, 100 * count / most) for name, count in found.items()]


def percent(campaign: Json) -> int:
    """How much of a campaign is done; 100 only when all of it is."""
    return int(100 * campaign["done"] / campaign["contacts"]) if campaign["contacts"] else 0
