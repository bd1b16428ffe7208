"""From calls and the server's cost to the figures of a scenario, and files that keep them.

Responsible for what each figure means. It must never run or print anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from tests.bench.calls import Call
from tests.simulator.server_process import ServerProcess
from tests.simulator.turns import Outcome

HUB_DELAY = "switchtalk_hub_delay_seconds"
Figures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the server process had used at one moment; `hub_delays` are cumulative buckets."""

    cpu_s: float
    rss_mb: float
    hub_delays: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    key: str
    label: str
    unit: str = ""
    better: str = "lower"


FIGURES = (
    Figure("response_median_ms", "response, median", "ms"),
    Figure("response_p95_ms", "response, p95", "ms"),
    Figure("response_n", "responses measured", better=""),
    Figure("barge_in_median_ms", "barge-in, median", "ms"),
    Figure("barge_in_p95_ms", "barge-in, p95", "ms"),
    Figure("barge_in_n", "barge-ins measured", better=""),
    Figure("barge_in_ignored", "interruptions ignored"),
    Figure("unanswered", "utterances unanswered"),
    Figure("talked_over", "caller talked over"),
    Figure("sessions", "sessions", better=""),
    Figure("sessions_failed", "sessions failed"),
    Figure("gap_max_ms", "longest gap inside a reply", "ms"),
    Figure("hub_delay_p999_ms", "hub delay, p99.9", "ms"),
    Figure("cpu_s_per_session_minute", "server CPU per session-minute", "s"),
    Figure("rss_before_mb", "server memory before", "MB"),
    Figure("rss_after_mb", "server memory after", "MB"),
    Figure("caller_late_p99_ms", "simulator late, p99", "ms", better=""),
)


def cost_of(server: ServerProcess) -> Cost:
    """Read the process and its metrics now."""
    return Cost(server.cpu_s(), server.rss_mb(), _hub_delays(server.get("/metrics").text))


def summarise(calls: Sequence[Call], before: Cost, after: Cost) -> Figures:
    """All FIGURES of one scenario; None where nothing was measured."""
    turns = [turn for call in calls for turn in call.turns]
    response = [turn.response_ms for turn in turns if turn.response_ms is not None]
    barge_in = [turn.barge_in_ms for turn in turns if turn.barge_in_ms is not None]
    minutes = sum(call.minutes for call in calls)
    return {
        "response_median_ms": _percentile(response, 50),
        "response_p95_ms": _percentile(response, 95),
        "response_n": len(response),
        "barge_in_median_ms": _percentile(barge_in, 50),
        "barge_in_p95_ms": _percentile(barge_in, 95),
        "barge_in_n": len(barge_in),
        "barge_in_ignored": _count(turns, Outcome.IGNORED),
        "unanswered": _count(turns, Outcome.UNANSWERED),
        "talked_over": _count(turns, Outcome.TALKED_OVER),
        "sessions": len(calls),
        "sessions_failed": sum(call.failure is not None for call in calls),
        "gap_max_ms": max((gap for call in calls for gap in call.gaps_ms), default=0.0),
        "hub_delay_p999_ms": _hub_quantile_ms(before.hub_delays, after.hub_delays, 0.999),
        "cpu_s_per_session_minute": (after.cpu_s - before.cpu_s) / minutes if minutes else None,
        "rss_before_mb": before.rss_mb,
        "rss_after_mb": after.rss_mb,
        "caller_late_p99_ms": max((call.late_p99_ms for call in calls), default=0.0),
    }


def merge(rounds: Sequence[Figures]) -> Figures:
    """Several runs of a scenario as one: counts add up, everything else is the median of the runs."""
    counts = {"response_n", "barge_in_n", "barge_in_ignored", "unanswered", "talked_over"}
    counts |= {"sessions", "sessions_failed"}
    merged: Figures = {}
    for figure in FIGURES:
        values = [value for each in rounds if (value := each.get(figure.key)) is not None]
        merged[figure.key] = sum(values) if figure.key in counts else _percentile(values, 50)
    return merged


@dataclass(frozen=True, slots=True)
class Report:
    """A run of the benchmark at one commit."""

    commit: str
    date: str
    machine: dict[str, str]
    scenarios: dict[str, Figures]

    def save(self, directory: Path) -> Path:
        """Write `<commit>.json`; returns where."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.commit}.json"
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> Report:
        """Raises OSError, ValueError, KeyError."""
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{field.name: body[field.name] for field in fields(cls)})


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _count(turns: Sequence[Any], outcome: Outcome) -> int:
    return sum(turn.outcome is outcome for turn in turns)


def _hub_delays(metrics: str) -> dict[float, float]:
    return {
        float(sample.labels["le"]): sample.value
        for family in text_string_to_metric_families(metrics)
        if family.name == HUB_DELAY
        for sample in family.samples
        if sample.name.endswith("_bucket")
    }


def _hub_quantile_ms(
    before: Mapping[float, float], after: Mapping[float, float], quantile: float
) -> float | None:
    """The upper bound of the bucket that the quantile falls into: never flattering."""
    counts = {bound: count - before.get(bound, 0.0) for bound, count in sorted(after.items())}
    total = counts.get(float("inf"), 0.0)
    if not total:
        return None
    return next(bound for bound, count in counts.items() if count >= total * quantile) * 1000
