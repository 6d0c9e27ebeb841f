"""The plan of an OIDC provider as a table, and what its actions predict."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found
from ansible_collections.flaskops.eks.plugins.module_utils.iam import oidc_provider

HOST = "oidc.eks.eu-west-1.amazonaws.com/id/A1"
STS = "sts.amazonaws.com"


def wanted(**options: Any) -> oidc_provider.WantedProvider:
    return oidc_provider.WantedProvider(**{"url": f"https://{HOST}", "client_ids": [STS], **options})


def there(*client_ids: str, **tags: str) -> dict[str, Any]:
    return {"arn": "arn:p", "url": HOST, "client_ids": list(client_ids), "tags": tags}


CASES: dict[str, tuple[oidc_provider.WantedProvider, Found, list[str]]] = {
    "new": (wanted(), None, [f"create OIDC provider {HOST}"]),
    "equal": (wanted(tags={"a": "1"}), there(STS, a="1"), []),
    "with a slash at the end": (wanted(url=f"https://{HOST}/"), there(STS), []),
    "nothing mentioned": (wanted(client_ids=None), there("other", a="1"), []),
    "another audience": (wanted(), there("other"), [f"add client id {STS}", "remove client id other"]),
    "one more": (wanted(client_ids=[STS, "b", "c"]), there(STS), ["add client id b", "add client id c"]),
    "in another order": (wanted(client_ids=[STS, "b"]), there("b", STS), []),
    "other tags": (wanted(tags={"a": "2"}), there(STS, a="1", b="1"), ["set tags a=2", "remove tags b"]),
    "to be deleted": (wanted(state="absent"), there(STS), [f"delete OIDC provider {HOST}"]),
    "gone": (wanted(state="absent"), None, []),
}


@pytest.mark.parametrize(("options", "found", "expected"), CASES.values(), ids=list(CASES))
def test_plan(options: oidc_provider.WantedProvider, found: Found, expected: list[str]) -> None:
    assert [str(action) for action in oidc_provider.plan(options, found)] == expected


@pytest.mark.parametrize(("options", "found", "expected"), CASES.values(), ids=list(CASES))
def test_after_the_predicted_actions_nothing_is_planned(
    options: oidc_provider.WantedProvider, found: Found, expected: list[str]
) -> None:
    for action in oidc_provider.plan(options, found):
        found = action.predict(found)
    assert oidc_provider.plan(options, found) == []
