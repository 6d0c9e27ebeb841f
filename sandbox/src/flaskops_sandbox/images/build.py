"""Build programs, base images and the node image once per machine.

If a container registry is reachable, published images are pulled instead. This mode cannot be tested on a machine
without a registry, so it is kept small; see `registry_reached` and docs/sandbox.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flaskops_sandbox import pins, toolchain
from flaskops_sandbox.commands import LONG_SECONDS, CommandError, podman
from flaskops_sandbox.console import say, step
from flaskops_sandbox.images import debian
from flaskops_sandbox.images.archive import NOBODY, ProgramImage, write_archive
from flaskops_sandbox.instance import Instance

HERE = Path(__file__).resolve().parent
EXTERNAL_SECRETS = HERE.parent / "external_secrets"
REGISTRY_URL = "https://registry-1.docker.io/v2/"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

LOAD_BALANCER_CONTROLLER = ("public.ecr.aws/eks/aws-load-balancer-controller", f"v{pins.LOAD_BALANCER_CONTROLLER}")
METRICS_SERVER = ("registry.k8s.io/metrics-server/metrics-server", f"v{pins.METRICS_SERVER}")
DISTROLESS_NONROOT = 65532

OURS = re.compile(r"localhost/flaskops/[^:]+:.+|198\.18\.77\.\d+:5000/.+")
"""Images built by this project only: by `make up`, and by runs for the registry of an instance."""
KEEP_SECONDS = 24 * 3600
"""Another checkout may have other pins; it rebuilds its images within two minutes."""


@dataclass(frozen=True)
class Built:
    """The images as used by the rest of the sandbox and inventories/local."""

    node: str
    published: bool
    """Whether the node image is the published one of kind, with its own CNI."""
    python_base: str
    charts: dict[str, str]
    images: dict[str, dict[str, str]]
    to_push: dict[str, str]
    """Images for the registry of the instance: {repository: local image}. Nodes pull them when needed."""


def registry_reached() -> bool:
    """Whether the registry of Docker Hub is reachable, also through a proxy (401 counts: no login is made)."""
    try:
        with urllib.request.urlopen(REGISTRY_URL, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code == http.HTTPStatus.UNAUTHORIZED
    except (OSError, http.client.HTTPException):
        return False


def ensure(log: Path, *, published: bool) -> Built:
    """Build or pull missing images. Raises CommandError. A second call takes one or two seconds."""
    tools = toolchain.needed(published)
    missing = [tool for tool in tools if not tool.ready]
    if missing:
        total = sum(tool.usual_seconds for tool in missing)
        say(f"  {len(missing)} programs to build, once for this machine: about {total / 60:.0f} min on two cores")
    for tool in tools:
        toolchain.build(tool, log)
    built = _pulled(log) if published else _built(log)
    _prune(built)
    return built


def _prune(built: Built) -> None:
    """Remove unused images, programs and root file systems of older pins."""
    used = {built.node, built.python_base, debian.NODE.image, *built.to_push.values()}
    for name in Instance.names():
        with contextlib.suppress(FileNotFoundError):  # the instance never started, or has just ended
            facts = Instance.expected(name).facts()
            used |= {facts["node_image"], facts["images"]["python_base"]}
            for program in ("helm", "kubectl"):
                os.utime(Path(facts[program]).parent)
    rows = json.loads(podman("images", "--format", "json"))
    for image in stale_images(rows, used, time.time()):
        with contextlib.suppress(CommandError):  # a foreign container uses the image
            podman("rmi", image)
    toolchain.prune()


def stale_images(rows: Iterable[Mapping[str, Any]], used: set[str], now: float) -> list[str]:
    """Return the names of our unused images that are older than a day."""
    # podman lists a row per name, and each row contains all names.
    old = {name for row in rows if row["Created"] < now - KEEP_SECONDS for name in row.get("Names") or []}
    return sorted(name for name in old - used if OURS.fullmatch(name))


def _pulled(log: Path) -> Built:
    for image in (pins.PUBLISHED_NODE_IMAGE, pins.PUBLISHED_PYTHON_IMAGE):
        if not debian.image_exists(image):
            with step(f"pull {image}", 120):
                podman("pull", "--quiet", image, log=log, timeout=LONG_SECONDS)
    return Built(
        node=pins.PUBLISHED_NODE_IMAGE,
        published=True,
        python_base=pins.PUBLISHED_PYTHON_IMAGE,
        charts={},
        images={},
        to_push={},
    )


def _built(log: Path) -> Built:
    python_base = debian.ensure_image(debian.PYTHON, log)
    standin = _external_secrets_image(python_base, log)
    controller, metrics = LOAD_BALANCER_CONTROLLER, METRICS_SERVER
    return Built(
        node=_node_image(log),
        published=False,
        python_base=python_base,
        charts={
            "aws_load_balancer_controller": str(
                toolchain.module_folder(toolchain.LOAD_BALANCER_CONTROLLER, "sigs.k8s.io/aws-load-balancer-controller")
                / "helm/aws-load-balancer-controller"
            ),
            "metrics_server": str(
                toolchain.module_folder(toolchain.METRICS_SERVER, "sigs.k8s.io/metrics-server")
                / "charts/metrics-server"
            ),
            "external_secrets": str(EXTERNAL_SECRETS / "chart"),
        },
        images={
            "aws_load_balancer_controller": {"repository": controller[0], "tag": controller[1]},
            "metrics_server": {"repository": metrics[0], "tag": metrics[1]},
        },
        to_push={"external_secrets": standin},
    )


def _program_images(kube_proxy_base: Path) -> dict[str, list[ProgramImage]]:
    """Return the preloaded images by node role. Importing is slow, so each node gets only the images it may run."""
    kubernetes = toolchain.KUBERNETES
    version = f"v{pins.KUBERNETES}"
    control_plane = [
        ProgramImage(f"registry.k8s.io/{name}:{version}", {f"/usr/local/bin/{name}": kubernetes.program(name)})
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ]
    etcd = {"etcd": kubernetes.program("server"), "etcdctl": kubernetes.program("etcdctl")}
    etcd_programs = {f"/usr/local/bin/{name}": program for name, program in etcd.items()}
    control_plane.append(ProgramImage(f"registry.k8s.io/etcd:{pins.ETCD_TAG}", etcd_programs))
    every = [
        ProgramImage(
            f"registry.k8s.io/kube-proxy:{version}",
            {"/usr/local/bin/kube-proxy": kubernetes.program("kube-proxy")},
            base_layers=(kube_proxy_base,),
        ),
        _one_program("registry.k8s.io/coredns/coredns", pins.COREDNS_TAG, toolchain.COREDNS, "coredns", 0),
        _one_program("registry.k8s.io/pause", pins.PAUSE, toolchain.PAUSE, "pause", NOBODY),
    ]
    controller = toolchain.LOAD_BALANCER_CONTROLLER
    worker = [
        _one_program(*METRICS_SERVER, toolchain.METRICS_SERVER, "metrics-server", NOBODY),
        ProgramImage(
            ":".join(LOAD_BALANCER_CONTROLLER),
            {"/controller": controller.program("aws-load-balancer-controller")},
            entrypoint=("/controller",),
            user=DISTROLESS_NONROOT,
        ),
    ]
    return {"control-plane": control_plane, "every": every, "worker": worker}


def _one_program(repository: str, tag: str, tool: toolchain.Tool, program: str, user: int) -> ProgramImage:
    path = f"/{program}"
    return ProgramImage(f"{repository}:{tag}", {path: tool.program(program)}, entrypoint=(path,), user=user)


def _node_image(log: Path) -> str:
    base = debian.NODE
    pin = _digest(
        base.pin, debian.KUBE_PROXY.pin, *(tool.pin for tool in toolchain.NODE),
        *_texts(HERE / "node"), *_texts(HERE, "*.py"),
    )  # fmt: skip
    name = f"localhost/flaskops/node:v{pins.KUBERNETES}-{pin}"
    if debian.image_exists(name):
        return name
    base_image = debian.ensure_image(base, log)
    kube_proxy_base = debian.ensure_tarball(debian.KUBE_PROXY, log)
    with step("assemble the node image", 60), toolchain.scratch(toolchain.cache_root() / "node") as context:
        shutil.copytree(HERE / "node" / "files", context / "files")
        (context / "version").write_text(f"v{pins.KUBERNETES}")
        (context / "bin").mkdir()
        for program in ("kubelet", "kubeadm", "kubectl", "etcdctl"):
            shutil.copy2(toolchain.KUBERNETES.program(program), context / "bin" / program)
        for role, program_images in _program_images(kube_proxy_base).items():
            folder = context / "images" / role
            folder.mkdir(parents=True)
            for number, image in enumerate(program_images):
                write_archive(image, folder / f"{number:02d}.tar")
        podman(
            "build", "--quiet", "--build-arg", f"BASE={base_image}", "--file", HERE / "node" / "Containerfile",
            "--tag", name, context, log=log, timeout=LONG_SECONDS,
        )  # fmt: skip
    return name


def _external_secrets_image(python_base: str, log: Path) -> str:
    pin = _digest(python_base, *_texts(EXTERNAL_SECRETS))
    name = f"localhost/flaskops/external-secrets-standin:{pin}"
    if debian.image_exists(name):
        return name
    # Disable the layer cache, which would keep the first stage as an untagged image.
    arguments: list[str | Path] = ["--layers=false", "--network", "host", "--build-arg", f"BASE={python_base}"]
    if CA_BUNDLE.exists():
        # pip needs the CA bundle of the machine if the package index uses a private CA.
        arguments += ["--volume", f"{CA_BUNDLE}:/run/ca.crt:ro", "--build-arg", "PIP_CERT=/run/ca.crt"]
    with step("build the External Secrets stand-in", 40):
        podman(
            "build", "--quiet", *arguments, "--file", EXTERNAL_SECRETS / "Containerfile", "--tag", name,
            EXTERNAL_SECRETS, log=log, timeout=LONG_SECONDS,
        )  # fmt: skip
    return name


def _texts(folder: Path, pattern: str = "**/*") -> list[str]:
    """Return names and contents of the files of a directory, so that every change results in a new pin."""
    files = [path for path in sorted(folder.glob(pattern)) if path.is_file() and "__pycache__" not in path.parts]
    return [f"{path.relative_to(folder)}\0{path.read_text(encoding='utf-8')}" for path in files]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
