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

# The database is unreachable or overloaded, or a password file is being replaced. SQL errors are not included.
DATABASE_FAILURES = (OperationalError, InterfaceError, PoolTimeout, OSError)
PAGE_LIMIT = 100


class Invalid(Exception):
    """The request is well-formed but invalid; `fields` maps each field to its error."""

    def __init__(self, **fields: str) -> None:
        super().__init__(str(fields))
        self.fields = fields


def valid_title(body: object) -> str:
    """Return the title in a JSON body, trimmed. Raises Invalid."""
    if not isinstance(body, dict):
        raise Invalid(body="must be a JSON object")
    unknown = sorted(str(key) for key in body.keys() - {"title"})
    if unknown:
        raise Invalid(**{name[:50]: "is unknown" for name in unknown[:10]})
    title = body.get("title")
    if not isinstance(title, str):
        raise Invalid(title="is required and must be a string")
    title = title.strip()
    if not 1 <= len(title) <= TITLE_LENGTH:
        raise Invalid(title=f"must have from 1 to {TITLE_LENGTH} characters")
    # Control characters could forge log lines, PostgreSQL rejects NUL, and lone surrogates are not valid text.
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in title):
        raise Invalid(title="must not contain control characters")
    return title


def tasks_api(settings: Settings, engine: Engine, queue: Queue, metrics: Metrics) -> Blueprint:
    """Return the blueprint with the task endpoints."""
    blueprint = Blueprint("tasks", __name__)
    database = Breaker("database", DATABASE_FAILURES)
    redis = Breaker("redis", (RedisError, OSError))

    def cursors() -> URLSafeSerializer:
        # Cursors are signed, so clients cannot forge them. The serializer is built per request to follow key rotation.
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
            # The row stays and the worker's sweep queues it, so tell the client to poll instead of posting again.
            metrics.push_failures.inc()
            log.warning("task %s is stored but not queued", task.id, extra={"cause": str(error)})
            cause = f"Redis: {type(error).__name__}"
            message = (
                f"The task is stored but could not be queued ({cause}). The worker queues it automatically "
                f"in about {settings.worker.requeue_after_seconds:g} s. Do not post it again; poll its URL."
            )
            return {**shown, "error": "queue_unavailable", "message": message}, 503, location
        return shown, 201, location

    @blueprint.get("/tasks/<uuid:task_id>")
    def one(task_id: uuid.UUID) -> ResponseReturnValue:
        with database, Session(engine) as session:
            task = session.get(Task, task_id)
            if task is None:
                raise NotFound("The task does not exist.")
            return task.as_json()

    @blueprint.delete("/tasks/<uuid:task_id>")
    def remove(task_id: uuid.UUID) -> ResponseReturnValue:
        with database, Session(engine) as session:
            removed = tasks.remove(session, task_id)
            session.commit()
            if not removed and session.get(Task, task_id) is None:
                raise NotFound("The task does not exist.")
        if not removed:
            raise Conflict("A worker is processing this task. Delete it when it is done.")
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
                raise Invalid(cursor="is invalid; start again without a cursor") from error
            before = datetime.fromisoformat(moment), uuid.UUID(task_id)
        with database, Session(engine) as session:
            found = tasks.page(session, int(limit) + 1, status, before)
            shown = [task.as_json() for task in found[: int(limit)]]
        cursor = None
        if len(found) > len(shown):
            cursor = cursors().dumps([shown[-1]["created_at"], shown[-1]["id"]])
        return jsonify(tasks=shown, next_cursor=cursor)

    return blueprint
