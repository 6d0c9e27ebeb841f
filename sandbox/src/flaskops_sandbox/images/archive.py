"""Write images of static programs as docker archives, without a container engine.

Format: Docker image specification v1.2 (manifest.json, a config, uncompressed layer tars), which containerd imports.
The image names are the published ones. The image store of the machine is not changed.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NOBODY = 65534


@dataclass(frozen=True)
class ProgramImage:
    """The content of one archive: programs by path in the image, on top of optional layer tars."""

    reference: str
    programs: Mapping[str, Path]
    entrypoint: Sequence[str] = ()
    user: int = 0
    base_layers: Sequence[Path] = field(default_factory=tuple)


def write_archive(image: ProgramImage, target: Path) -> None:
    """Write `image` to `target` atomically."""
    layers = [layer.read_bytes() for layer in image.base_layers] + [_program_layer(image.programs)]
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": list(image.entrypoint) or None,
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "User": str(image.user) if image.user else "",
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sha256(layer)}" for layer in layers]},
            "history": [{"created_by": "flaskops sandbox"} for _ in layers],
        }
    ).encode()
    names = [f"{_sha256(layer)}.tar" for layer in layers]
    config_name = f"{_sha256(config)}.json"
    manifest = [{"Config": config_name, "RepoTags": [image.reference], "Layers": names}]
    partial = target.with_suffix(".partial")
    with tarfile.open(partial, "w") as archive:
        for name, layer in dict(zip(names, layers, strict=True)).items():
            _add(archive, name, layer)
        _add(archive, config_name, config)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    partial.rename(target)


def _program_layer(programs: Mapping[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        layer.addfile(folder)
        for path, program in sorted(programs.items()):
            _add(layer, path.lstrip("/"), program.read_bytes(), mode=0o755)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
