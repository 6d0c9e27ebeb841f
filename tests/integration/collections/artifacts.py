"""Collections as artifacts: what Galaxy would deliver, installed into a folder of the test."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = Path(sys.executable).parent
BUNDLED = next((ROOT / ".venv" / "lib").glob("python3.*/site-packages/ansible_collections"))
DEPENDENCIES = ("amazon.aws", "community.aws", "containers.podman", "kubernetes.core")


def pack(collection: str, folder: Path) -> Path:
    """Pack a collection that the ansible package bundles as the artifact that Galaxy would deliver.

    The package leaves some files out, so the artifact lists those that are there.
    """
    source = BUNDLED / collection.replace(".", "/")
    manifest = json.loads((source / "MANIFEST.json").read_text())
    files = json.loads((source / "FILES.json").read_text())
    files["files"] = [entry for entry in files["files"] if (source / entry["name"]).exists()]
    listing = json.dumps(files).encode()
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listing).hexdigest()
    artifact = folder / f"{collection.replace('.', '-')}-{manifest['collection_info']['version']}.tar.gz"
    with tarfile.open(artifact, "w:gz", compresslevel=1) as archive:
        for name, content in (("MANIFEST.json", json.dumps(manifest).encode()), ("FILES.json", listing)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for entry in files["files"]:
            if entry["name"] != ".":
                archive.add(source / entry["name"], arcname=entry["name"], recursive=False)
    return artifact


def environment(collections_path: str, **more: str) -> dict[str, str]:
    """Environment in which Ansible finds no collection but those of `collections_path`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": collections_path,
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }


def install(artifacts: list[Path], folder: Path) -> None:
    """Install artifacts with their dependencies, all of which must be among them."""
    command = [PROGRAMS / "ansible-galaxy", "collection", "install", "--offline", "-p", folder, *artifacts]
    done = subprocess.run(command, env=environment(str(folder)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
