"""Fault injection, to test that a bad release stops automatically. Off unless FAULTS is set."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Faults:
    """The injected faults. Only `unready` affects the probes.

    delay: seconds added to every response. errors: percentage of responses that are 500. unready: /ready stays 503.
    exit: seconds after the start at which the process crashes. work: seconds added to each task of the worker.
    """

    delay: float = 0.0
    errors: float = 0.0
    unready: bool = False
    exit: float = 0.0
    work: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Parse `delay=0.5,errors=20,unready`. Raises ValueError that names the invalid part."""
        known = {item.name for item in fields(cls)}
        values: dict[str, float | bool] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = part.partition("=")
            if name not in known:
                raise ValueError(f"unknown fault {name!r} (known: {', '.join(sorted(known))})")
            if name == "unready":
                if equals:
                    raise ValueError("'unready' takes no value")
                values[name] = True
                continue
            try:
                number = float(value)
            except ValueError:
                number = -1.0
            if not 0 <= number <= (100 if name == "errors" else 3600):
                raise ValueError(f"{part!r} is not a number in range")
            values[name] = number
        return cls(**values)  # type: ignore[arg-type]

    def __str__(self) -> str:
        shown = [
            item.name if item.name == "unready" else f"{item.name}={getattr(self, item.name):g}"
            for item in fields(self)
            if getattr(self, item.name)
        ]
        return ",".join(shown)
