"""The circuit breaker, the request id and the log."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest

from flaskapp import logging as app_logging
from flaskapp.breaker import Breaker, BreakerOpen
from flaskapp.logging import request_id_of


def test_breaker_opens_allows_one_trial_and_closes() -> None:
    now = [0.0]
    breaker = Breaker("redis", (OSError,), threshold=2, pause=5, clock=lambda: now[0])

    def call(error: Exception | None = None) -> None:
        with breaker:
            if error:
                raise error

    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            call(OSError("down"))
    with pytest.raises(BreakerOpen) as caught:
        call()
    assert caught.value.retry_after == 5
    now[0] = 5
    with pytest.raises(OSError, match="down"):  # the trial call fails
        call(OSError("down"))
    with pytest.raises(BreakerOpen):
        call()
    now[0] = 10
    call()
    with pytest.raises(OSError, match="down"):
        call(OSError("down"))
    call()  # one failure does not open it


def test_breaker_ignores_other_errors() -> None:
    breaker = Breaker("redis", (OSError,), threshold=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="not its"), breaker:
            raise ValueError("not its")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Root=1-67891233-abcdef012345678912345678", "1-67891233-abcdef012345678912345678"),
        (
            "Self=1-67891233-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678;x=y",
            "1-67891233-abcdef012345678912345678",
        ),
        (None, None),
        ("", None),
        ("Root=evil\nline", None),
    ],
)
def test_request_id(header: str | None, expected: str | None) -> None:
    found = request_id_of(header)
    if expected is not None:
        assert found == expected
    else:
        assert re.fullmatch("[0-9a-f]{32}", found)


def test_log_lines_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr("sys.stdout", output)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    token = app_logging.request_id.set("1-2-3")
    try:
        app_logging.configure("INFO", version="1.2", slot="")
        log = logging.getLogger("flaskapp.test")
        log.debug("not shown")
        log.info("two\nlines", extra={"path": "/x"})
        try:
            raise ValueError("why")
        except ValueError:
            log.exception("failed")
    finally:
        app_logging.request_id.reset(token)
        logging.captureWarnings(False)
        root.handlers[:], root.level = before
    first, second = (json.loads(line) for line in output.getvalue().splitlines())
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "INFO",
        "logger": "flaskapp.test",
        "message": "two\nlines",
        "version": "1.2",
        "path": "/x",
        "request_id": "1-2-3",
    }
    assert "ValueError: why" in second["error"]
