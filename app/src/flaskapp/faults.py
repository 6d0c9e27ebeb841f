"""Misbehaviour on request, to prove that a release of a bad version stops by itself. Off unless FAULTS is set."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Faults:
    """What the process does wrong on purpose; never in the probes, except `unready`.

    delay: seconds that every answer takes longer. errors: percent of the answers that are 500. unready: /ready stays
    503. exit: seconds after the start at which the process ends with status 1. work: seconds that the worker takes
    longer for a task.
    """

    delay: float = 0.0
    errors: float = 0.0
    unready: bool = False
    exit: float = 0.0
    work: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read `delay=0.5,errors=20,unready`. Raises ValueError that says which part is wrong."""
        known = {item.name for item in fields(cls)}
        values: dict[str, float | bool] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = part.partition("=")
            if name not in known:
                raise ValueError(f"names the unknown fault {name!r} (known: {', '.join(sorted(known))})")
            if name == "unready":
                if equals:
                    raise ValueError("gives unready a value, which takes none")
                values[name] = True
                continue
            try:
                number = float(value)
            except ValueError:
                number = -1.0
            if not 0 <= number <= (100 if name == "errors" else 3600):
                raise ValueError(f"has {part!r}, which is not a number in range")
            values[name] = number
        return cls(**values)  # type: ignore[arg-type]

    def __str__(self) -> str:
        shown = [
            item.name if item.name == "unready" else f"{item.name}={getattr(self, item.name):g}"
            for item in fields(self)
            if getattr(self, item.name)
        ]
        return ",".join(shown)
