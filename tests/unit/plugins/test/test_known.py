"""Known and unknown values of a plan."""

import pytest
from ansible_collections.flaskops.eks.plugins.test.known import known


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("arn:aws:iam::123456789012:role/nodes", True),
        ("(known after apply)", False),
        ("(known after apply)/app:1", False),
        (["a", "b"], True),
        (["a", "(known after apply)"], False),
        ("", True),
        (443, True),
    ],
)
def test_known(value, expected):
    assert known(value) is expected
