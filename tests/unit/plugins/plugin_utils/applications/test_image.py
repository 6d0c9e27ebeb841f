"""Which image an application runs, and which version it reports."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.images import version_of
from application_cases import API, DIGEST, WORKER, at, find, render

SHARED = f"registry.example.com/flask@{DIGEST}"
HEX = DIGEST.removeprefix("sha256:")


@pytest.mark.parametrize(
    ("image", "reference", "version"),
    [
        ({}, SHARED, "1.4.2"),
        ({"pull_policy": "Never"}, SHARED, "1.4.2"),
        ({"reference": "ghcr.io/shop/web:2.0"}, "ghcr.io/shop/web:2.0", "2.0"),
        ({"reference": f"localhost:5000/web@{DIGEST}"}, f"localhost:5000/web@{DIGEST}", HEX[:12]),
        ({"reference": "localhost:5000/web"}, "localhost:5000/web", "latest"),
        ({"repository": "ghcr.io/shop/web", "tag": "2.0"}, "ghcr.io/shop/web:2.0", "2.0"),
        ({"repository": "ghcr.io/shop/web", "digest": DIGEST}, f"ghcr.io/shop/web@{DIGEST}", HEX[:12]),
        ({"repository": "ghcr.io/shop/web", "tag": "2.0", "digest": DIGEST}, f"ghcr.io/shop/web@{DIGEST}", "2.0"),
        ({"tag": "1.5.0"}, "registry.example.com/flask:1.5.0", "1.5.0"),
    ],
    ids=[
        "shared",
        "policy only",
        "reference by tag",
        "reference by digest",
        "reference without either",
        "repository and tag",
        "repository and digest",
        "tag and digest",
        "another tag of the shared repository",
    ],
)
def test_reference_and_version(image: dict[str, Any], reference: str, version: str) -> None:
    manifests = render({**API, "image": image}, WORKER)
    deployment, worker = find(manifests, "Deployment"), find(manifests, "Deployment", "worker")
    assert at(deployment, "spec/template/spec/containers/0/image") == reference
    assert at(deployment, "spec/template/metadata/labels")["app.kubernetes.io/version"] == version
    assert at(deployment, "metadata/labels")["app.kubernetes.io/version"] == version
    assert find(manifests, "ConfigMap", "api")["data"]["APP_VERSION"] == version
    assert at(worker, "spec/template/spec/containers/0/image") == SHARED
    assert find(manifests, "ConfigMap", "worker")["data"]["APP_VERSION"] == "1.4.2"


def test_a_tag_before_a_digest_is_the_version() -> None:
    assert version_of(f"ghcr.io/shop/web:2.0@{DIGEST}") == "2.0"


def test_a_version_becomes_a_valid_label() -> None:
    labels = find(render(image={"version": "feature/x+1"}), "Deployment")["metadata"]["labels"]
    assert labels["app.kubernetes.io/version"] == "feature-x-1"
