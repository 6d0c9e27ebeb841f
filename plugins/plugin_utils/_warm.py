# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller imports once, so that every forked worker finds it imported.

Importing boto3 costs 0.3 s (0.9 s where no compiled files may be written), a client for EC2 0.3 s more (its service
model is megabytes of JSON), the Kubernetes client 0.5 to 1 s. Done in the parent these are paid once a run instead of
once a task. Nothing here opens a socket or reads a credential: the clients that are built here are given none that is
real, make no call and are dropped.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import re
import typing as t

import botocore.hooks
import botocore.loaders
import botocore.session

_MODELS: t.Final = ("service-2", "endpoint-rule-set-1", "waiters-2", "paginators-1")
_SHARED_DATA: t.Final = ("endpoints", "partitions", "_retry", "sdk-default-configuration")
_SERVICE = re.compile(
    r"\b(?:client|resource|connect)\((?:\w+,\s*)?[\"']([a-z0-9-]+)[\"']|\bservice: str = [\"']([a-z0-9-]+)[\"']"
)
_MODULE_UTILS = re.compile(
    r"^from (?:ansible_collections\.\w+\.\w+\.plugins\.module_utils)?\.([\w.]+) import", re.MULTILINE
)
_EXAMPLES: t.Final = frozenset({"modules"})
"""Files of amazon.aws that name services in examples only."""
_DEPTH: t.Final = 3
"""How far imports of module_utils are followed in search of services."""

_loaders: dict[t.Any, botocore.loaders.Loader] = {}
_create_loader = botocore.session.create_loader


def shared_loader(search_path_string: str | None = None) -> botocore.loaders.Loader:
    """One botocore loader a search path: it keeps every model that it has parsed, and its models are never changed."""
    if search_path_string not in _loaders:
        _loaders[search_path_string] = _create_loader(search_path_string)
    return _loaders[search_path_string]


class _SharedAliases(botocore.hooks.EventAliaser):  # type: ignore[misc]
    """Every session registers the same 130 handlers and works out the same event names; once is enough.

    A client's own hooks are a copy of its session's and get a copy of its aliases.
    """

    known: t.ClassVar[dict[str, str]] = {}

    def __init__(self, event_emitter: t.Any, event_aliases: t.Any = None) -> None:
        super().__init__(event_emitter, event_aliases)
        if event_aliases is None or event_aliases == botocore.hooks.EVENT_ALIASES:
            self._alias_name_cache = self.known


_known_accepts_kwargs = functools.cache(botocore.hooks.accepts_kwargs)
_asked_accepts_kwargs = botocore.hooks.accepts_kwargs


def _accepts_kwargs(function: t.Callable[..., t.Any]) -> t.Any:
    try:
        return _known_accepts_kwargs(function)
    except TypeError:  # a handler that cannot be hashed
        return _asked_accepts_kwargs(function)


@functools.cache
def share_loader() -> None:
    """Let every botocore session of this process and of its forks use the shared loader and the known event names."""
    botocore.session.create_loader = shared_loader
    botocore.session.EventAliaser = _SharedAliases
    # Whether a handler takes any keyword never changes either.
    botocore.hooks.accepts_kwargs = _accepts_kwargs
    botocore.session.Session()


@functools.cache
def warm_service(name: str) -> None:
    """Parse the models of one AWS service and build a client, so that the next one costs 0.02 s.

    Building one fills what botocore keeps for all of them: the methods' names, the events' names, compiled patterns.
    """
    loader = shared_loader()
    for model in _MODELS:
        # Called just as botocore calls it, for the cache is keyed by the form of the call. No service has all of them.
        with contextlib.suppress(Exception):
            loader.load_service_model(name, model, api_version=None)
    with contextlib.suppress(Exception):
        botocore.session.Session().create_client(
            name,
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",  # noqa: S106 - so that nothing looks for real ones
        )


@functools.cache
def warm_aws() -> None:
    """Import what every AWS module imports, and share the loader."""
    importlib.import_module("boto3")
    share_loader()
    for data in _SHARED_DATA:
        with contextlib.suppress(Exception):
            shared_loader().load_data(data)
    # Lazily imported by botocore when the first client is built and the first call is made.
    for name in (
        "botocore.httpsession",
        "botocore.signers",
        "botocore.handlers",
        "boto3.ec2.createtags",
        "http.client",
    ):
        importlib.import_module(name)
    with contextlib.suppress(ImportError):
        importlib.import_module("ansible_collections.amazon.aws.plugins.module_utils.modules")
    warm_service("sts")


@functools.cache
def warm_module(import_name: str) -> None:
    """Import one module (Python name) and read the models of the services that its source names."""
    if import_name.startswith("ansible_collections.kubernetes."):
        for name in ("kubernetes", "kubernetes.dynamic", "kubernetes.client"):
            importlib.import_module(name)
    else:
        warm_aws()
    module = importlib.import_module(import_name)
    for service in services_of(module):
        warm_service(service)


def services_of(module: t.Any, depth: int = _DEPTH) -> set[str]:
    """AWS services that the module's source, or the module_utils that it imports, create clients for."""
    found: set[str] = set()
    with contextlib.suppress(OSError, TypeError):
        source = inspect.getsource(module)
        found.update(name for names in _SERVICE.findall(source) for name in names if name)
        collection = ".".join(module.__name__.split(".")[:3])
        for name in set(_MODULE_UTILS.findall(source)) - _EXAMPLES if depth else ():
            with contextlib.suppress(ImportError):
                found |= services_of(importlib.import_module(f"{collection}.plugins.module_utils.{name}"), depth - 1)
    return found
