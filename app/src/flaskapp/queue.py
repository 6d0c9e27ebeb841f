"""The queue: one Redis list of task ids, and one list per worker of what it has taken and not finished."""

from __future__ import annotations

import typing as t

from redis import Redis

# The braces put all keys into one slot of a Redis cluster, which BLMOVE over two keys needs (Redis documentation,
# "Cluster specification", hash tags).
QUEUE = "{flaskapp}:queue"
PROCESSING = "{flaskapp}:processing:"
# Seconds after which the list of a worker that never came back goes; its tasks come back from the database.
PROCESSING_TTL = 3600


class Queue:
    """Ids go in on the left and out on the right. An id may be there twice: the row's status decides."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def push(self, task_id: str) -> None:
        """Put an id at the end of the queue. The row must be committed before."""
        self._redis.lpush(QUEUE, task_id)

    def take(self, worker: str, timeout: float) -> str | None:
        """Move the next id to the worker's list and return it; None when none came within `timeout` seconds."""
        taken = self._redis.blmove(QUEUE, PROCESSING + worker, timeout, "RIGHT", "LEFT")  # type: ignore[arg-type]
        if taken is not None:
            self._redis.expire(PROCESSING + worker, PROCESSING_TTL)
        return t.cast("str | None", taken)

    def drop(self, worker: str, task_id: str) -> None:
        """Take an id off the worker's list, because it is done with."""
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
        """Whether the id waits in the queue."""
        return self._redis.lpos(QUEUE, task_id) is not None

    def depth(self) -> int:
        """Return how many ids wait."""
        return self._redis.llen(QUEUE)
