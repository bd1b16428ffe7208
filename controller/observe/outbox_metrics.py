"""What is in the outbox, as a metric. Knows no database: it is shown numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class OutboxCollector(Collector):
    """`read` gives (channel, state, messages) at each scrape; `channel` keeps the label bounded. Gauges,
    because settled messages are forgotten some day."""

    def __init__(
        self, read: Callable[[], Iterable[tuple[str, str, int]]], channel: Callable[[str], str]
    ) -> None:
        self._read = read
        self._channel = channel

    def describe(self) -> Iterator[Metric]:
        """Nothing: registering must not read."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One metric, its samples in order."""
        totals: Counter[tuple[str, str]] = Counter()
        for channel, state, count in self._read():
            totals[self._channel(channel), state] += count
        messages = GaugeMetricFamily(
            "switchtalk_outbox_messages", "Notifications by state.", labels=["channel", "state"]
        )
        for labels, count in sorted(totals.items()):
            messages.add_metric(list(labels), count)
        yield messages
