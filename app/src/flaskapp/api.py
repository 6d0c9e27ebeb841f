"""POST /tasks, GET /tasks, GET /tasks/<id> and DELETE /tasks/<id>."""

from __future__ import annotations

import logging
import unicodedata
import uuid
from datetime import datetime

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeSerializer
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from werkzeug.exceptions import Conflict, NotFound

from flaskapp import tasks
from flaskapp.breaker import Breaker, BreakerOpen
from flaskapp.config import Secret, Settings
from flaskapp.metrics import Metrics
from flaskapp.models import TITLE_LENGTH, Status, Task
from flaskapp.queue import Queue

log = logging.getLogger(__name__)

# Unreachable, too busy, or a password file that is being replaced; a wrong statement is none of these.
DATABASE_FAILURES = (OperationalError, InterfaceError, PoolTimeout, OSError)
PAGE_LIMIT = 100


class Invalid(Exception):
    """What the client sent is understood and wrong; `fields` says where and why."""

    def __init__(self, **fields: str) -> None:
        super().__init__(str(fields))
        self.fields = fields


def valid_title(body: object) -> str:
    """Return the title in a JSON body, trimmed. Raises Invalid."""
    if not isinstance(body, dict):
        raise Invalid(body="must be a JSON object")
    unknown = sorted(str(key) for key in body.keys() - {"title"})
    if unknown:
        raise Invalid(**{name[:50]: "is not known" for name in unknown[:10]})
    title = body.get("title")
    if not isinstance(title, str):
        raise Invalid(title="is required and must be a text")
    title = title.strip()
    if not 1 <= len(title) <= TITLE_LENGTH:
        raise Invalid(title=f"must have from 1 to {TITLE_LENGTH} characters")
    # Control characters forge log lines and PostgreSQL refuses NUL; a lone surrogate is no character at all.
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in title):
        raise Invalid(title="must not contain control characters")
    return title


def tasks_api(settings: Settings, engine: Engine, queue: Queue, metrics: Metrics) -> Blueprint:
    """Return the tasks' endpoints."""
    blueprint = Blueprint("tasks", __name__)
    database = Breaker("database", DATABASE_FAILURES)
    redis = Breaker("redis", (RedisError, OSError))

    def cursors() -> URLSafeSerializer:
        # Signed, so that only a place in the list that we named ourselves is taken; made anew for a rotated key.
        key = settings.secret_key or Secret("")
        return URLSafeSerializer(key.read(), salt="tasks-cursor")

    @blueprint.post("/tasks")
    def create() -> ResponseReturnValue:
        title = valid_title(request.get_json())
        with database, Session(engine, expire_on_commit=False) as session:
            task = tasks.create(session, title)
            session.commit()
        metrics.tasks_created.inc()
        shown, location = task.as_json(), {"Location": f"/tasks/{task.id}"}
        try:
            with redis:
                queue.push(str(task.id))
        except (RedisError, OSError, BreakerOpen) as error:
            # The row stays: the worker's sweep finds it. The client learns that, to ask instead of posting again.
            metrics.push_failures.inc()
            log.warning("task %s is stored but not queued", task.id, extra={"cause": str(error)})
            cause = f"Redis: {type(error).__name__}"
            message = (
                f"The task is stored but could not be put on the queue ({cause}). It will be queued again by itself, "
                f"about {settings.worker.requeue_after_seconds:g} s from now. Do not post it again; ask for it."
            )
            return {**shown, "error": "queue_unavailable", "message": message}, 503, location
        return shown, 201, location

    @blueprint.get("/tasks/<uuid:task_id>")
    def one(task_id: uuid.UUID) -> ResponseReturnValue:
        with database, Session(engine) as session:
            task = session.get(Task, task_id)
            if task is None:
                raise NotFound("There is no such task.")
            return task.as_json()

    @blueprint.delete("/tasks/<uuid:task_id>")
    def remove(task_id: uuid.UUID) -> ResponseReturnValue:
        with database, Session(engine) as session:
            removed = tasks.remove(session, task_id)
            session.commit()
            if not removed and session.get(Task, task_id) is None:
                raise NotFound("There is no such task.")
        if not removed:
            raise Conflict("A worker is doing this task. Delete it when it is done.")
        return "", 204

    @blueprint.get("/tasks")
    def several() -> ResponseReturnValue:
        limit = request.args.get("limit", "50")
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:5]) <= PAGE_LIMIT):
            raise Invalid(limit=f"must be a number from 1 to {PAGE_LIMIT}")
        status = request.args.get("status")
        if status is not None and status not in list(Status):
            raise Invalid(status=f"must be one of {', '.join(Status)}")
        before = None
        if "cursor" in request.args:
            try:
                moment, task_id = cursors().loads(request.args["cursor"])
            except BadData as error:
                raise Invalid(cursor="is not one that this service gave; start again without it") from error
            before = datetime.fromisoformat(moment), uuid.UUID(task_id)
        with database, Session(engine) as session:
            found = tasks.page(session, int(limit) + 1, status, before)
            shown = [task.as_json() for task in found[: int(limit)]]
        cursor = None
        if len(found) > len(shown):
            cursor = cursors().dumps([shown[-1]["created_at"], shown[-1]["id"]])
        return jsonify(tasks=shown, next_cursor=cursor)

    return blueprint
