"""List of changes from server-side apply."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils import _manifests as manifests
from ansible_collections.flaskops.eks.plugins.plugin_utils._redaction import redact

CONFIG: dict[str, t.Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "flask"},
    "data": {"LOG_LEVEL": "info"},
}


def outcome(
    result: dict[str, t.Any], item: dict[str, t.Any] = CONFIG, absent: bool = False, check_mode: bool = False
) -> tuple[dict[str, t.Any], str | None]:
    return manifests.outcome(item, result, absent=absent, check_mode=check_mode)


@pytest.mark.parametrize(
    "resources",
    [
        [CONFIG, CONFIG],
        {"apiVersion": "v1", "kind": "List", "items": [CONFIG, CONFIG]},
        [
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flask}\ndata: {LOG_LEVEL: info}\n"
            "---\n---\n"
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flask}\ndata: {LOG_LEVEL: info}\n"
        ],
    ],
)
def test_parse(resources: t.Any) -> None:
    """Lists, Kubernetes Lists and multi-document texts are equivalent."""
    assert manifests.parse(resources) == [CONFIG, CONFIG]


def test_namespace_goes_to_those_without() -> None:
    """Only to kinds that live in one."""
    objects = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flask"}},
        {"apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore", "metadata": {"name": "aws"}},
        CONFIG,
    ]
    namespaces = [item["metadata"].get("namespace") for item in manifests.parse(objects, "apps")]
    assert namespaces == ["apps", None, None, "flask"]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ("a: [", "not valid YAML at line"),
        ("- 1", "must be a Kubernetes object"),
        ([{"kind": "Pod"}], "Object 1 has no kind, apiVersion or metadata.name"),
        ([7], "not int"),
    ],
)
def test_invalid_manifests(resources: t.Any, message: str) -> None:
    """Says what is wrong."""
    with pytest.raises(manifests.ManifestError, match=message):
        manifests.parse(resources)


def test_created() -> None:
    """A whole object in the difference was not there before."""
    resource, error = outcome({"changed": True, "diff": {"before": {}, "after": {**CONFIG, "metadata": {"uid": "1"}}}})
    assert error is None
    assert (resource["action"], resource["kind"], resource["name"], resource["namespace"]) == (
        "create",
        "ConfigMap",
        "settings",
        "flask",
    )


@pytest.mark.parametrize(
    "diff",
    [
        {},
        {"before": {"metadata": {"resourceVersion": "1"}}, "after": {"metadata": {"resourceVersion": "2"}}},
        {
            "before": {"metadata": {"managedFields": [1]}},
            "after": {"metadata": {"managedFields": [2], "generation": 2}},
        },
        {"before": {"status": {"replicas": 1}}, "after": {"status": {"replicas": 2}}},
        {"before": {}, "after": {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "1"}}}},
    ],
    ids=["nothing", "version", "managers", "status", "a controller's annotation"],
)
def test_ignored_changes(diff: dict[str, t.Any]) -> None:
    """kubernetes.core says changed; the apply did nothing."""
    resource, _error = outcome({"changed": True, "diff": diff})
    assert resource["action"] == "none"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"data": {"LOG_LEVEL": "debug"}}, {"data": {"LOG_LEVEL": "info"}}),
        ({}, {"data": {"LOG_LEVEL": "info"}}),
        ({"data": {"OLD": "1"}}, {"data": {}}),
        (
            {"metadata": {"labels": {"a": "b"}, "resourceVersion": "1"}},
            {"metadata": {"labels": {}, "resourceVersion": "2"}},
        ),
    ],
    ids=["other value", "added", "removed", "label removed"],
)
def test_updated(before: dict[str, t.Any], after: dict[str, t.Any]) -> None:
    """What the manifest names, and what was taken away, counts."""
    resource, _error = outcome({"changed": True, "diff": {"before": before, "after": after}})
    assert resource["action"] == "update"
    assert "resourceVersion" not in str(resource["diff"])


def test_secret_is_hidden() -> None:
    """The values of a Secret are in no difference, whatever way they were written."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "flask"},
        "stringData": {"PASSWORD": "hunter2"},
    }
    created, _ = outcome(
        {"changed": True, "diff": {"before": {}, "after": {**secret, "data": {"PASSWORD": "aHVudGVyMg=="}}}}, secret
    )
    changed, _ = outcome(
        {
            "changed": True,
            "diff": {"before": {"data": {"PASSWORD": "b2xk"}}, "after": {"data": {"PASSWORD": "aHVudGVyMg=="}}},
        },
        secret,
    )
    planned = manifests.from_nothing(secret, absent=False, reason="")
    assert (created["action"], changed["action"], planned["action"]) == ("create", "update", "create")
    for word in ("hunter2", "aHVudGVyMg==", "b2xk"):
        assert word not in f"{created}{changed}{planned}"
    assert redact({"env": [{"adminPassword": "hunter2"}]}) == {"env": [{"adminPassword": "********"}]}


NO_NAMESPACE = {
    "msg": 'Failed to apply object: b\'{"kind":"Status","message":"namespaces \\"flask\\" not found","code":404}\''
}
NO_KIND = {"msg": "Failed to find exact match for external-secrets.io/v1.ExternalSecret by [kind, name, shortNames]"}
REFUSED = {
    "msg": 'Failed to apply object: b\'{"kind":"Status","message":"admission webhook \\"x\\" denied: no","code":403}\''
}


@pytest.mark.parametrize(
    ("error", "absent", "check_mode", "action", "refused"),
    [
        (NO_NAMESPACE, False, True, "create", None),
        (NO_NAMESPACE, False, False, "none", 'namespaces "flask" not found'),
        (NO_KIND, False, True, "create", None),
        (NO_KIND, True, False, "none", None),
        (NO_KIND, False, False, "none", "the cluster does not know v1 ConfigMap. Install its definition (CRD) first"),
        (REFUSED, False, True, "none", 'admission webhook "x" denied: no'),
    ],
)
def test_refused(error: dict[str, str], absent: bool, check_mode: bool, action: str, refused: str | None) -> None:
    """What is not there yet is planned in check mode only; any other refusal is an error in the server's words."""
    resource, message = outcome({"changed": False, "error": error}, absent=absent, check_mode=check_mode)
    assert (resource["action"], message) == (action, refused)


def test_placeholder_rejected_by_the_server() -> None:
    """An object that holds a placeholder may be refused; it is planned."""
    item = {**CONFIG, "spec": {"port": "(known after apply)"}}
    resource, error = outcome({"error": {"msg": "invalid"}}, item, check_mode=True)
    assert (resource["action"], error, resource["reason"]) == ("create", None, "an input is known after apply")


def test_deleted() -> None:
    """Deleting what is there is a change, deleting what is not there is none."""
    assert outcome({"changed": True, "method": "delete"}, absent=True)[0]["action"] == "delete"
    assert outcome({"changed": False, "method": "delete"}, absent=True)[0]["action"] == "none"


@pytest.mark.parametrize(("name", "action", "refused"), [("settings", "delete", False), ("other", "none", True)])
def test_what_goes_while_it_is_being_deleted_is_deleted(name: str, action: str, refused: bool) -> None:
    error = {"msg": f'HTTP response body: b\'{{"message":"configmaps \\"{name}\\" not found","code":404}}\''}
    resource, message = outcome({"changed": False, "error": error}, absent=True)
    assert (resource["action"], bool(message)) == (action, refused)


@pytest.mark.parametrize(
    ("deleted", "waited", "error"),
    [({}, {}, None), ({"error": "denied"}, {}, "denied"), ({}, {"error": "timed out"}, "timed out")],
)
def test_deletion_with_wait(deleted: dict[str, t.Any], waited: dict[str, t.Any], error: str | None) -> None:
    """It is a change by what it deleted, and an error by either."""
    result = manifests.after_wait({"changed": True, **deleted}, {"changed": False, **waited})
    assert (result["changed"], result["error"]) == (True, error)


def test_kept() -> None:
    """What stays is named with the reason."""
    resource = manifests.kept(CONFIG)
    assert (resource["action"], resource["name"], resource["diff"]) == ("kept", "settings", None)
    assert "switched off" in resource["reason"]
