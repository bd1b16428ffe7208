"""The record writer against real databases that really break. Counts are exact."""

import sqlite3

import gevent
import pytest
import structlog

from controller.observe.hub_delay import HubDelay
from controller.session import happenings as told
from controller.session.ports import ToolCall, ToolOutcome
from controller.storage.ledger import Ledger
from controller.storage.migrations import migrate
from controller.storage.repository import RecordRepository
from controller.storage.writer import RecordWriter, WriterState


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "records.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


@pytest.fixture
def make_writer():
    writers = []

    def make(url, **changes):
        settings = {"linger_ms": 5, "retry_min_ms": 10, "retry_max_ms": 40, "busy_timeout_ms": 30}
        writers.append(RecordWriter(url, **{**settings, **changes}))
        return writers[-1]

    yield make
    for writer in writers:
        writer.close(timeout_s=0)


def start(writer, session_id):
    writer(session_id, told.SessionStarted("web", "demo", "en", {"name": "安"}))


def end(writer, session_id):
    writer(session_id, told.SessionEnded("hangup", 60_000.0))


def say(writer, session_id, number=1, caller_text="你好"):
    timings = told.Timings(endpoint_ms=300.0, asr_final_ms=301.0, response_ms=390.0, speculative=True)
    writer(
        session_id,
        told.TurnEnded(number, caller_text, "speech", "Hello.", "Hello.", False, False, timings),
    )


def until(condition, timeout_s=10.0):
    with gevent.Timeout(timeout_s):
        while not condition():
            gevent.sleep(0.002)


def rows(path, query="SELECT count(*) FROM turns"):
    with sqlite3.connect(path) as connection:
        return connection.execute(query).fetchall()


class Lock:
    """Another process that holds the database's write lock."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("BEGIN EXCLUSIVE")

    def release(self):
        self.connection.execute("ROLLBACK")
        self.connection.close()


def test_a_conversation_is_read_back_as_it_was(any_database, make_writer):
    writer, repository = make_writer(any_database, busy_timeout_ms=5000), RecordRepository(any_database)
    start(writer, "s1")
    say(writer, "s1", 1, "a\x00b \U0001f600 你好")
    outcome = ToolOutcome(
        ToolCall("c", "lookup_record", {"q": [1, None, float("nan")]}), True, {"价": 3.5}
    )
    writer("s1", told.ToolRan(1, outcome, 8.0))
    writer("s1", told.BargedIn(1, "r1"))
    end(writer, "s1")
    writer.recording_saved("s1", "s1.wav")
    assert writer.flush(20)

    detail = repository.session_detail("s1")
    assert detail.session.variables == {"name": "安"}
    assert (
        detail.session.turn_count,
        detail.session.tool_count,
        detail.session.barge_in_count,
    ) == (
        1,
        1,
        1,
    )
    assert (detail.session.end_reason, detail.session.duration_ms) == ("hangup", 60_000.0)
    assert detail.session.recording_path == "s1.wav"
    assert detail.session.started_at <= detail.session.ended_at
    assert detail.turns[0].caller_text == "a\ufffdb \U0001f600 你好"
    assert (detail.turns[0].response_ms, detail.turns[0].speculative) == (390.0, True)
    assert detail.tool_calls[0].arguments == {"q": [1, None, None]}
    assert detail.tool_calls[0].result == {"价": 3.5}
    counts = writer.counts()
    assert (counts.written, counts.waiting, counts.dropped, counts.rejected) == (5, 0, 0, 0)
    repository.close()


def test_a_locked_database_is_waited_for_and_nothing_is_lost_or_doubled(url, path, make_writer):
    migrate(url)
    lock = Lock(path)
    writer = make_writer(url)
    with structlog.testing.capture_logs() as logs:
        start(writer, "s1")
        for number in range(300):
            say(writer, "s1", number)
        until(lambda: writer.counts().failures >= 3)
        assert writer.state is WriterState.RETRYING
        assert (writer.counts().waiting, writer.counts().written) == (301, 0)
        assert not writer.flush(timeout_s=0.05)
        lock.release()
        assert writer.flush(timeout_s=10)
    assert writer.state is WriterState.WORKING
    assert (writer.counts().written, writer.counts().waiting, writer.counts().dropped) == (
        301,
        0,
        0,
    )
    assert rows(path, "SELECT number FROM turns ORDER BY position") == [(n,) for n in range(300)]
    assert [line["event"] for line in logs] == ["records_wait", "records_written_again"]


def test_a_flush_knocks_once_and_then_waits_again(url, path, make_writer):
    migrate(url)
    lock = Lock(path)
    writer = make_writer(url, retry_min_ms=60_000, retry_max_ms=60_000)
    start(writer, "s1")
    until(lambda: writer.counts().failures == 1)
    assert not writer.flush(timeout_s=0.5)
    assert writer.counts().failures == 2
    lock.release()
    assert writer.flush(timeout_s=10)


def test_calls_do_not_feel_a_locked_database(url, path, make_writer):
    migrate(url)
    lock = Lock(path)
    writer = make_writer(url, busy_timeout_ms=400)
    probe = HubDelay(period_ms=5)
    probe.start()
    start(writer, "s1")
    until(lambda: writer.counts().failures >= 1)
    probe.stop()
    lock.release()
    assert probe.samples > 50
    assert probe.quantile_ms(0.95) < 100  # on the hub, the attempt alone would have been 400 ms


def test_a_directory_that_goes_away_and_comes_back(url, path, make_writer):
    writer = make_writer(url)
    start(writer, "s1")
    assert writer.flush(10)
    away = path.parent.with_name("away")
    path.parent.rename(away)
    path.parent.write_text("in the way")
    say(writer, "s1")
    end(writer, "s1")
    until(lambda: writer.counts().failures >= 2)
    assert writer.counts().waiting == 2
    path.parent.unlink()
    away.rename(path.parent)
    assert writer.flush(10)
    assert (writer.counts().written, writer.counts().rejected) == (3, 0)
    assert rows(path, "SELECT end_reason, turn_count FROM sessions") == [("hangup", 1)]


def test_a_database_that_is_deleted_is_made_again(url, path, make_writer):
    writer = make_writer(url)
    start(writer, "old")
    assert writer.flush(10)
    for file in path.parent.iterdir():
        file.unlink()
    with structlog.testing.capture_logs() as logs:
        say(writer, "old")  # its session is gone: this can never be written
        start(writer, "new")
        say(writer, "new")
        assert writer.flush(10)
    assert (writer.counts().written, writer.counts().rejected, writer.counts().waiting) == (3, 1, 0)
    assert rows(path, "SELECT session_id FROM turns") == [("new",)]
    rejected = [line for line in logs if line["event"] == "records_rejected"]
    assert [(line["records"], line["session_id"]) for line in rejected] == [(1, "old")]
    assert "你好" not in str(logs)


def test_a_full_buffer_leaves_out_new_sessions_whole_and_still_ends_old_ones(url, path, make_writer):
    migrate(url)
    lock = Lock(path)
    writer = make_writer(url, max_waiting=4)
    with structlog.testing.capture_logs() as logs:
        start(writer, "old")
        for number in range(5):  # three find room
            say(writer, "old", number)
        start(writer, "late")
        say(writer, "late")
        end(writer, "late")
        end(writer, "old")
        assert (writer.counts().waiting, writer.counts().dropped) == (5, 5)
        lock.release()
        assert writer.flush(10)
        start(writer, "next")
        end(writer, "next")
        assert writer.flush(10)
    assert (writer.counts().written, writer.counts().dropped) == (7, 5)
    assert rows(path, "SELECT id, turn_count, end_reason FROM sessions ORDER BY id") == [
        ("next", 0, "hangup"),
        ("old", 5, "hangup"),
    ]
    assert rows(path, "SELECT number FROM turns ORDER BY position") == [(0,), (1,), (2,)]
    assert [line["event"] for line in logs].count("records_dropped") == 1


def test_a_batch_written_twice_is_there_once(any_database, make_writer):
    writer, repository = make_writer(any_database, busy_timeout_ms=5000), RecordRepository(any_database)
    ledger = Ledger()
    started = ledger.record("s1", told.SessionStarted("web", "demo", "en"))
    turn = ledger.record("s1", told.TurnEnded(1, "a", "text", "b", "b", False, False, told.Timings()))
    assert writer._store.write([started, turn]) == []
    assert writer._store.write([turn, started]) == []  # as after a commit that was not answered
    assert len(repository.session_detail("s1").turns) == 1
    repository.close()


def test_the_database_may_appear_after_the_start(tmp_path, make_writer):
    (tmp_path / "var").write_text("in the way")
    writer = make_writer(f"sqlite:///{tmp_path}/var/records.db")
    start(writer, "s1")
    until(lambda: writer.counts().failures >= 1)
    (tmp_path / "var").unlink()
    assert writer.flush(10)
    assert rows(tmp_path / "var" / "records.db", "SELECT id FROM sessions") == [("s1",)]


def test_close_writes_what_waits_and_tells_what_is_lost(url, path, make_writer):
    writer = make_writer(url, linger_ms=60_000)
    start(writer, "s1")
    assert writer.close(timeout_s=10) == 0
    assert rows(path, "SELECT id FROM sessions") == [("s1",)]
    say(writer, "s1")
    assert writer.counts().dropped == 1

    lock = Lock(path)
    locked = make_writer(url)
    start(locked, "s2")
    say(locked, "s2")
    with structlog.testing.capture_logs() as logs:
        assert locked.close(timeout_s=0.1) == 2
    assert [line["records"] for line in logs if line["event"] == "records_lost"] == [2]
    assert locked.close() == 0
    lock.release()


def test_two_writers_share_a_database(url, path, make_writer):
    writers = [make_writer(url, busy_timeout_ms=5000) for _ in range(2)]
    for index, writer in enumerate(writers):
        start(writer, f"s{index}")
        for number in range(200):
            say(writer, f"s{index}", number)
    assert all(writer.flush(20) for writer in writers)
    assert rows(path) == [(400,)]
