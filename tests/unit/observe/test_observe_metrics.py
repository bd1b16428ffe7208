"""The numbers at /metrics follow what sessions tell, in whatever order they tell it."""

import random
from dataclasses import dataclass

import gevent
import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.observe.hub_delay import HubDelay
from controller.observe.metrics import CONTENT_TYPE, ENTRIES, STATES, BoundedLabel, SessionMetrics
from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome
from media.pool import EnginePool, Priority


@dataclass(frozen=True)
class Counts:
    waiting: int = 3
    written: int = 10
    dropped: int = 2
    rejected: int = 1
    failures: int = 4


def read(metrics, name, **labels):
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    raise AssertionError(f"{name}{labels} is not in /metrics")


def series(metrics, name):
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def turn(by="speech", heard="Hi.", response_ms=400.0, failed=False):
    timings = told.Timings(response_ms=response_ms)
    return told.TurnEnded(1, "a", by, "Hi.", heard, False, failed, timings)


@pytest.fixture
def metrics():
    return SessionMetrics()


def test_the_session_gauge_is_right_at_every_moment_of_any_interleaving(metrics):
    chance = random.Random(7)
    live: dict[str, tuple[str, str]] = {}
    for step in range(400):
        name = f"s{chance.randrange(12)}"
        if name not in live:
            live[name] = (chance.choice(ENTRIES), "listening")
            metrics(name, told.SessionStarted(live[name][0], "demo", "en"))
        elif chance.random() < 0.3:
            metrics(name, told.SessionEnded("hangup", 1.0))
            del live[name]
        else:
            live[name] = (live[name][0], chance.choice(STATES))
            metrics(name, told.StateChanged(live[name][1]))
        if step % 40 == 0:
            shown = series(metrics, "switchtalk_sessions")
            assert sum(shown.values()) == len(live)
            for entry, state in live.values():
                assert shown[("entry", entry), ("state", state)] == list(live.values()).count(
                    (entry, state)
                )


def test_late_and_repeated_ends_do_not_skew_the_gauge(metrics):
    metrics("s1", told.SessionStarted("web", "demo", "en"))
    for _ in range(2):
        metrics("s1", told.SessionEnded("hangup", 1.0))
    metrics("s1", told.StateChanged("ending"))
    assert set(series(metrics, "switchtalk_sessions").values()) == {0}
    assert read(metrics, "switchtalk_sessions_ended_total", entry="web", reason="hangup") == 1


def test_stages_are_seconds_and_only_those_that_happened(metrics):
    metrics(
        "s", told.TurnMeasured(1, told.Timings(endpoint_ms=300.0, asr_final_ms=310.0, response_ms=420.0))
    )
    metrics("s", told.TurnMeasured(2, told.Timings(tts_first_frame_ms=-0.5, response_ms=80.0)))
    assert read(metrics, "switchtalk_stage_seconds_sum", stage="response") == pytest.approx(0.5)
    assert read(metrics, "switchtalk_stage_seconds_count", stage="response") == 2
    assert read(metrics, "switchtalk_stage_seconds_bucket", stage="response", le="0.4") == 1
    assert read(metrics, "switchtalk_stage_seconds_sum", stage="tts_first_frame") == 0
    stages = {labels[0][1] for labels in series(metrics, "switchtalk_stage_seconds_count")}
    assert stages == {"endpoint", "asr_final", "tts_first_frame", "response"}


def test_turns_and_what_went_wrong_in_them(metrics):
    metrics("s", turn("opening", response_ms=None))
    metrics("s", turn())
    metrics("s", turn("text", heard="Hi.", response_ms=None))
    metrics("s", turn("speech", heard="", response_ms=None, failed=True))
    metrics("s", turn("silence", heard="", response_ms=None))
    metrics("s", told.BargedIn(1, "r"))
    metrics("s", told.InterruptionDismissed("r", "mm"))
    metrics("s", told.ToolRan(1, ToolOutcome(ToolCall("c", "x", {}), ok=False), 1.0))
    assert read(metrics, "switchtalk_turns_total", by="speech") == 2
    assert read(metrics, "switchtalk_turns_unanswered_total") == 1
    assert read(metrics, "switchtalk_turns_failed_total") == 1
    assert read(metrics, "switchtalk_barge_ins_total") == 1
    assert read(metrics, "switchtalk_interruptions_dismissed_total") == 1
    assert read(metrics, "switchtalk_tools_total", ok="false") == 1


def test_labels_from_outside_are_bounded(metrics):
    for number in range(500):
        metrics(f"s{number}", told.SessionStarted(f"entry{number}", "demo", "en"))
        metrics(f"s{number}", told.StateChanged(f"state{number}"))
        metrics(f"s{number}", told.Trouble(f"code_{number}", "x"))
        metrics(f"s{number}", told.SessionEnded(f"because_{number}", 1.0))
    metrics("last", told.SessionStarted("web", "demo", "en"))
    metrics("last", told.SessionEnded("time_limit", 1.0))
    assert len(series(metrics, "switchtalk_troubles_total")) == 49
    assert len(series(metrics, "switchtalk_sessions_ended_total")) == 18
    assert read(metrics, "switchtalk_sessions_ended_total", entry="web", reason="time_limit") == 1
    assert ("entry", "other") in {labels[0] for labels in series(metrics, "switchtalk_sessions")}


@pytest.mark.parametrize("untidy", ["", "With Space", 'quote"', "line\nend", "x" * 41, "ÄÖ", "9lives"])
def test_untidy_labels_are_other(untidy):
    assert BoundedLabel(room=10)(untidy) == "other"


def test_an_engine_pool_is_read_at_each_scrape(metrics):
    pool = EnginePool(workers=1)
    metrics.watch_pool(pool)
    assert read(metrics, "switchtalk_engine_jobs", pool="engines", state="running") == 0
    done = [gevent.event.AsyncResult() for _ in range(3)]
    for result in done:
        pool.submit(lambda: None, priority=Priority.AUDIO, on_done=result.set)
    assert read(metrics, "switchtalk_engine_jobs", pool="engines", state="waiting") == 2
    assert read(metrics, "switchtalk_engine_jobs", pool="engines", state="running") == 1
    assert read(metrics, "switchtalk_engine_workers", pool="engines") == 1
    gevent.wait(done, timeout=10)
    assert all(result.ready() for result in done)
    assert read(metrics, "switchtalk_engine_jobs", pool="engines", state="waiting") == 0
    pool.close()


def test_record_counters_are_read_at_each_scrape(metrics):
    metrics.watch_records(Counts)
    assert read(metrics, "switchtalk_records_waiting") == 3
    assert read(metrics, "switchtalk_records_total", fate="written") == 10
    assert read(metrics, "switchtalk_records_total", fate="dropped") == 2
    assert read(metrics, "switchtalk_records_total", fate="rejected") == 1
    assert read(metrics, "switchtalk_record_failures_total") == 4


def test_the_hubs_delay_and_the_process_are_shown(metrics):
    probe = HubDelay()
    metrics.watch_hub_delay(probe)
    probe.on_delay(0.018)
    assert read(metrics, "switchtalk_hub_delay_seconds_bucket", le="0.015") == 0
    assert read(metrics, "switchtalk_hub_delay_seconds_bucket", le="0.02") == 1
    assert read(metrics, "switchtalk_hub_delay_p999_seconds") == 0
    assert read(metrics, "process_resident_memory_bytes") > 1e6
    assert CONTENT_TYPE.startswith("text/plain")


def test_two_processes_worth_of_metrics_do_not_meet():
    first, second = SessionMetrics(), SessionMetrics()
    first("s", told.BargedIn(1, "r"))
    assert read(second, "switchtalk_barge_ins_total") == 0


def test_the_outbox_is_shown_by_channel_and_state():
    found = [("sms", "pending", 2), ("email", "dead", 1), ("Bad name", "dead", 1), ("Worse", "dead", 2)]
    metrics = SessionMetrics()
    metrics.watch_outbox(lambda: found)
    shown = metrics.render().decode()
    assert 'switchtalk_outbox_messages{channel="sms",state="pending"} 2.0' in shown
    assert 'switchtalk_outbox_messages{channel="email",state="dead"} 1.0' in shown
    assert 'switchtalk_outbox_messages{channel="other",state="dead"} 3.0' in shown
    found.clear()
    assert "switchtalk_outbox_messages{" not in metrics.render().decode()
