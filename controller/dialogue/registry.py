"""Strategies by name: what a bot's settings say becomes a `Strategy`.

"flow" is built in; a third party adds one as an entry point of group "switchtalk.strategies": a callable
that takes the bot's options as keyword arguments and returns a `controller.session.ports.Strategy`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from controller.dialogue.flow import FlowStrategy, load_flow
from controller.session.ports import Strategy

ENTRY_POINTS = "switchtalk.strategies"
_FLOW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")


class UnknownStrategy(LookupError):
    """No strategy, flow or time zone of that name; the message says which there are."""


def create(strategy: str, **options: Any) -> Strategy:
    """Make a strategy. Options of "flow": see `flow_strategy`.

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


def flow_strategy(
    *,
    flow: str | Path,
    language: str,
    timezone: str = "UTC",
    flows_dir: Path | None = None,
    now: Callable[[], datetime] | None = None,
) -> Strategy:
    """A flow as a strategy.

    `flow`: a str names a file of `flows_dir` without ".yaml" (the flows that come with the product are
    used where it has none of that name); a Path is a file. `timezone`: the bot's IANA time zone.
    """
    if now is None:
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise UnknownStrategy(
                f"no time zone {timezone!r}; expected a name such as Europe/London"
            ) from error

        def now() -> datetime:
            return datetime.now(zone)

    path = flow if isinstance(flow, Path) else find_flow(flow, flows_dir)
    return FlowStrategy(load_flow(path), language, now)


def find_flow(name: str, flows_dir: Path | None = None) -> Path:
    """The file of a flow by its name. A name can't lead out of the directories of flows."""
    if not _FLOW_NAME.fullmatch(name):
        raise UnknownStrategy(f"{name!r} is no name of a flow; expected letters, digits, - and _ only")
    directories = [flows_dir] if flows_dir else []
    directories += [Path(place) / "flows" for place in import_module("dialplans").__path__]
    for directory in directories:
        path = directory / f"{name}.yaml"
        if path.is_file():
            return path
    known = sorted({path.stem for directory in directories for path in directory.glob("*.yaml")})
    raise UnknownStrategy(f"no flow {name!r}; expected one of: {', '.join(known)}")
