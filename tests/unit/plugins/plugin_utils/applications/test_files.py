"""Manifests as files."""

from __future__ import annotations

import yaml
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.files import manifest_files


def test_one_file_an_application_and_one_for_what_they_share() -> None:
    def item(kind: str, instance: str = "") -> dict[str, object]:
        labels = {"app.kubernetes.io/instance": instance} if instance else {"a": "b"}
        return {"kind": kind, "metadata": {"name": "x", "labels": labels}, "spec": {"ports": [80]}}

    items = [item("Namespace"), item("Service", "api"), item("Job", "shared"), item("Deployment", "api")]
    files = {entry["name"]: entry["content"] for entry in manifest_files(items)}
    assert list(files) == ["shared.yaml", "api.yaml"]
    assert [entry["kind"] for entry in yaml.safe_load_all(files["shared.yaml"])] == ["Namespace", "Job"]
    assert files["api.yaml"].startswith("---\nkind: Service\n") and "  ports:\n    - 80\n" in files["api.yaml"]
