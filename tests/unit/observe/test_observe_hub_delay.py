"""The probe sees a busy hub, at its full length, and counts every due time."""

import time

import gevent
import pytest

from controller.observe.hub_delay import MAX_MISSED, HubDelay


def busy(seconds):
    """Hold the hub, as a greenlet that computes does."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@pytest.fixture
def running():
    probe = HubDelay(period_ms=5, window_s=10)
    probe.start()
    yield probe
    probe.stop()


def wait_for(probe, samples):
    with gevent.Timeout(10):
        while probe.samples < samples:
            gevent.sleep(0.002)


@pytest.mark.alone
def test_a_stall_is_seen_at_its_length_and_by_every_due_time_it_swallowed(running):
    wait_for(running, 10)
    before = running.samples
    busy(0.2)
    wait_for(running, before + 40)
    worst = running.quantile_ms(1.0)
    assert worst >= 190
    late = sum(1 for sample in running._window if sample > 0.05)
    assert late >= 28  # of the 40 due times in 200 ms, those more than 50 ms before its end


@pytest.mark.alone
def test_after_a_stall_the_probe_keeps_to_its_schedule():
    probe = HubDelay(period_ms=20)
    probe.start()
    wait_for(probe, 2)
    busy(0.05)  # two and a half periods
    wait_for(probe, probe.samples + 30)
    probe.stop()
    latest = sorted(list(probe._window)[-20:])
    assert latest[len(latest) // 2] < 0.005


@pytest.mark.alone
def test_an_idle_hub_is_hardly_late(running):
    wait_for(running, 100)
    assert running.quantile_ms(0.5) < 5


def test_samples_of_a_schedule_with_a_stall_of_40_ms():
    heard = []
    probe = HubDelay(period_ms=10, on_delay=heard.append)
    assert probe._note(1.00, 1.0) == pytest.approx(1.01)
    assert probe._note(1.01, 1.045) == pytest.approx(1.05)
    assert [round(delay * 1000) for delay in heard] == [0, 35, 25, 15, 5]
    assert probe._note(1.05, 1.049) == 1.05  # woken early: nothing was due
    assert len(heard) == 5


def test_a_suspended_machine_is_one_sample():
    heard = []
    probe = HubDelay(period_ms=10, on_delay=heard.append)
    probe._note(0.0, MAX_MISSED * 0.01 + 1)
    assert heard == [0.0]


def test_quantiles_over_a_window_that_forgets():
    probe = HubDelay(period_ms=10, window_s=10)
    assert probe.quantile_ms() == 0.0
    for number in range(2000):
        probe._note(number, number + (0.009 if number == 1500 else 0.001))
    assert probe.samples == 1000
    assert probe.quantile_ms(0.999) == pytest.approx(1)
    assert probe.quantile_ms(1.0) == pytest.approx(9)
    with pytest.raises(ValueError, match="quantile"):
        probe.quantile_ms(0)


def test_start_twice_and_stop():
    probe = HubDelay(period_ms=5)
    probe.start()
    probe.start()
    wait_for(probe, 3)
    probe.stop()
    probe.stop()
    count = probe.samples
    gevent.sleep(0.02)
    assert probe.samples == count
    with pytest.raises(ValueError, match="period_ms"):
        HubDelay(period_ms=0)
