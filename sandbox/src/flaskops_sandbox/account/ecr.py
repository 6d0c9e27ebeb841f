"""ECR on top of a real registry: the API lists exactly the images in the registry.

Not emulated: rejecting a push to an IMMUTABLE tag (only PutImage rejects it), scans, untagged images in lists.
"""

from __future__ import annotations

import base64
import datetime
import functools
import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.responses import ECRResponse

from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.account.registry import USER, Registry, StoredImage
from flaskops_sandbox.instance import Instance

TOKEN_LIFETIME = datetime.timedelta(hours=12)


class RegistryImage(Image):
    """An image of the registry in moto's form."""

    def __init__(self, repository: Repository, stored: StoredImage) -> None:
        super().__init__(repository.account_id, "", stored.manifest, repository.name, stored.media_type, stored.digest)
        self.image_tags = sorted(stored.tags)
        self.image_tag = self.image_tags[-1] if self.image_tags else ""
        self.image_pushed_at = int(stored.pushed_at)
        self._size = stored.size

    def get_image_size_in_bytes(self) -> int:
        return self._size


def install(extensions: Extensions, instance: Instance, registry: Registry) -> None:
    """Let moto's ECR use the registry."""

    def find(self: Repository) -> list[Image]:
        return [RegistryImage(self, stored) for stored in registry.images(self.name)]

    def ignore(_self: Repository, _images: list[Image]) -> None:
        """Ignore the empty list that moto sets for a new repository."""

    def uri(original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def init(self: Repository, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            self.uri = f"{registry.address}/{self.name}"

        return init

    extensions.replace(Repository, "__init__", uri)
    extensions.replace(Repository, "images", lambda _: property(find, ignore))
    extensions.replace(ECRBackend, "delete_repository", functools.partial(_delete_repository, registry))
    extensions.replace(ECRBackend, "put_image", lambda _: functools.partialmethod(_put_image, registry))
    extensions.replace(
        ECRBackend, "batch_delete_image", lambda _: functools.partialmethod(_batch_delete_image, registry)
    )

    def get_authorization_token(_self: ECRResponse) -> ActionResult:
        return _authorization(instance, registry)

    extensions.replace(ECRResponse, "get_authorization_token", lambda _: get_authorization_token)


def _authorization(instance: Instance, registry: Registry) -> ActionResult:
    token = base64.b64encode(f"{USER}:{instance.registry_password()}".encode()).decode()
    data = {
        "authorizationToken": token,
        "expiresAt": datetime.datetime.now(datetime.UTC) + TOKEN_LIFETIME,
        "proxyEndpoint": f"https://{registry.address}",
    }
    return ActionResult({"authorizationData": [data]})


def _delete_repository(registry: Registry, original: Callable[..., Repository]) -> Callable[..., Repository]:
    @functools.wraps(original)
    def delete_repository(self: ECRBackend, repository_name: str, *args: Any, **kwargs: Any) -> Repository:
        repository = original(self, repository_name, *args, **kwargs)
        for stored in registry.images(repository_name):
            registry.delete(repository_name, stored.digest)
        return repository

    return delete_repository


def _put_image(
    self: ECRBackend, registry: Registry, repository_name: str, image_manifest: str, image_tag: str,
    image_manifest_mediatype: str | None = None, digest: str | None = None,
) -> Image:  # fmt: skip
    """Add a tag to an existing image, which promotes it without pulling."""
    del digest
    repository = _repository(self, repository_name)
    if repository.is_tag_immutable():
        self._resolve_image_tag_mutability(repository, image_tag)
    known = registry.image(repository_name, image_tag) if not image_manifest_mediatype else None
    media_type = image_manifest_mediatype or (known.media_type if known else _media_type(image_manifest))
    pushed = registry.tag(repository_name, image_manifest, media_type, image_tag)
    return next(image for image in repository.images if image.get_image_digest() == pushed)


def _media_type(manifest: str) -> str:
    return str(json.loads(manifest).get("mediaType", "application/vnd.oci.image.manifest.v1+json"))


def _repository(self: ECRBackend, name: str) -> Repository:
    if name not in self.repositories:
        raise RepositoryNotFoundException(name, self.account_id)
    return self.repositories[name]


def _batch_delete_image(
    self: ECRBackend, registry: Registry, repository_name: str, registry_id: str | None = None,
    image_ids: list[dict[str, str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Delete images. By digest: the image with all tags. By tag: the tag, and the image if it was the last tag."""
    del registry_id
    repository = _repository(self, repository_name)
    answer: dict[str, Any] = {"imageIds": [], "failures": []}
    for wanted in image_ids or []:
        digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
        found = next(
            (
                image
                for image in repository.images
                if digest in (None, image.get_image_digest()) and (tag is None or tag in image.image_tags)
            ),
            None,
        )
        if found is None or not (digest or tag):
            failure = {"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            answer["failures"].append(failure)
            continue
        gone = list(found.image_tags) if tag is None or len(found.image_tags) == 1 else [tag]
        if len(gone) == len(found.image_tags):
            registry.delete(repository_name, found.get_image_digest())
        else:
            registry.untag(repository_name, gone[0])
        answer["imageIds"] += [{"imageDigest": found.get_image_digest(), "imageTag": name} for name in gone]
    return answer
