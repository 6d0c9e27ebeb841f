"""The inputs of the image: consistent pins, and a last build stage that installs nothing."""

from __future__ import annotations

import re
from pathlib import Path

APP = Path(__file__).parent.parent


def pins(path: Path) -> dict[str, str]:
    """Return the pinned versions of a requirements file by normalised name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\\n]+)", path.read_text(), re.MULTILINE)
    return {name.lower(): version for name, version in found}


def test_compiled_pins_are_those_of_the_input() -> None:
    wanted, compiled = pins(APP / "requirements.in"), pins(APP / "requirements.txt")
    assert len(wanted) >= 9
    assert {name: compiled.get(name) for name in wanted} == wanted
    assert "cryptography" in compiled


def test_every_pin_has_a_hash_and_no_index() -> None:
    text = (APP / "requirements.txt").read_text()
    blocks = [block for block in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE) if block[:1].isalpha()]
    assert len(blocks) == len(pins(APP / "requirements.txt"))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text


def test_last_stage_of_the_containerfile() -> None:
    lines = (APP / "Containerfile").read_text().splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    stage = "\n".join(lines[last:])
    assert "\nUSER 10001:10001\n" in stage and '\nENTRYPOINT ["flaskapp"]\n' in stage
    assert "PIP_" not in stage and "RUN " not in stage, "the last stage installs nothing"
    for name in ("title", "version", "revision", "created"):
        assert f"org.opencontainers.image.{name}=" in stage
