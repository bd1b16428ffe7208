"""Prometheus metrics of one process, in a registry of their own.

Responsible for turning happenings and a few read-only counters into metrics. Must never know who
serves `/metrics`, nor what an engine, a database or a caller is: it is shown numbers.

Nothing from outside becomes a label value unbounded: a tool may end a call with any reason, and a
time series per reason would be a way to fill the memory of whoever scrapes.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import accumulate
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.observe.hub_delay import HubDelay
from controller.observe.outbox_metrics import OutboxCollector
from controller.session import happenings as told

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""What `render` gives."""

ENTRIES = ("web", "inbound", "outbound")
STATES = ("listening", "thinking", "speaking", "tool_running", "ending")
REASONS = ("hangup", "goodbye", "silence", "time_limit", "media_lost", "error", "drain")
OTHER = "other"

STAGE_BUCKETS_S = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Fine around the aims: 0.4 s at the median, 0.6 s at p95, 1.5 s at most."""

HUB_BUCKETS_S = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Fine around 20 ms: one frame, and the most a hub with 10 sessions may be late."""


class PoolLoad(Protocol):
    """The load of an engine pool, read at each scrape."""

    workers: int
    running: int

    @property
    def waiting(self) -> int:
        """Jobs queued and not yet started."""
        ...


class RecordCounts(Protocol):
    """How the record writer fares: `waiting` now, the rest since the start."""

    @property
    def waiting(self) -> int: ...
    @property
    def written(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def failures(self) -> int: ...


class BoundedLabel:
    """Admits `known` values and, in order of arrival, `room` further tidy ones; the rest is "other"."""

    _TIDY = re.compile(r"[a-z][a-z0-9_]{0,39}")

    def __init__(self, known: Collection[str] = (), room: int = 0) -> None:
        self._admitted = {*known, OTHER}
        self._limit = len(self._admitted) + room

    def __call__(self, value: str) -> str:
        """`value` itself, or "other"."""
        if value in self._admitted:
            return value
        if len(self._admitted) < self._limit and self._TIDY.fullmatch(value):
            self._admitted.add(value)
            return value
        return OTHER


class SessionMetrics:
    """Watcher of all sessions of a process, and the place where `/metrics` is made."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = CollectorRegistry() if registry is None else registry
        ProcessCollector(registry=self.registry)
        self._where: dict[str, tuple[str, str]] = {}  # live session -> its entry and state
        self._entry = BoundedLabel(ENTRIES)
        self._state = BoundedLabel(STATES)
        self._reason = BoundedLabel(REASONS, room=16)
        self._code = BoundedLabel(room=48)
        self._create_metrics()

    def _create_metrics(self) -> None:
        registry = self.registry
        self._sessions = Gauge(
            "switchtalk_sessions", "Live sessions by state.", ["entry", "state"], registry=registry
        )
        self._stages = Histogram(
            "switchtalk_stage_seconds",
            "Stages of turns that were answered.",
            ["stage"],
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )
        self._turns = Counter("switchtalk_turns", "Turns ended.", ["by"], registry=registry)
        self._unanswered = Counter(
            "switchtalk_turns_unanswered",
            "Caller's turns that no reply sample followed.",
            registry=registry,
        )
        self._failed = Counter("switchtalk_turns_failed", "Turns recorded as failed.", registry=registry)
        self._barge_ins = Counter("switchtalk_barge_ins", "Replies a caller cut off.", registry=registry)
        self._dismissed = Counter(
            "switchtalk_interruptions_dismissed",
            "Coughs and backchannels a reply survived.",
            registry=registry,
        )
        self._tools = Counter("switchtalk_tools", "Tools run.", ["ok"], registry=registry)
        self._troubles = Counter(
            "switchtalk_troubles", "Failures survived.", ["code"], registry=registry
        )
        self._ended = Counter(
            "switchtalk_sessions_ended", "Sessions ended.", ["entry", "reason"], registry=registry
        )
        self._by = BoundedLabel(("opening", "speech", "dtmf", "text", "silence"))
        for entry in ENTRIES:
            for state in STATES:
                self._sessions.labels(entry, state)  # zeros are shown from the start

    def __call__(self, session_id: str, happening: told.Happening) -> None:
        """Count `happening`."""
        match happening:
            case told.SessionStarted(entry):
                self._move(session_id, (self._entry(entry), "listening"))
            case told.StateChanged(state) if session_id in self._where:
                self._move(session_id, (self._where[session_id][0], self._state(state)))
            case told.SessionEnded(reason):
                entry = self._where[session_id][0] if session_id in self._where else OTHER
                self._move(session_id, None)
                self._ended.labels(entry, self._reason(reason)).inc()
            case told.TurnMeasured(_, timings):
                self._measured(timings)
            case told.TurnEnded():
                self._turn(happening)
            case told.BargedIn():
                self._barge_ins.inc()
            case told.InterruptionDismissed():
                self._dismissed.inc()
            case told.ToolRan(_, outcome):
                self._tools.labels("true" if outcome.ok else "false").inc()
            case told.Trouble(code):
                self._troubles.labels(self._code(code)).inc()

    def _move(self, session_id: str, to: tuple[str, str] | None) -> None:
        """The gauge follows the map of live sessions, so an end told twice or late can't skew it."""
        before = self._where.pop(session_id, None)
        if before is not None:
            self._sessions.labels(*before).dec()
        if to is not None:
            self._where[session_id] = to
            self._sessions.labels(*to).inc()

    def _measured(self, timings: told.Timings) -> None:
        stages = {
            "endpoint": timings.endpoint_ms,
            "asr_final": timings.asr_final_ms,
            "llm_first_token": timings.llm_first_token_ms,
            "tts_first_frame": timings.tts_first_frame_ms,
            "response": timings.response_ms,
        }
        for stage, took_ms in stages.items():
            if took_ms is not None:
                self._stages.labels(stage).observe(max(0.0, took_ms) / 1000)

    def _turn(self, turn: told.TurnEnded) -> None:
        self._turns.labels(self._by(turn.by)).inc()
        if turn.failed:
            self._failed.inc()
        asked = turn.by in ("speech", "dtmf", "text")
        if asked and turn.timings.response_ms is None and not turn.heard_text:
            self._unanswered.inc()

    def watch_pool(self, pool: PoolLoad, name: str = "engines") -> None:
        """Show the pool's waiting and running jobs and its workers, read at each scrape."""
        self.registry.register(_PoolCollector(pool, name))

    def watch_records(self, read: Callable[[], RecordCounts]) -> None:
        """Show the record writer's counters; `read` must not block."""
        self.registry.register(_RecordCollector(read))

    def watch_outbox(self, read: Callable[[], Iterable[tuple[str, str, int]]]) -> None:
        """Show (channel, state, messages) of the outbox; `read` waits a moment at most and
        gives nothing when it can't know."""
        self.registry.register(OutboxCollector(read, BoundedLabel(room=16)))

    def watch_hub_delay(self, probe: HubDelay) -> None:
        """Take the samples of `probe` (which the caller starts) and show the p99.9 of its window."""
        delays = _HubDelays()
        self.registry.register(delays)
        worst = Gauge(
            "switchtalk_hub_delay_p999_seconds",
            "p99.9 of the hub's delay in the recent window.",
            registry=self.registry,
        )
        worst.set_function(lambda: probe.quantile_ms(0.999) / 1000)
        probe.on_delay = delays.observe

    def render(self) -> bytes:
        """The text for `/metrics`, of type `CONTENT_TYPE`."""
        return generate_latest(self.registry)


class _HubDelays(Collector):
    """A histogram that is fed on the hub alone, hence without the library's locks: 25 times a second
    they were a fifth of what an idle call costs."""

    def __init__(self) -> None:
        self._counts = [0] * (len(HUB_BUCKETS_S) + 1)
        self._sum_s = 0.0

    def observe(self, late_s: float) -> None:
        self._counts[bisect_left(HUB_BUCKETS_S, late_s)] += 1
        self._sum_s += late_s

    def collect(self) -> Iterator[Metric]:
        limits = [*map(str, HUB_BUCKETS_S), "+Inf"]
        yield HistogramMetricFamily(
            "switchtalk_hub_delay_seconds",
            "How late the hub woke a probe.",
            buckets=list(zip(limits, accumulate(self._counts), strict=True)),
            sum_value=self._sum_s,
        )


class _PoolCollector(Collector):
    """An engine pool's load."""

    def __init__(self, pool: PoolLoad, name: str) -> None:
        self._pool = pool
        self._name = name

    def collect(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily(
            "switchtalk_engine_jobs", "Jobs of engine threads.", labels=["pool", "state"]
        )
        jobs.add_metric([self._name, "waiting"], self._pool.waiting)
        jobs.add_metric([self._name, "running"], self._pool.running)
        yield jobs
        workers = GaugeMetricFamily("switchtalk_engine_workers", "Engine threads.", labels=["pool"])
        workers.add_metric([self._name], self._pool.workers)
        yield workers


class _RecordCollector(Collector):
    """The record writer's counters."""

    def __init__(self, read: Callable[[], RecordCounts]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        counts = self._read()
        yield GaugeMetricFamily(
            "switchtalk_records_waiting", "Records not yet written.", value=counts.waiting
        )
        records = CounterMetricFamily(
            "switchtalk_records", "Records by what became of them.", labels=["fate"]
        )
        records.add_metric(["written"], counts.written)
        records.add_metric(["dropped"], counts.dropped)
        records.add_metric(["rejected"], counts.rejected)
        yield records
        yield CounterMetricFamily(
            "switchtalk_record_failures", "Attempts that the database failed.", value=counts.failures
        )
