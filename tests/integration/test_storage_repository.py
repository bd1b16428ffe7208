"""Reading and forgetting records."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from controller.session import happenings as told
from controller.storage.engine import DatabaseUnavailable
from controller.storage.ledger import Ledger
from controller.storage.migrations import migrate
from controller.storage.repository import Purged, RecordRepository
from controller.storage.store import RecordStore

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.db"


@pytest.fixture
def store(path):
    return RecordStore(f"sqlite:///{path}")


@pytest.fixture
def repository(path):
    migrate(f"sqlite:///{path}")
    repository = RecordRepository(f"sqlite:///{path}")
    yield repository
    repository.close()


def add(store, session_id, at):
    ledger = Ledger(now=lambda: at)
    store.write(
        [
            ledger.record(session_id, told.SessionStarted("web", "demo", "zh", version="4f1d")),
            ledger.record(session_id, told.ChunkSpoken(1, "r", "x", ("faq.md",)))
            or ledger.record(
                session_id, told.TurnEnded(1, "a", "text", "b", "b", False, False, told.Timings())
            ),
            ledger.recording(session_id, f"{session_id}.wav"),
        ]
    )


def test_pages_of_sessions_newest_first_even_within_one_moment(store, repository):
    for number in range(7):
        add(store, f"s{number}", START + timedelta(seconds=number // 3))
    pages, before = [], None
    while page := repository.recent_sessions(limit=2, before=before):
        pages.append([session.id for session in page])
        before = page[-1].id
    assert pages == [["s6", "s5"], ["s4", "s3"], ["s2", "s1"], ["s0"]]
    assert repository.recent_sessions(before="unknown") == ()


def test_moments_come_back_in_utc(store, repository):
    add(store, "s1", START.astimezone(None))
    assert repository.session_detail("s1").session.started_at == START
    assert repository.session_detail("s1").session.started_at.tzinfo is UTC
    assert repository.session_detail("s1").session.ended_at is None


def test_details_are_values(store, repository):
    add(store, "s1", START)
    detail = repository.session_detail("s1")
    assert detail.turns[0].citations == ("faq.md",)
    assert detail.session.version == "4f1d"
    with pytest.raises(AttributeError):
        detail.turns[0].caller_text = "other"
    assert repository.session_detail("no such") is None


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_silly_limits_are_refused(repository, limit):
    with pytest.raises(ValueError, match="limit must be"):
        repository.recent_sessions(limit)


def test_a_purge_forgets_old_sessions_with_all_that_belongs_to_them(store, repository, path):
    for number in range(3):
        add(store, f"s{number}", START + timedelta(days=number))
    purged = repository.purge(older_than=START + timedelta(days=2))
    assert (purged.sessions, sorted(purged.recording_paths)) == (2, ["s0.wav", "s1.wav"])
    assert [session.id for session in repository.recent_sessions()] == ["s2"]
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT session_id FROM turns").fetchall() == [("s2",)]
    assert repository.purge(older_than=START) == Purged(0, ())
    with pytest.raises(ValueError, match="time zone"):
        repository.purge(older_than=datetime(2026, 1, 1))


def test_a_purge_of_many_goes_in_small_transactions(store, repository):
    for number in range(450):
        if number % 150 == 0:
            batch = []
        record = Ledger(now=lambda: START).record(f"s{number}", told.SessionStarted("web", "demo", "en"))
        batch.append(record)
        if len(batch) == 150:
            store.write(batch)
    assert repository.purge(START + timedelta(days=1)).sessions == 450
    assert repository.recent_sessions() == ()


def test_a_broken_database_is_a_typed_error(repository, path):
    for file in path.parent.glob("records.db*"):
        file.unlink()
    path.write_text("this is not a database, " * 100)
    with pytest.raises(DatabaseUnavailable):
        repository.recent_sessions()
