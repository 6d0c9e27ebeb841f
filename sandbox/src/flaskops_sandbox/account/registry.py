"""The image registry behind ECR: docker-registry with TLS from the sandbox CA and basic authentication.

HTTP API: https://distribution.github.io/distribution/spec/api/.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import secrets
import ssl
import string
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flaskops_sandbox import ca
from flaskops_sandbox.account.processes import Processes, answers
from flaskops_sandbox.instance import Instance, write_private

PROGRAM = "/usr/bin/docker-registry"
PORT = 5000
USER = "AWS"
NAME = "registry"
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


@dataclass
class StoredImage:
    """An image in the registry. `size`: bytes of configuration and layers, `pushed_at`: seconds since the epoch."""

    digest: str
    manifest: str
    media_type: str
    size: int
    pushed_at: float
    tags: list[str] = field(default_factory=list)


class RegistryError(Exception):
    """A request to the registry failed. The message contains the status."""


class Registry:
    """Starts the registry and sends requests to it."""

    def __init__(self, instance: Instance, processes: Processes, port: int = PORT) -> None:
        self.instance = instance
        self.processes = processes
        self.address = f"{instance.services_address}:{port}"
        self.port = port
        self.folder = instance.state_dir / "registry"

    def start(self) -> None:
        """Write the configuration and start the registry. Raises ProcessError."""
        chain, key = ca.issue(
            self.instance, "registry", ["registry.flaskops.internal"], [self.instance.services_address]
        )
        self.folder.mkdir(mode=0o700, exist_ok=True)
        password_file = self.folder / "htpasswd"
        write_private(password_file, f"{USER}:{bcrypt(self.instance.registry_password())}\n")
        config = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.folder / "data")},
                "delete": {"enabled": True},
                # No shared cache, so deleted manifests disappear immediately.
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {
                "addr": self.address,
                "secret": secrets.token_hex(16),
                "tls": {"certificate": str(chain), "key": str(key)},
            },
            "auth": {"htpasswd": {"realm": "sandbox", "path": str(password_file)}},
        }
        # JSON is valid YAML. The file contains a secret.
        config_file = self.folder / "config.yml"
        write_private(config_file, json.dumps(config, indent=2))
        self.processes.start(
            NAME, [PROGRAM, "serve", config_file], ready=lambda: answers(self.instance.services_address, self.port)
        )

    def images(self, repository: str) -> list[StoredImage]:
        """Return the tagged images of a repository, oldest first."""
        found: dict[str, StoredImage] = {}
        for tag in self._tags(repository):
            image = self.image(repository, tag)
            if image is not None:
                found.setdefault(image.digest, image).tags.append(tag)
        return sorted(found.values(), key=lambda image: image.pushed_at)

    def image(self, repository: str, reference: str) -> StoredImage | None:
        """Return the image of a tag or digest, without its tags; None if it does not exist."""
        try:
            headers, body = self._ask("GET", f"/v2/{repository}/manifests/{reference}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise RegistryError(f"the registry answered {error.code} for {repository}:{reference}") from error
        manifest = json.loads(body)
        parts = [*manifest.get("layers", []), *([manifest["config"]] if "config" in manifest else [])]
        return StoredImage(
            digest=headers["Docker-Content-Digest"],
            manifest=body.decode(),
            media_type=headers["Content-Type"],
            size=sum(int(part.get("size", 0)) for part in parts),
            pushed_at=self._pushed_at(repository, reference),
        )

    def tag(self, repository: str, manifest: str, media_type: str, tag: str) -> str:
        """Add a tag to an image, or push a manifest with existing layers. Return the digest."""
        try:
            headers, _ = self._ask("PUT", f"/v2/{repository}/manifests/{tag}", manifest.encode(), media_type)
        except urllib.error.HTTPError as error:
            raise RegistryError(f"the registry answered {error.code} to {repository}:{tag}") from error
        return str(headers["Docker-Content-Digest"])

    def delete(self, repository: str, digest: str) -> None:
        """Delete an image with all its tags."""
        with contextlib.suppress(urllib.error.HTTPError):  # already deleted
            self._ask("DELETE", f"/v2/{repository}/manifests/{digest}")

    def untag(self, repository: str, tag: str) -> None:
        """Remove one tag of several.

        The API of the registry can only delete whole images, so remove the link of the tag in its storage.
        """
        folder = self._tag_folder(repository, tag)
        for name in ("index", "current"):
            for path in sorted((folder / name).rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            (folder / name).rmdir()
        folder.rmdir()

    def _tags(self, repository: str) -> list[str]:
        try:
            _, body = self._ask("GET", f"/v2/{repository}/tags/list")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise RegistryError(f"the registry answered {error.code} for the tags of {repository}") from error
        return list(json.loads(body).get("tags") or [])

    def _tag_folder(self, repository: str, tag: str) -> Path:
        return self.folder / "data/docker/registry/v2/repositories" / repository / "_manifests/tags" / tag

    def _pushed_at(self, repository: str, reference: str) -> float:
        """Return the modification time of the file written by a push, because the API has no push time."""
        link = self._tag_folder(repository, reference) / "current" / "link"
        if reference.startswith("sha256:"):
            folder = self._tag_folder(repository, "").parent / "revisions/sha256"
            link = folder / reference.removeprefix("sha256:") / "link"
        return link.stat().st_mtime if link.exists() else 0.0

    def _ask(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> tuple[Any, bytes]:
        credentials = base64.b64encode(f"{USER}:{self.instance.registry_password()}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Accept": ", ".join(MANIFEST_TYPES)}
        if content_type:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(f"https://{self.address}{path}", data=body, headers=headers, method=method)
        context = ssl.create_default_context(cafile=str(self.instance.ca_file))
        with urllib.request.urlopen(request, timeout=15, context=context) as answer:
            return answer.headers, answer.read()


def bcrypt(password: str) -> str:
    """Return a bcrypt hash, the only type that the registry accepts, created with libcrypt."""
    alphabet = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
    salt = "$2b$05$" + "".join(alphabet[byte % 64] for byte in os.urandom(22))
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    hashed = library.crypt(password.encode(), salt.encode())
    if not hashed or not hashed.startswith(b"$2b$"):
        raise RegistryError("libcrypt cannot make bcrypt hashes")
    return str(hashed.decode())
