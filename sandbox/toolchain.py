"""Programs from the Go module proxy: built once a machine, cached outside the checkout by their pins.

A build goes to a folder beside the final one and is renamed when it is whole, so a killed build leaves
nothing that looks finished; Go's own cache makes the next try short.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox import pins
from sandbox.commands import run
from sandbox.console import step

HERE = Path(__file__).resolve().parent / "tools"
LINKER = "-s -w"


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

ALWAYS = (KIND, HELM)
"""Needed on every machine; the rest only where no container registry is reached."""
WITHOUT_REGISTRY = (KUBERNETES, PAUSE, COREDNS, METRICS_SERVER, LOAD_BALANCER_CONTROLLER)


def build(tool: Tool, log: Path) -> None:
    """Build one tool unless its pin is in the cache. Raises CommandError with Go's own words."""
    if tool.ready:
        return
    # A name of this process's: an orphan of a killed build may still be writing into its own.
    for old in tool.folder.parent.glob(f"{tool.folder.name}.*.partial"):
        shutil.rmtree(old, ignore_errors=True)
    beside = tool.folder.with_name(f"{tool.folder.name}.{os.getpid()}.partial")
    beside.mkdir(parents=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(beside), "GOTOOLCHAIN": "local", "GOWORK": "off"}
    # A package at a version is built outside any module, or Go would read the nearest go.mod.
    where = HERE / tool.module if tool.module else beside
    what = tool.package or "tool"
    if not tool.module:
        what = f"{tool.package}@v{tool.version}"
    with step(f"build {tool.name} {tool.version} from source", tool.usual_seconds):
        run(["go", "install", "-buildvcs=false", "-ldflags", tool.linker, what], env=environment, cwd=where, log=log)
    shutil.rmtree(tool.folder, ignore_errors=True)
    beside.rename(tool.folder)


def module_folder(tool: Tool, package: str) -> Path:
    """Where Go unpacked a module's source: charts and CRDs are read there, copied nowhere."""
    if tool.module:
        text = run(["go", "list", "-m", "-json", package], cwd=HERE / tool.module)
        found = json.loads(text)
        found = found.get("Replace", found)
    else:
        text = run(["go", "mod", "download", "-json", f"{package}@v{tool.version}"], cwd=cache_root())
        found = json.loads(text)
    return Path(found["Dir"])


def kubectl() -> Path:
    """kubectl of the built Kubernetes; where images are pulled instead, the one on PATH."""
    if KUBERNETES.ready:
        return KUBERNETES.program("kubectl")
    found = shutil.which("kubectl")
    return Path(found or "kubectl")
