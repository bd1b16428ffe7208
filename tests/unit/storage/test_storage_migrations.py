"""The migrations give what the models say, once, whole, and never downwards."""

import sqlite3
import subprocess
import sys
import textwrap

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from controller.storage import access_models, migrations  # noqa: F401 - its tables are compared too
from controller.storage.engine import DatabaseNewer, DatabaseUnavailable, StorageError, open_engine
from controller.storage.migrations import DIRECTORY, known_revisions, migrate
from controller.storage.models import Base


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "records.db"


@pytest.fixture
def url(path):
    return f"sqlite:///{path}"


def python(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_models_and_migrations_say_the_same(url):
    migrate(url)
    with open_engine(url).connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_a_difference_would_be_seen(url, path):
    migrate(url)
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE turns DROP COLUMN bot_text")
    with open_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) != []


def test_the_head_is_known_without_alembic_and_is_alembics_head():
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))
    script = ScriptDirectory.from_config(config)
    assert [script.get_current_head()] == known_revisions()[-1:]
    assert len(list(script.walk_revisions())) == len(known_revisions())


def test_the_second_start_has_nothing_to_do_and_imports_no_alembic(url):
    assert migrate(url) is True
    code = """
        import sys
        from controller.storage.migrations import migrate
        print(migrate(sys.argv[1]), "alembic" in sys.modules)
    """
    process = python(code, url)
    assert process.communicate(timeout=30)[0].split() == ["False", "False"]


def test_processes_that_start_together_migrate_once(url):
    code = """
        import sys
        from controller.storage.migrations import migrate
        print(migrate(sys.argv[1]))
    """
    processes = [python(code, url) for _ in range(4)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert said == ["False", "False", "False", "True"]


def test_a_newer_database_is_refused_and_left_alone(url, path):
    migrate(url)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewer, match=r"9999.*newer version made it"):
        migrate(url)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_failed_upgrade_leaves_nothing_behind(url, path):
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TABLE tool_calls (something INTEGER)"
        )  # the third table will be in the way
    with pytest.raises(DatabaseUnavailable, match="already exists"):
        migrate(url)
    with sqlite3.connect(path) as other:
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    assert tables == [("tool_calls",)]


def test_references_are_checked_before_an_upgrade_is_kept(url, path, monkeypatch):
    def break_a_reference(connection):
        run_alembic(connection)
        values = "('gone', 0, 1, 'x', '{}', 1, '{}', '', 1.0, '2026-01-01')"
        connection.exec_driver_sql(f"INSERT INTO tool_calls VALUES {values}")

    run_alembic = migrations._run_alembic
    monkeypatch.setattr(migrations, "_run_alembic", break_a_reference)
    with pytest.raises(DatabaseUnavailable, match="break 1 references"):
        migrate(url)
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_sqlite_is_opened_with_wal_a_time_limit_and_foreign_keys(url):
    migrate(url)
    with open_engine(url, busy_timeout_ms=1234).connect() as connection:
        pragmas = ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        found = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() for pragma in pragmas]
    assert found == ["wal", 1234, 1, 1]


def test_the_directory_of_the_records_is_private(url, path):
    migrate(url)
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("bad", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://u:hunter2@h/d"])
def test_other_urls_are_refused_without_telling_the_password(bad):
    with pytest.raises(StorageError) as refused:
        migrate(bad)
    assert "hunter2" not in str(refused.value)


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseUnavailable, match="can't be prepared"):
        migrate(f"sqlite:///{tmp_path}/file/records.db")


def test_the_tables_compile_for_postgresql():
    ddl = "\n".join(
        str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for table in Base.metadata.sorted_tables
    )
    assert "TIMESTAMP WITH TIME ZONE" in ddl
    assert "ON DELETE CASCADE" in ddl
