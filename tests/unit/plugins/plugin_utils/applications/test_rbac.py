"""The ServiceAccount of an application, its Role and its RoleBinding."""

from __future__ import annotations

from application_cases import API, WORKER, find, render

RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]


def test_a_service_account_without_a_token() -> None:
    account = find(render(), "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert "annotations" not in account["metadata"]


def test_a_service_account_with_a_token_and_a_role_in_iam() -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/api"}
    own = {**API, "service_account": {"automount_token": True, "annotations": annotations}}
    account = find(render(own), "ServiceAccount")
    assert account["automountServiceAccountToken"] is True
    assert account["metadata"]["annotations"] == annotations


def test_rbac_only_when_it_is_enabled() -> None:
    manifests = render({**API, "rbac": {"enabled": True, "rules": RULES}}, WORKER)
    assert find(manifests, "Role")["rules"] == RULES
    binding = find(manifests, "RoleBinding")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "api", "namespace": "flask"}]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "api"}
    names = {item["metadata"]["name"] for item in manifests if item["kind"] in {"Role", "RoleBinding"}}
    assert names == {"api"}
