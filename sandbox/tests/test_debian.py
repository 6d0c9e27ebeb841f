"""Selection of the Debian mirror for base images."""

from __future__ import annotations

import pytest

from flaskops_sandbox.images import debian

DEB822 = "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm\n"
DOCKER = "deb [arch=amd64 signed-by=/k.asc] https://download.docker.com/linux/debian bookworm stable\n"


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({}, debian.DEFAULT_MIRROR),
        ({"sources.list": "deb http://a.test/debian bookworm main\n"}, "http://a.test/debian"),
        ({"sources.list.d/debian.sources": DEB822}, "http://mirror.test/debian"),
        ({"sources.list.d/docker.list": DOCKER}, debian.DEFAULT_MIRROR),
        (
            {"sources.list.d/docker.list": DOCKER, "sources.list": "deb [x=y] http://a.test/debian/ bookworm main\n"},
            "http://a.test/debian/",
        ),
        ({"sources.list.d/old.list.save": "deb http://gone.test/debian buster main\n"}, debian.DEFAULT_MIRROR),
    ],
)
def test_mirror_is_the_debian_source(files, mirror, tmp_path, monkeypatch):
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(debian, "APT_FOLDER", tmp_path)
    assert debian.mirror() == mirror
