"""Programs from the Go module proxy, built once per machine and cached outside the checkout by pin.

A build writes to a temporary directory that is renamed when it is complete, so a killed build leaves no incomplete
result. Go's own cache makes the next attempt short.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flaskops_sandbox import patches, pins
from flaskops_sandbox.commands import LONG_SECONDS, run
from flaskops_sandbox.console import step

HERE = Path(__file__).resolve().parent / "tools"
LINKER = "-s -w"
KEEP_DAYS = 30
"""Programs and root file systems that were not used for this long are removed."""


def cache_root() -> Path:
    """Return the build cache of all checkouts and instances of the machine."""
    return Path(os.environ.get("FLASKOPS_CACHE_ROOT", "/var/cache/flaskops-eks"))


@dataclass(frozen=True)
class Tool:
    """One Go build: a local module with `tool` directives, a package at a version, or a changed copy of a module."""

    name: str
    version: str
    programs: tuple[str, ...]
    usual_seconds: float
    """Duration of a cold build on two cores."""
    package: str = ""
    module: str = ""
    linker: str = LINKER
    copy_of: str = ""
    """The module that is copied and changed by the recipe in the folder `module` (see patches.py)."""
    go: str = ""
    """The Go release that builds it, from the module proxy; empty: the machine's."""

    @property
    def pin(self) -> str:
        """A hash that changes with every input of the build."""
        inputs = [self.name, self.version, self.package, self.linker]
        inputs += [text for text in (self.copy_of, self.go) if text]
        if self.module:
            inputs += [path.read_text(encoding="utf-8") for path in sorted((HERE / self.module).glob("*"))]
        return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        return cache_root() / "tools" / f"{self.name}-{self.version}-{self.pin}"

    @property
    def ready(self) -> bool:
        return all((self.folder / program).exists() for program in self.programs)

    @property
    def toolchain(self) -> str:
        """GOTOOLCHAIN of everything that Go does for this build."""
        return f"go{self.go}" if self.go else "local"

    def program(self, name: str) -> Path:
        return self.folder / name


VERSION_PACKAGE = "k8s.io/component-base/version"
MAJOR, MINOR, _ = pins.KUBERNETES.split(".")

KUBERNETES = Tool(
    name="kubernetes",
    version=pins.KUBERNETES,
    module="kubernetes",
    usual_seconds=540,
    programs=(
        "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy",
        "kubelet", "kubeadm", "kubectl", "server", "etcdctl",
    ),
    linker=(
        f"{LINKER} -X {VERSION_PACKAGE}.gitVersion=v{pins.KUBERNETES} -X {VERSION_PACKAGE}.gitMajor={MAJOR}"
        f" -X {VERSION_PACKAGE}.gitMinor={MINOR} -X {VERSION_PACKAGE}.gitTreeState=clean"
    ),
)  # fmt: skip
PAUSE = Tool(name="pause", version=pins.PAUSE, module="pause", programs=("pause",), usual_seconds=5, package=".")
KIND = Tool(name="kind", version=pins.KIND, package="sigs.k8s.io/kind", programs=("kind",), usual_seconds=15)
HELM = Tool(name="helm", version=pins.HELM, package="helm.sh/helm/v3/cmd/helm", programs=("helm",), usual_seconds=120)
COREDNS = Tool(
    name="coredns", version=pins.COREDNS, package="github.com/coredns/coredns", programs=("coredns",), usual_seconds=180
)
METRICS_SERVER = Tool(
    name="metrics-server",
    version=pins.METRICS_SERVER,
    package="sigs.k8s.io/metrics-server/cmd/metrics-server",
    programs=("metrics-server",),
    usual_seconds=120,
)
LOAD_BALANCER_CONTROLLER = Tool(
    name="aws-load-balancer-controller",
    version=pins.LOAD_BALANCER_CONTROLLER,
    module="load_balancer_controller",
    programs=("aws-load-balancer-controller",),
    usual_seconds=240,
)

EXTERNAL_DNS = Tool(
    name="external-dns",
    version=pins.EXTERNAL_DNS,
    module="external_dns",
    copy_of="sigs.k8s.io/external-dns",
    package=".",
    programs=("external-dns",),
    usual_seconds=480,
    linker=f"{LINKER} -X sigs.k8s.io/external-dns/pkg/apis/externaldns.Version=v{pins.EXTERNAL_DNS}",
    go="1.27.3",
)
"""Built on request only (optional.py)."""

KUBECTL = replace(
    KUBERNETES, name="kubectl", package="k8s.io/kubernetes/cmd/kubectl", programs=("kubectl",), usual_seconds=90
)
NODE = (KUBERNETES, PAUSE, COREDNS, METRICS_SERVER, LOAD_BALANCER_CONTROLLER)
"""Programs in a locally built node image."""


def needed(published: bool) -> tuple[Tool, ...]:
    """Return the tools to build. With published images, only programs that run on the machine itself are built."""
    return (KIND, HELM, KUBECTL) if published else (KIND, HELM, *NODE)


@contextlib.contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """Create a temporary directory beside the target, after removing those of killed builds.

    The name contains the pid, because an orphan of a killed build may still write into its directory.
    """
    for old in beside.parent.glob(f"{beside.name}.*.partial"):
        shutil.rmtree(old, ignore_errors=True)
    folder = beside.with_name(f"{beside.name}.{os.getpid()}.partial")
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def build(tool: Tool, log: Path) -> None:
    """Build a tool unless its pin is in the cache. Raises CommandError with the output of Go."""
    if tool.ready:
        os.utime(tool.folder)  # for `prune`
        return
    with scratch(tool.folder) as beside, step(f"build {tool.name} {tool.version} from source", tool.usual_seconds):
        environment = {
            **os.environ,
            "CGO_ENABLED": "0", "GOBIN": str(beside), "GOTOOLCHAIN": tool.toolchain, "GOWORK": "off",
        }  # fmt: skip
        with _sources(tool, beside) as where:
            what = (tool.package or "tool") if tool.module else f"{tool.package}@v{tool.version}"
            command = ["go", "install", "-buildvcs=false", "-ldflags", tool.linker, what]
            run(command, env=environment, cwd=where, log=log, timeout=LONG_SECONDS)
        shutil.rmtree(tool.folder, ignore_errors=True)
        beside.rename(tool.folder)


@contextlib.contextmanager
def _sources(tool: Tool, beside: Path) -> Iterator[Path]:
    """The folder in which Go builds the tool."""
    if tool.copy_of:
        with scratch(tool.folder.with_name(f"{tool.folder.name}-source")) as folder:
            patches.make_copy(module_folder(tool, tool.copy_of), HERE / tool.module, folder / "module")
            yield folder / "module"
    else:
        # Build packages outside of modules, or Go would read the nearest go.mod.
        yield HERE / tool.module if tool.module else beside


def prune() -> None:
    """Remove unused programs from the cache."""
    before = time.time() - KEEP_DAYS * 24 * 3600
    for path in [*(cache_root() / "tools").glob("*"), *(cache_root() / "debian").glob("*")]:
        if path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def module_folder(tool: Tool, package: str) -> Path:
    """Return the source directory of a module in Go's cache, from which charts and CRDs are read."""
    in_our_module = tool.module and not tool.copy_of
    what, where = (package, HERE / tool.module) if in_our_module else (f"{package}@v{tool.version}", cache_root())
    environment = {**os.environ, "GOTOOLCHAIN": tool.toolchain}
    return Path(json.loads(run(["go", "mod", "download", "-json", what], env=environment, cwd=where))["Dir"])


def kubectl() -> Path:
    """Return kubectl of the built Kubernetes, or the separately built one if images are pulled."""
    return (KUBERNETES if KUBERNETES.ready else KUBECTL).program("kubectl")
