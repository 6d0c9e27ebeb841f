"""The queue: one Redis list of task ids, and one list per worker with the ids that it is processing."""

from __future__ import annotations

import typing as t

from redis import Redis

# The braces (hash tags) place all keys in one Redis cluster slot, as BLMOVE requires (Redis documentation,
# "Cluster specification").
QUEUE = "{flaskapp}:queue"
PROCESSING = "{flaskapp}:processing:"
# Seconds after which the list of a dead worker expires; the sweep queues its tasks again from the database.
PROCESSING_TTL = 3600


class Queue:
    """Ids are pushed on the left and taken from the right. Duplicate ids are harmless: the row's status decides."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def push(self, task_id: str) -> None:
        """Append an id to the queue. Commit the row first."""
        self._redis.lpush(QUEUE, task_id)

    def take(self, worker: str, timeout: float) -> str | None:
        """Move the next id to the worker's list and return it, or return None after `timeout` seconds."""
        taken = self._redis.blmove(QUEUE, PROCESSING + worker, timeout, "RIGHT", "LEFT")  # type: ignore[arg-type]
        if taken is not None:
            self._redis.expire(PROCESSING + worker, PROCESSING_TTL)
        return t.cast("str | None", taken)

    def drop(self, worker: str, task_id: str) -> None:
        """Remove a finished id from the worker's list."""
        self._redis.lrem(PROCESSING + worker, 0, task_id)

    def give_back(self, worker: str, task_id: str) -> None:
        """Move an id from the worker's list to the front of the queue, in one step."""
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.lrem(PROCESSING + worker, 0, task_id)
            pipeline.rpush(QUEUE, task_id)
            pipeline.execute()

    def held(self, worker: str) -> list[str]:
        """Return the ids on the worker's list."""
        return t.cast("list[str]", self._redis.lrange(PROCESSING + worker, 0, -1))

    def contains(self, task_id: str) -> bool:
        """Whether the id is in the queue."""
        return self._redis.lpos(QUEUE, task_id) is not None

    def depth(self) -> int:
        """Return the length of the queue."""
        return self._redis.llen(QUEUE)
