"""Filters of the registry."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter import registry


def test_build_arguments_are_sorted_before_extra_flags() -> None:
    assert registry.build_flags({"B": "2", "A": "x y"}, extra=["--network", "host"]) == [
        "--build-arg",
        "A=x y",
        "--build-arg",
        "B=2",
        "--network",
        "host",
    ]


def test_platform_flag_is_optional() -> None:
    assert registry.build_flags({}, "linux/arm64", ["--pull"]) == ["--platform", "linux/arm64", "--pull"]
    assert registry.build_flags({}, "", ["--pull"]) == ["--pull"]


def tag(content: str = "c0ffee", platform: str = "linux/amd64", file: str = "Containerfile", **arguments: Any) -> str:
    return registry.image_tag(content, platform, file, arguments)


OTHERWISE_BUILT = {
    "content": tag("decaf"),
    "platform": tag(platform="linux/arm64"),
    "no platform": tag(platform=""),
    "Containerfile": tag(file="Containerfile.slim"),
    "base image": tag(BASE="python:3.13"),
    "another base image": tag(BASE="python:3.14"),
    "an argument under another name": tag(BASIS="python:3.13"),
    "an argument without a value": tag(DEBUG=""),
    "an argument that only begins like a proxy": tag(HTTP_PROXY_CLASS="x"),
}


def test_every_input_of_an_image_changes_its_tag() -> None:
    tags = [tag(), *OTHERWISE_BUILT.values()]
    assert len(set(tags)) == len(tags)
    assert all(registry.TAG.fullmatch(item) for item in tags)


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_CERT", "HTTPS_PROXY", "no_proxy"])
def test_package_access_does_not_change_the_tag(name: str) -> None:
    assert tag(**{name: "x"}) == tag(**{name: ""}) == tag()


def test_order_and_type_of_arguments_do_not_change_the_tag() -> None:
    assert tag(A="1", B="2") == tag(B="2", A=1)


def test_untagged_images_expire_by_age_and_others_by_count() -> None:
    untagged, tagged = registry.lifecycle_policy(keep=30, untagged_days=7)["rules"]
    assert (untagged["selection"]["tagStatus"], untagged["selection"]["countNumber"]) == ("untagged", 7)
    assert (tagged["selection"]["countType"], tagged["selection"]["countNumber"]) == ("imageCountMoreThan", 30)
    assert untagged["rulePriority"] < tagged["rulePriority"], "ECR wants the rule for any image last"


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("flask-dev/app", False),
        ("flask-dev/team/app", False),
        ("flask-dev", False),
        ("flask-dev-eu/app", True),
        ("flask-dev-app", True),
        ("flask-prod/app", True),
        ("flask/app", True),
        ("team/flask-dev/app", True),
        ("flask-app", True),
    ],
)
def test_first_part_of_the_name_decides_whether_a_repository_is_shared(name: str, shared: bool) -> None:
    assert registry.shared_repository(name, "flask-dev") is shared


def values(**changes: Any) -> dict[str, Any]:
    return {
        "name": "flask-dev/app",
        "image_tag": "",
        "build_arguments": {"BASE": "python"},
        "build_extra_flags": ["--network", "host"],
        "keep_images": 30,
        "untagged_days": 7,
        **changes,
    }


@pytest.mark.parametrize("changes", [{}, {"image_tag": "v1.2.3"}, {"name": "ab"}])
def test_usual_values_are_valid(changes: dict[str, Any]) -> None:
    assert registry.registry_problems(values(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"name": "Flask"}, "registry_name"),
        ({"name": "a"}, "registry_name"),
        ({"name": "a//b"}, "registry_name"),
        ({"image_tag": "feature/x"}, "registry_image_tag"),
        ({"build_arguments": {"DB_PASSWORD": "x"}}, "registry_build_arguments"),
        ({"keep_images": 0}, "registry_keep_images"),
        ({"untagged_days": 0}, "registry_untagged_days"),
    ],
)
def test_problems_name_the_variable(changes: dict[str, Any], variable: str) -> None:
    problems = registry.registry_problems(values(**changes))
    assert len(problems) == 1
    assert problems[0].startswith(variable)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "https://user:hunter2@pypi.example.com/simple"),
        ("PIP_INDEX_URL", "https://hunter2@pypi.example.com/simple"),
        ("PIP_INDEX_URL", "https://user:@hunter2.example.com/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://one.example.com/simple https://:hunter2@two.example.com/simple"),
        ("HTTPS_PROXY", "http://user:hunter2@proxy.example.com:3128"),
        ("https_proxy", "user:hunter2@proxy.example.com:3128"),
        ("PIP_PROXY", "user:hunter2@proxy.example.com:3128"),
        ("SOURCE", "git+ssh://git:hunter2@example.com/flask.git"),
    ],
)
def test_credentials_in_a_url_are_rejected_and_not_printed(name: str, value: str) -> None:
    (problem,) = registry.registry_problems(values(build_arguments={"BASE": "python", name: value}))
    assert problem.startswith(f"registry_build_arguments: {name} ")
    assert "pip.conf" in problem
    assert "hunter2" not in problem
    flags = ["--build-arg", f"{name}={value}", "--build-arg", f"AGAIN={value}"]
    said = registry.registry_problems(values(build_extra_flags=flags))
    assert len(said) == ("://" in value)
    assert not [problem for problem in said if "hunter2" in problem or not problem.startswith("registry_build_extra_f")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", ""),
        ("PIP_INDEX_URL", "https://pypi.example.com:8443/simple"),
        ("PIP_FIND_LINKS", "https://pypi.example.com/flask@2.tar.gz?of=me@example.com"),
        ("HTTPS_PROXY", "proxy.example.com:3128"),
        ("BASE", "registry.example.com:5000/python@sha256:26730869"),
        ("MAINTAINER", "ops@example.com"),
        ("SOURCE", "git+ssh://git@example.com/flask.git"),
        ("DEBUG", True),
    ],
)
def test_url_without_credentials_is_accepted(name: str, value: Any) -> None:
    flags = ["--build-arg", f"{name}={value}"]
    assert registry.registry_problems(values(build_arguments={name: value}, build_extra_flags=flags)) == []
