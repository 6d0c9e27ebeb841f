"""The worker: end to end as a process, shutdown, and recovery of lost tasks."""

from __future__ import annotations

import dataclasses
import hashlib
import signal
import socket
import threading
import typing as t
from datetime import timedelta

import pytest
from app_programs import Service, Start
from app_services import PASSWORD, wait_until
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from flaskapp import tasks, worker
from flaskapp.config import WorkerSettings
from flaskapp.metrics import Metrics
from flaskapp.models import Status, Task, now
from flaskapp.queue import PROCESSING, QUEUE, Queue
from flaskapp.worker import Worker

LEASE = timedelta(seconds=60)


def add(service: Service, title: str = "one two three") -> Task:
    with Session(service.engine, expire_on_commit=False) as session:
        task = tasks.create(session, title)
        session.commit()
        return task


def change(service: Service, task: Task, **values: t.Any) -> None:
    with Session(service.engine) as session:
        session.execute(update(Task).where(Task.id == task.id).values(**values))
        session.commit()


def look(service: Service, task: Task) -> Task:
    with Session(service.engine, expire_on_commit=False) as session:
        found = session.get(Task, task.id)
        assert found is not None
        return found


def make_worker(service: Service, **times: float) -> Worker:
    settings = dataclasses.replace(service.settings, worker=WorkerSettings(**times))
    return Worker(settings, service.engine, Queue(service.redis), Metrics(settings))


def test_each_step_happens_once(service: Service) -> None:
    task = add(service)
    with Session(service.engine) as session:
        assert tasks.claim(session, task.id, "a", LEASE) is not None
        assert tasks.claim(session, task.id, "b", LEASE) is None
        assert not tasks.remove(session, task.id)
        assert not tasks.finish(session, task.id, "b", Status.DONE, {})
        assert not tasks.release(session, task.id, "b")
        assert tasks.finish(session, task.id, "a", Status.DONE, {"words": 3})
        assert not tasks.finish(session, task.id, "a", Status.FAILED, {})
        assert tasks.claim(session, task.id, "a", LEASE) is None
        session.commit()
    found = look(service, task)
    assert (found.status, found.result, found.leased_until) == ("done", {"words": 3}, None)
    assert found.finished_at is not None and found.finished_at >= found.created_at


def test_oldest_first_and_duplicates_are_ignored(service: Service) -> None:
    queue, loop = Queue(service.redis), make_worker(service)
    first, second = add(service, "first"), add(service, "second")
    for task in (first, second, first):
        queue.push(str(task.id))
    service.redis.rpush(QUEUE, "not-an-id")
    order = []
    for _ in range(4):
        task_id = queue.take(loop.name, 0.1)
        assert task_id is not None
        order.append(task_id)
        loop._handle(task_id)
    assert order == ["not-an-id", str(first.id), str(second.id), str(first.id)]
    assert look(service, first).status == look(service, second).status == "done"
    assert queue.held(loop.name) == [] and queue.depth() == 0


def test_a_deleted_task_is_skipped(service: Service) -> None:
    queue, loop = Queue(service.redis), make_worker(service)
    task = add(service)
    queue.push(str(task.id))
    with Session(service.engine) as session:
        assert tasks.remove(session, task.id)
        assert not tasks.remove(session, task.id)
        session.commit()
    loop._handle(str(queue.take(loop.name, 0.1)))
    loop._sweep()
    assert queue.depth() == 0 and queue.held(loop.name) == []


def test_sweep_queues_tasks_that_were_never_pushed(service: Service) -> None:
    lost, fresh, waiting = add(service), add(service), add(service)
    for task in (lost, waiting):
        change(service, task, queued_at=now() - timedelta(seconds=31))
    Queue(service.redis).push(str(waiting.id))
    loop = make_worker(service)
    loop._sweep()
    assert service.redis.lrange(QUEUE, 0, -1) == [str(lost.id), str(waiting.id)]
    assert look(service, fresh).queued_at == fresh.queued_at
    loop._sweep()
    assert Queue(service.redis).depth() == 2, "a second sweep adds nothing"


def test_sweep_takes_tasks_from_dead_workers(service: Service) -> None:
    dead, busy = add(service), add(service)
    with Session(service.engine) as session:
        tasks.claim(session, dead.id, "gone:1", timedelta(seconds=-1))
        tasks.claim(session, busy.id, "other:1", LEASE)
        session.commit()
    make_worker(service)._sweep()
    assert service.redis.lrange(QUEUE, 0, -1) == [str(dead.id)]
    assert (look(service, dead).status, look(service, dead).worker) == ("queued", None)
    assert look(service, busy).status == "running"


def test_restarted_worker_releases_its_tasks(service: Service) -> None:
    loop, queue = make_worker(service), Queue(service.redis)
    running, taken = add(service), add(service)
    for task in (running, taken):
        queue.push(str(task.id))
        queue.take(loop.name, 0.1)
    with Session(service.engine) as session:
        tasks.claim(session, running.id, loop.name, LEASE)
        session.commit()
    loop._recover()
    assert sorted(service.redis.lrange(QUEUE, 0, -1)) == sorted([str(running.id), str(taken.id)])
    assert look(service, running).status == "queued" and queue.held(loop.name) == []


def test_failed_work_is_recorded(postgresql_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> t.NoReturn:
        raise ValueError("cannot be done")

    monkeypatch.setattr(worker, "work", fail)
    task, loop = add(postgresql_service), make_worker(postgresql_service)
    loop._handle(str(task.id))
    found = look(postgresql_service, task)
    assert (found.status, found.result) == ("failed", {"error": "ValueError: cannot be done"})


def test_a_lost_lease_is_not_overwritten(postgresql_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    task, loop = add(postgresql_service), make_worker(postgresql_service)

    def slow(*arguments: object) -> dict[str, t.Any]:
        change(postgresql_service, task, worker="faster:1")
        return {}

    monkeypatch.setattr(worker, "work", slow)
    loop._handle(str(task.id))
    assert (look(postgresql_service, task).status, look(postgresql_service, task).worker) == ("running", "faster:1")


def test_insist_retries_a_short_outage() -> None:
    answers: list[Exception | bool] = [OperationalError("x", {}, Exception()), True]

    def write() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert worker._insist(write, pause=0)
    answers[:] = [OperationalError("x", {}, Exception())] * 4
    with pytest.raises(OperationalError):
        worker._insist(write, pause=0)


def test_loop_survives_an_outage(postgresql_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service, loop, take = postgresql_service, make_worker(postgresql_service), Queue.take
    failures = [RedisConnectionError("refused"), OperationalError("x", {}, Exception("refused"))]

    def sometimes(self: Queue, worker: str, timeout: float) -> str | None:
        taken = take(self, worker, 0.1)
        if failures:
            raise failures.pop()  # the reply is lost, so the id is on the worker's list unseen
        return taken

    monkeypatch.setattr(Queue, "take", sometimes)
    task = add(service)
    Queue(service.redis).push(str(task.id))
    thread = threading.Thread(target=loop.run)
    thread.start()
    wait_until(lambda: look(service, task).status == "done", "task is done after the outage", 10)
    loop.stop()
    thread.join(5)
    assert not thread.is_alive() and not failures and loop.alive()


def test_end_to_end(service: Service, start: Start) -> None:
    api, loop = start("api", service.environment), start("worker", service.environment)
    for program in (api, loop):
        program.wait_for("/ready")
        for path in ("/", "/config", "/healthz", "/health", "/startup", "/status"):
            assert program.get(path).status_code == 200, (program.child.args, path)
    title = "the quick brown fox"
    answer = api.session.post(api.url("/tasks"), json={"title": title}, timeout=5)
    location = answer.headers["Location"]
    wait_until(lambda: api.get(location).json()["status"] == "done", "task is done")
    task = api.get(location).json()
    assert task["result"] == {"words": 4, "characters": 19, "sha256": hashlib.sha256(title.encode()).hexdigest()}
    assert task["worker"].endswith(f":{loop.child.pid}") and task["finished_at"] > task["created_at"]
    assert 'flaskapp_tasks_done_total{status="done"} 1.0' in loop.metrics()
    assert "flaskapp_queue_depth 0.0" in loop.metrics()
    assert service.redis.keys(PROCESSING + "*") == []
    assert loop.terminate() == 0
    assert PASSWORD not in loop.output()
    assert loop.lines()[-1]["message"].endswith("has stopped")


def running(service: Service, task: Task) -> t.Callable[[], bool]:
    return lambda: look(service, task).status == "running"


def test_sigterm_finishes_the_task_within_the_grace_period(postgresql_service: Service, start: Start) -> None:
    service = postgresql_service
    task, waiting = add(service), add(service)
    queue = Queue(service.redis)
    queue.push(str(task.id))
    queue.push(str(waiting.id))
    loop = start("worker", service.environment, FAULTS="work=1.5")
    wait_until(running(service, task), "task runs")
    loop.child.send_signal(signal.SIGTERM)
    wait_until(lambda: loop.get("/ready").status_code == 503, "/ready says draining", 2)
    assert loop.get("/status").json()["status"] == "draining"
    assert loop.child.wait(10) == 0
    assert look(service, task).status == "done"
    assert look(service, waiting).status == "queued" and queue.contains(str(waiting.id)), "no new task is taken"


def test_sigterm_releases_an_unfinished_task(service: Service, start: Start) -> None:
    task = add(service)
    Queue(service.redis).push(str(task.id))
    loop = start("worker", service.environment, FAULTS="work=60", WORKER_GRACE_SECONDS="0.3")
    wait_until(running(service, task), "task runs")
    assert loop.terminate(10) == 0
    found = look(service, task)
    assert (found.status, found.worker) == ("queued", None)
    assert service.redis.lrange(QUEUE, 0, -1) == [str(task.id)]
    assert service.redis.keys(PROCESSING + "*") == []


def test_sigkill_loses_no_task(postgresql_service: Service, start: Start) -> None:
    service = postgresql_service
    task = add(service)
    Queue(service.redis).push(str(task.id))
    killed = start("worker", service.environment, FAULTS="work=60", WORKER_LEASE_SECONDS="1")
    wait_until(running(service, task), "task runs")
    killed.child.kill()
    killed.child.wait()
    start("worker", service.environment, WORKER_SWEEP_SECONDS="0.2")
    wait_until(lambda: look(service, task).status == "done", "another worker completes it")


def test_taken_port(postgresql_service: Service, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        program = start("worker", postgresql_service.environment, PORT=str(other.getsockname()[1]))
        assert program.child.wait(20) == 69
    assert "set them to free ports" in program.output()
