"""Migrations: repeated, concurrent, interrupted, locked, and a schema newer than the program."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from app_programs import Service, Start
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from flaskapp import cli, config, schema
from flaskapp.db import make_engine
from flaskapp.health import SchemaBehind
from flaskapp.models import Base


def test_second_run_changes_nothing(environment: dict[str, str]) -> None:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=1)
    with pytest.raises(SchemaBehind, match="flaskapp migrate"):
        schema.check(engine)
    first, second = schema.upgrade(engine), schema.upgrade(engine)
    assert (first.before, first.after, first.changed) == (None, schema.head(), True)
    assert (second.before, second.after, second.changed) == (schema.head(), schema.head(), False)
    schema.check(engine)
    engine.dispose()


def test_two_concurrent_processes(postgresql_environment: dict[str, str], start: Start) -> None:
    programs = [start("migrate", postgresql_environment) for _ in range(2)]
    assert [program.child.wait(30) for program in programs] == [0, 0], [program.output() for program in programs]
    messages = sorted(program.lines()[-1]["message"] for program in programs)
    assert messages[0].startswith("the schema is already at")
    assert messages[1].startswith("the schema was migrated from nothing")


def test_concurrent_migrations_run_once(environment: dict[str, str]) -> None:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=4)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: schema.upgrade(engine), range(4)))
    assert sorted(outcome.changed for outcome in outcomes) == [False, False, False, True]
    engine.dispose()


def test_held_lock_is_reported_after_the_timeout(environment: dict[str, str]) -> None:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=2)
    with engine.connect() as holder, schema._locked(holder, 1), pytest.raises(schema.MigrationError, match="held"):
        schema.upgrade(engine, wait=0.3)
    assert schema.upgrade(engine, wait=0.3).changed  # the lock ended with its connection
    engine.dispose()


def test_interrupted_migration_is_completed(environment: dict[str, str]) -> None:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=1)
    schema.upgrade(engine)
    on_table = "" if environment["DATABASE_ENGINE"] == "postgresql" else " ON tasks"
    with engine.begin() as connection:
        connection.execute(text(f"DROP INDEX ix_tasks_created_at_id{on_table}"))
        connection.execute(text("DELETE FROM alembic_version"))
    assert schema.upgrade(engine).changed
    names = {index["name"] for index in inspect(engine).get_indexes("tasks")}
    assert names == {"ix_tasks_created_at_id", "ix_tasks_status_queued_at"}
    engine.dispose()


def test_models_and_migrations_agree(service: Service) -> None:
    with service.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_newer_schema_is_accepted_and_unknown_revision_rejected(environment: dict[str, str]) -> None:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=1)
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    schema.check(engine)
    assert schema.upgrade(engine) == schema.Outcome("9999", "9999")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'cafe'"))
    with pytest.raises(schema.MigrationError, match="DATABASE_NAME"):
        schema.upgrade(engine)
    engine.dispose()


def test_revisions_are_numbered_and_only_expand() -> None:
    revisions = list(ScriptDirectory.from_config(schema._config()).walk_revisions())
    numbers = [int(revision.revision) for revision in revisions]
    assert numbers == list(range(len(numbers), 0, -1))
    for revision in revisions:
        source = Path(revision.path).read_text()
        assert "def downgrade" not in source and "op.drop_" not in source and "op.rename_" not in source


def test_unreachable_database_is_reported(postgresql_environment: dict[str, str]) -> None:
    settings = config.load({**postgresql_environment, "DATABASE_PASSWORD": "wrong-5ecret"}, "migrate")
    engine = make_engine(settings.database, pool_size=1)
    with pytest.raises(schema.MigrationError, match="authentication failed") as caught:
        schema.upgrade_when_reachable(engine, patience=0)
    assert "5ecret" not in str(caught.value)
    with pytest.raises(OperationalError):
        schema.check(engine)
    engine.dispose()


def test_failed_migration_sets_the_exit_status(
    postgresql_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.load({**postgresql_environment, "DATABASE_PASSWORD": "wrong-5ecret"}, "migrate")
    monkeypatch.setattr(schema, "upgrade_when_reachable", schema.upgrade)
    assert cli._migrate(settings) == 69
