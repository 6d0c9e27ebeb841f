"""Programs from the Go module proxy: built once a machine, cached outside the checkout by their pins.

A build goes to a folder beside the final one and is renamed when it is whole, so a killed build leaves
nothing that looks finished; Go's own cache makes the next try short.
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

from flaskops_sandbox import pins
from flaskops_sandbox.commands import LONG_SECONDS, run
from flaskops_sandbox.console import step

HERE = Path(__file__).resolve().parent / "tools"
LINKER = "-s -w"
KEEP_DAYS = 30
"""What no run has used for so long goes: the programs and root file systems of older pins."""


def cache_root() -> Path:
    """Where built programs and images' inputs are kept for every checkout and instance of the machine."""
    return Path(os.environ.get("FLASKOPS_CACHE_ROOT", "/var/cache/flaskops-eks"))


@dataclass(frozen=True)
class Tool:
    """One Go build: a module of ours with `tool` directives, or one package at a version."""

    name: str
    version: str
    programs: tuple[str, ...]
    usual_seconds: float
    """Cold, on two cores."""
    package: str = ""
    module: str = ""
    linker: str = LINKER

    @property
    def pin(self) -> str:
        """Changes when anything that the build is made of changes."""
        inputs = [self.name, self.version, self.package, self.linker]
        if self.module:
            inputs += [path.read_text(encoding="utf-8") for path in sorted((HERE / self.module).glob("*"))]
        return hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        return cache_root() / "tools" / f"{self.name}-{self.version}-{self.pin}"

    @property
    def ready(self) -> bool:
        return all((self.folder / program).exists() for program in self.programs)

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

KUBECTL = replace(
    KUBERNETES, name="kubectl", package="k8s.io/kubernetes/cmd/kubectl", programs=("kubectl",), usual_seconds=90
)
NODE = (KUBERNETES, PAUSE, COREDNS, METRICS_SERVER, LOAD_BALANCER_CONTROLLER)
"""What a node image that is made here brings along."""


def needed(published: bool) -> tuple[Tool, ...]:
    """What must be built: where published images are pulled, only what runs on the machine itself."""
    return (KIND, HELM, KUBECTL) if published else (KIND, HELM, *NODE)


@contextlib.contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """A folder for what is being made, next to what it becomes. What killed builds left there goes first.

    The name is this process's: an orphan of a killed build may still be writing into its own.
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
    """Build one tool unless its pin is in the cache. Raises CommandError with Go's own words."""
    if tool.ready:
        os.utime(tool.folder)  # for `prune`
        return
    with scratch(tool.folder) as beside, step(f"build {tool.name} {tool.version} from source", tool.usual_seconds):
        environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(beside), "GOTOOLCHAIN": "local", "GOWORK": "off"}
        # A package at a version is built outside any module, or Go would read the nearest go.mod.
        where = HERE / tool.module if tool.module else beside
        what = (tool.package or "tool") if tool.module else f"{tool.package}@v{tool.version}"
        command = ["go", "install", "-buildvcs=false", "-ldflags", tool.linker, what]
        run(command, env=environment, cwd=where, log=log, timeout=LONG_SECONDS)
        shutil.rmtree(tool.folder, ignore_errors=True)
        beside.rename(tool.folder)


def prune() -> None:
    """Remove from the cache what no run has used for long."""
    before = time.time() - KEEP_DAYS * 24 * 3600
    for path in [*(cache_root() / "tools").glob("*"), *(cache_root() / "debian").glob("*")]:
        if path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def module_folder(tool: Tool, package: str) -> Path:
    """Where Go unpacked a module's source: charts and CRDs are read there, copied nowhere."""
    what, where = (package, HERE / tool.module) if tool.module else (f"{package}@v{tool.version}", cache_root())
    return Path(json.loads(run(["go", "mod", "download", "-json", what], cwd=where))["Dir"])


def kubectl() -> Path:
    """kubectl of the built Kubernetes, or the one that was built alone where images are pulled."""
    return (KUBERNETES if KUBERNETES.ready else KUBECTL).program("kubectl")
