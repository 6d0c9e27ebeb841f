"""The tables. migrations/ creates them; a test checks that both agree."""

from __future__ import annotations

import enum
import typing as t
import uuid
from datetime import UTC, datetime

from sqlalchemy import JSON, DateTime, Dialect, Index, String, Uuid
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

TITLE_LENGTH = 200
WORKER_LENGTH = 255


class Status(enum.StrEnum):
    """The state of a task."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


def now() -> datetime:
    """Return the current time in UTC, timezone-aware."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware datetime on both engines. MySQL's DATETIME(6) has no time zone and stores UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> t.Any:
        if dialect.name == "mysql" or dialect.name == "mariadb":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("datetime without a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The declarative base of all tables."""


class Task(Base):
    """One task. The row is authoritative; the Redis list only signals that a task is waiting."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_status_queued_at", "status", "queued_at"),
        Index("ix_tasks_created_at_id", "created_at", "id"),
        {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"},
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True, default=uuid.uuid4)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    status: Mapped[str] = mapped_column(String(16))
    result: Mapped[dict[str, t.Any] | None] = mapped_column(JSON())
    worker: Mapped[str | None] = mapped_column(String(WORKER_LENGTH))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime())
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime())

    def as_json(self) -> dict[str, t.Any]:
        """Return the API representation."""
        return {
            "id": str(self.id),
            "title": self.title,
            "status": self.status,
            "result": self.result,
            "worker": self.worker,
            "created_at": self.created_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
        }
