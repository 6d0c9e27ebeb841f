"""State transitions of a task. Each is one compare-and-set on the status, so repeating it changes nothing."""

from __future__ import annotations

import typing as t
import uuid
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Delete, Update, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from flaskapp.models import Status, Task, now


def create(session: Session, title: str) -> Task:
    """Add a new task. Commit it before its id is queued."""
    moment = now()
    task = Task(id=uuid.uuid4(), title=title, status=Status.QUEUED, created_at=moment, queued_at=moment)
    session.add(task)
    return task


def page(
    session: Session, limit: int, status: str | None = None, before: tuple[datetime, uuid.UUID] | None = None
) -> list[Task]:
    """Return at most `limit` tasks, newest first, older than `before` (the last task of the previous page)."""
    query = select(Task).order_by(Task.created_at.desc(), Task.id.desc()).limit(limit)
    if status is not None:
        query = query.where(Task.status == status)
    if before is not None:
        moment, task_id = before
        query = query.where(or_(Task.created_at < moment, and_(Task.created_at == moment, Task.id < task_id)))
    return list(session.scalars(query))


def claim(session: Session, task_id: uuid.UUID, worker: str, lease: timedelta) -> Task | None:
    """Assign a queued task to `worker` until the lease ends; None when the task is not queued."""
    taken = _set(
        session,
        Task.id == task_id,
        Task.status == Status.QUEUED,
        status=Status.RUNNING,
        worker=worker,
        leased_until=now() + lease,
    )
    return session.get(Task, task_id, populate_existing=True) if taken else None


def finish(session: Session, task_id: uuid.UUID, worker: str, status: Status, result: dict[str, t.Any]) -> bool:
    """Write the result; False when the worker lost the task (its lease ended and another worker took it)."""
    return _set(
        session,
        Task.id == task_id,
        Task.status == Status.RUNNING,
        Task.worker == worker,
        status=status,
        result=result,
        leased_until=None,
        finished_at=now(),
    )


def release(session: Session, task_id: uuid.UUID, worker: str) -> bool:
    """Return a task of this worker to the queued state; False when the worker no longer holds it."""
    return _set(
        session,
        Task.id == task_id,
        Task.status == Status.RUNNING,
        Task.worker == worker,
        status=Status.QUEUED,
        worker=None,
        leased_until=None,
        queued_at=now(),
    )


def remove(session: Session, task_id: uuid.UUID) -> bool:
    """Delete a task; False when it does not exist or is running. Workers skip deleted ids in the queue."""
    return _one(session, delete(Task).where(Task.id == task_id, Task.status != Status.RUNNING))


def waiting_since(session: Session, moment: datetime, limit: int) -> list[Task]:
    """Return tasks queued before `moment`, oldest first."""
    query = select(Task).where(Task.status == Status.QUEUED, Task.queued_at < moment).order_by(Task.queued_at)
    return list(session.scalars(query.limit(limit)))


def requeue_waiting(session: Session, task: Task) -> bool:
    """Record that a queued task is pushed again; of several concurrent sweeps, one wins."""
    return _set(
        session, Task.id == task.id, Task.status == Status.QUEUED, Task.queued_at == task.queued_at, queued_at=now()
    )


def expired(session: Session, limit: int) -> list[Task]:
    """Return running tasks with an expired lease."""
    query = select(Task).where(Task.status == Status.RUNNING, Task.leased_until < now())
    return list(session.scalars(query.limit(limit)))


def _set(session: Session, *conditions: t.Any, **values: t.Any) -> bool:
    """Update the row that matches all conditions; False when none matches (compare-and-set)."""
    return _one(session, update(Task).where(*conditions).values(**values))


def _one(session: Session, statement: Update | Delete) -> bool:
    done = session.execute(statement.execution_options(synchronize_session=False))
    return t.cast("CursorResult[t.Any]", done).rowcount == 1
