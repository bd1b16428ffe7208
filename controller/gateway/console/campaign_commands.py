"""What an operator can do with campaigns on the console.

Responsible for reading arguments and for the words of answers; everything passes `plain`, for others
wrote most of it. Must never know a socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.gateway.campaign_ports import CampaignPort, CampaignRefused
from controller.gateway.console.screen import plain, table

USAGE = "campaign list|show|start|pause|resume|stop [<name or id>] [hangup]"
ACTIONS = ("list", "pause", "resume", "show", "start", "stop")
MAX_LIVE = 20
_CELLS = 36


def run(port: CampaignPort, rest: str) -> str:
    """The answer to `campaign …`. Raises CampaignRefused; its text is for the operator."""
    action, _, wanted = rest.partition(" ")
    wanted = wanted.strip()
    if action in ("", "list") and not wanted:
        return _list(port)
    hang_up = action == "stop" and wanted.endswith(" hangup")
    if action not in ACTIONS or action == "list" or not wanted:
        raise CampaignRefused(400, "usage", f"usage: {USAGE}")
    campaign_id = _find(port, wanted.removesuffix(" hangup") if hang_up else wanted)
    match action:
        case "show":
            return _show(port.find(campaign_id))
        case "start":
            return _moved(port.start(campaign_id))
        case "pause":
            return _moved(port.pause(campaign_id))
        case "resume":
            return _moved(port.resume(campaign_id))
        case _:
            return _moved(port.stop(campaign_id, hang_up=hang_up))


def candidates(port: CampaignPort, before: str) -> list[str]:
    """What the word after `campaign <before>` may be: an action, then an id."""
    if not before:
        return list(ACTIONS)
    if before not in ACTIONS or before == "list":
        return []
    try:
        return sorted(str(campaign["id"]) for campaign in port.listed())
    except CampaignRefused:
        return []  # the database is away: there is nothing to complete


def _find(port: CampaignPort, wanted: str) -> str:
    """The id of the campaign whose name or id that is, or whose id begins so."""
    known = {str(campaign["id"]): str(campaign["name"]) for campaign in port.listed()}
    exact = [known_id for known_id, name in known.items() if wanted in (known_id, name)]
    found = exact or [known_id for known_id in known if known_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        message = f"no such campaign: {wanted}; `campaign list` lists them"
        raise CampaignRefused(404, "not_found", message)
    some = ", ".join(found[:5])
    message = f"{len(found)} campaigns begin with {wanted}: {some}; give more of the id"
    raise CampaignRefused(400, "ambiguous", message)


def _list(port: CampaignPort) -> str:
    rows = [
        (c["id"][:8], c["name"], c["state"], f"{c['done']}/{c['contacts']}", c["live"], c["per_minute"])
        for c in port.listed()
    ]
    heads = ("id", "name", "state", "done", "live", "calls/min")
    return table(heads, rows, _CELLS) if rows else "no campaigns"


def _show(campaign: Mapping[str, Any]) -> str:
    estimate = campaign["estimate"] or {}
    facts = {
        "campaign": campaign["name"],
        "id": campaign["id"],
        "state": campaign["state"] + (f" ({campaign['why']})" if campaign["why"] else ""),
        "bot": campaign["bot"],
        "contacts": f"{campaign['contacts']}, {campaign['done']} done, {campaign['waiting']} waiting",
        "calls": f"{campaign['calls']} made, {campaign['live']} live, {campaign['per_minute']} a minute",
    }
    if estimate:
        facts["done by"] = estimate["done_at"] or f"never: {estimate['left']} will not be reached"
    lines = [f"{name:<10}{plain(value)}" for name, value in facts.items()]
    ends = sorted(campaign["dispositions"].items(), key=lambda each: -each[1])
    if ends:
        lines += ["", table(("ended as", "contacts"), ends)]
    live = campaign["live_calls"]
    if live:
        rows = [(c["attempt_id"], c["number"], c["state"], c["session_id"]) for c in live[:MAX_LIVE]]
        lines += ["", table(("live call", "number", "state", "session"), rows, _CELLS)]
    if len(live) > MAX_LIVE:
        lines.append(f"({len(live) - MAX_LIVE} more)")
    return "\n".join(lines)


def _moved(campaign: Mapping[str, Any]) -> str:
    return f"+OK {plain(campaign['name'])} is {campaign['state']}"
