"""Fixtures of the runner tests: an emulated account and a function that runs tasks."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from tests.integration.runner import support


@pytest.fixture(scope="session")
def account() -> Iterator[support.Account]:
    """One moto server; each test empties it."""
    with support.serve() as account:
        yield account


@pytest.fixture(scope="session")
def run_tasks(account: support.Account, tmp_path_factory: pytest.TempPathFactory) -> t.Callable[..., support.Run]:
    """Return a function that runs tasks against the account, each run in its own directory."""

    def run(tasks: list[dict[str, t.Any]], *options: str, **keywords: t.Any) -> support.Run:
        return support.run_tasks(account, tmp_path_factory.mktemp("run"), tasks, *options, **keywords)

    return run
