"""Strategies by name: what a bot's settings say becomes a `Strategy`.

"flow" is built in; a third party adds one as an entry point of group "switchtalk.strategies": a callable
that takes the bot's options as keyword arguments and returns a `controller.session.ports.Strategy`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from controller.dialogue.flow import FlowStrategy
from controller.dialogue.flow.helper import FlowHelper, NoHelper
from controller.dialogue.flow.loader import Loaded, load_version
from controller.dialogue.flow.tool_checks import Tools
from controller.session.ports import Strategy

ENTRY_POINTS = "switchtalk.strategies"
_FLOW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")


class UnknownStrategy(LookupError):
    """No strategy, flow or time zone of that name; the message says which there are."""


def create(strategy: str, **options: Any) -> Strategy:
    """Make a strategy. Options of "flow": see `FlowSource`.

    Raises UnknownStrategy; FlowError for a flow file that is wrong; TypeError for options that the
    strategy doesn't take.
    """
    if strategy == "flow":
        return flow_strategy(**options)
    found = entry_points(group=ENTRY_POINTS, name=strategy)
    if not found:
        known = sorted({"flow", *entry_points(group=ENTRY_POINTS).names})
        raise UnknownStrategy(f"no strategy {strategy!r}; expected one of: {', '.join(known)}")
    made: Strategy = next(iter(found)).load()(**options)
    return made


@dataclass(frozen=True, slots=True)
class FlowSource:
    """Where a bot's flow comes from, so that it can be read again when its file has changed.

    `flow`: a str names a file of `flows_dir` without ".yaml" (the flows that come with the product are
    used where it has none of that name); a Path is a file. `timezone`: the bot's IANA time zone.
    `now` stands in for the clock. `helper` and `agents`: see FlowStrategy; without `agents` it is not
    known who there is, and `agent` nodes are not checked.
    """

    flow: str | Path
    language: str
    timezone: str = "UTC"
    flows_dir: Path | None = None
    now: Callable[[], datetime] | None = None
    helper: FlowHelper = field(default_factory=NoHelper)
    agents: Mapping[str, Strategy] | None = None

    def path(self) -> Path:
        """The file as it is found now. Raises UnknownStrategy."""
        return self.flow if isinstance(self.flow, Path) else find_flow(self.flow, self.flows_dir)

    def load(self, tools: Tools | None = None) -> tuple[Loaded, FlowStrategy]:
        """Read and check the file as it is now; needs a tenth of a second of CPU.

        `tools`: see `flow.checks.check`. Raises FlowError, UnknownStrategy, and LookupError when the
        flow lacks the language.
        """
        now = self.now or _clock(self.timezone)
        loaded = load_version(self.path(), tools, self.agents)
        strategy = FlowStrategy(
            loaded.flow,
            self.language,
            now,
            helper=self.helper,
            agents=self.agents or {},
            version=loaded.version,
        )
        return loaded, strategy


def flow_strategy(**options: Any) -> Strategy:
    """A flow as a strategy; the options are those of FlowSource."""
    return FlowSource(**options).load()[1]


def _clock(timezone: str) -> Callable[[], datetime]:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownStrategy(
            f"no time zone {timezone!r}; expected a name such as Europe/London"
        ) from error
    return lambda: datetime.now(zone)


def find_flow(name: str, flows_dir: Path | None = None) -> Path:
    """The file of a flow by its name. A name can't lead out of the directories of flows."""
    if not _FLOW_NAME.fullmatch(name):
        raise UnknownStrategy(f"{name!r} is no name of a flow; expected letters, digits, - and _ only")
    for directory in _directories(flows_dir):
        path = directory / f"{name}.yaml"
        if path.is_file():
            return path
    known = flow_names(flows_dir)
    raise UnknownStrategy(f"no flow {name!r}; expected one of: {', '.join(known)}")


def flow_names(flows_dir: Path | None = None) -> list[str]:
    """The flows there are, by name."""
    return sorted({path.stem for place in _directories(flows_dir) for path in place.glob("*.yaml")})


def _directories(flows_dir: Path | None) -> list[Path]:
    shipped = [Path(place) / "flows" for place in import_module("dialplans").__path__]
    return [*([flows_dir] if flows_dir else []), *shipped]
