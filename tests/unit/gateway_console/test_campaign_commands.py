"""What operators type about campaigns, and what they read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.gateway.campaign_ports import CampaignRefused
from controller.gateway.console.commands import Commands
from controller.gateway.console.completion import complete
from controller.gateway.console.watch import Watching
from tests.unit.gateway_console.fakes import House

CALL = {"attempt_id": "u-1", "number": "+8613800138000", "state": "talking", "session_id": "s1"}


def campaign(campaign_id: str, name: str, state: str = "running") -> dict[str, Any]:
    return {
        "id": campaign_id, "name": name, "state": state, "why": "", "bot": "demo", "contacts": 10,
        "done": 4, "waiting": 5, "live": 1, "calls": 6, "per_minute": 2.5,
        "dispositions": {"busy": 1, "completed": 3}, "live_calls": [CALL],
        "estimate": {"done_at": None, "left": 2, "calls": 9, "per_hour": 60},
    }  # fmt: skip


class Campaigns:
    """CampaignPort as far as the console goes; `refusal` is raised if set."""

    def __init__(self, *known: dict[str, Any]) -> None:
        self.known = {each["id"]: each for each in known}
        self.asked: list[tuple[Any, ...]] = []
        self.refusal: CampaignRefused | None = None

    def listed(self) -> list[dict[str, Any]]:
        if self.refusal is not None:
            raise self.refusal
        return list(self.known.values())

    def find(self, ref: str) -> dict[str, Any]:
        return self.known[ref]

    def __getattr__(self, name: str) -> Any:
        def move(ref: str, **options: Any) -> dict[str, Any]:
            self.asked.append((name, ref, *options.values()))
            return self.known[ref]

        return move


@pytest.fixture
def campaigns() -> Campaigns:
    return Campaigns(campaign("aa11bb22cc33", "春季 回访"), campaign("aa99", "Renewals", "paused"))


@pytest.fixture
def commands(campaigns: Campaigns) -> Commands:
    given: Any = campaigns
    house = House()
    return Commands(replace(house.deps, campaigns=given), Watching(house.hub, lambda _: None), "test")


@pytest.mark.parametrize("typed", ["campaign", "campaign list", " CAMPAIGN  list "])
def test_all(commands: Commands, typed: str) -> None:
    assert commands.run(typed).splitlines() == [
        "id        name       state    done  live  calls/min",
        "aa11bb22  春季 回访  running  4/10  1     2.5",
        "aa99      Renewals   paused   4/10  1     2.5",
    ]


def test_none_at_all(commands: Commands, campaigns: Campaigns) -> None:
    campaigns.known.clear()
    assert commands.run("campaign list") == "no campaigns"


@pytest.mark.parametrize("wanted", ["aa11bb22cc33", "aa1", "春季 回访"])
def test_one(commands: Commands, wanted: str) -> None:
    shown = commands.run(f"campaign show {wanted}").splitlines()
    assert shown[:4] == [
        "campaign  春季 回访",
        "id        aa11bb22cc33",
        "state     running",
        "bot       demo",
    ]
    assert "done by   never: 2 will not be reached" in shown
    assert "completed  3" in shown
    assert shown[-1] == "u-1        +8613800138000  talking  s1"


@pytest.mark.parametrize("action", ["start", "pause", "resume"])
def test_moving(commands: Commands, campaigns: Campaigns, action: str) -> None:
    assert commands.run(f"campaign {action} Renewals") == "+OK Renewals is paused"
    assert campaigns.asked == [(action, "aa99")]


def test_stopping(commands: Commands, campaigns: Campaigns) -> None:
    commands.run("campaign stop aa99")
    commands.run("campaign stop 春季 回访 hangup")
    assert campaigns.asked == [("stop", "aa99", False), ("stop", "aa11bb22cc33", True)]


@pytest.mark.parametrize(
    "typed", ["show", "start", "delete aa99", "list aa99", "stop", "x", "stop hangup"]
)
def test_what_makes_no_sense(commands: Commands, campaigns: Campaigns, typed: str) -> None:
    assert commands.run(f"campaign {typed}").startswith("-ERR ")
    assert campaigns.asked == []


def test_ids_must_be_unambiguous(commands: Commands, campaigns: Campaigns) -> None:
    answer = commands.run("campaign pause aa")
    assert answer.startswith("-ERR 2 campaigns begin with aa: aa11bb22cc33, aa99")
    assert campaigns.asked == []


def test_what_others_wrote_stays_in_its_line(commands: Commands, campaigns: Campaigns) -> None:
    campaigns.known = {"e1": campaign("e1", "\x1b[2J\r\n+OK evil") | {"why": "\nReply-Text: +OK"}}
    for typed in ("campaign list", "campaign show e1", "campaign pause e1", "campaign show \x1b[2J"):
        answer = commands.run(typed)
        assert "\x1b" not in answer
        assert "\n+OK" not in answer
        assert "\nReply-Text" not in answer


def test_refusals(commands: Commands, campaigns: Campaigns) -> None:
    campaigns.refusal = CampaignRefused(503, "service_unavailable", "no database\nnow")
    assert commands.run("campaign list") == r"-ERR no database\nnow"
    assert complete("campaign show ", commands.candidates) == ""


def test_completion(commands: Commands) -> None:
    assert complete("camp", commands.candidates) == "\n\nwrite=4:campaign "
    assert complete("campaign st", commands.candidates) == "start  stop"
    assert complete("campaign re", commands.candidates) == "\n\nwrite=2:resume "
    assert complete("campaign show aa1", commands.candidates) == "\n\nwrite=3:aa11bb22cc33 "
    assert complete("campaign list a", commands.candidates) == ""


def test_help_tells_of_it(commands: Commands) -> None:
    assert "campaign list|show|start|pause|resume|stop" in commands.run("help")


def test_without_a_dialer() -> None:
    house = House()
    commands = Commands(house.deps, Watching(house.hub, lambda _: None), "test")
    assert commands.run("campaign list").startswith("-ERR there are no campaigns here")
