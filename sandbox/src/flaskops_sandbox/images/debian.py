"""Build base images from Debian packages with mmdebstrap, from the configured mirror of this machine."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from flaskops_sandbox import pins
from flaskops_sandbox.commands import LONG_SECONDS, podman, run
from flaskops_sandbox.console import step
from flaskops_sandbox.toolchain import cache_root, scratch

APT_FOLDER = Path("/etc/apt")
DEFAULT_MIRROR = "http://deb.debian.org/debian"
MIRROR = re.compile(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(?!\S*/linux/debian)(\S+/debian/?)(?:\s|$)", re.M)
"""URL of a Debian source. It does not match third-party repositories such as Docker's (/linux/debian)."""


@dataclass(frozen=True)
class DebianBase:
    """One root file system: a suite, a variant of mmdebstrap and the packages in it."""

    name: str
    suite: str
    variant: str
    packages: tuple[str, ...]
    usual_seconds: float

    @property
    def pin(self) -> str:
        text = "\0".join((self.suite, self.variant, *self.packages))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def tarball(self) -> Path:
        return cache_root() / "debian" / f"{self.name}-{self.pin}.tar"

    @property
    def image(self) -> str:
        """The image name in podman after `ensure_image`."""
        return f"localhost/flaskops/{self.name}:{self.pin}"


NODE = DebianBase(
    name="node-base",
    suite=pins.NODE_SUITE,
    variant="minbase",
    packages=(
        "systemd", "systemd-sysv", "dbus", "containerd", "runc", "iptables", "nftables", "iproute2", "conntrack",
        "socat", "ethtool", "kmod", "mount", "procps", "hostname", "containernetworking-plugins", "jq", "curl",
        "ca-certificates", "util-linux", "ipset", "netbase",
    ),
    usual_seconds=70,
)  # fmt: skip
PYTHON = DebianBase(
    name="python-base",
    suite=pins.PYTHON_SUITE,
    variant="apt",
    packages=("python3", "python3-venv", "ca-certificates"),
    usual_seconds=65,
)
KUBE_PROXY = DebianBase(
    name="kube-proxy-base",
    suite=pins.NODE_SUITE,
    variant="extract",
    packages=("nftables", "iptables", "conntrack"),
    usual_seconds=15,
)


def mirror() -> str:
    """Return the Debian mirror of the apt sources, else the public one."""
    folder = APT_FOLDER / "sources.list.d"
    more = [*sorted(folder.glob("*.sources")), *sorted(folder.glob("*.list"))]
    for source in [APT_FOLDER / "sources.list", folder / "debian.sources", *more]:
        if source.is_file():
            found = MIRROR.search(source.read_text())
            if found:
                return found.group(1)
    return DEFAULT_MIRROR


def ensure_tarball(base: DebianBase, log: Path) -> Path:
    """Return the root file system as a tar in the cache; build it if missing. Raises CommandError."""
    if base.tarball.exists():
        os.utime(base.tarball)  # for toolchain.prune
        return base.tarball
    with (
        scratch(base.tarball) as folder,
        step(f"make {base.name} from Debian {base.suite} packages", base.usual_seconds),
    ):
        partial = folder / "root.tar"
        run(
            [
                # Use a mount namespace, so that a killed build leaves no /sys and /dev mounts behind.
                "unshare", "--mount",
                "mmdebstrap", f"--variant={base.variant}", "--mode=root", f"--include={','.join(base.packages)}",
                base.suite, partial, f"deb {mirror()} {base.suite} main",
            ],
            env={**os.environ, "TMPDIR": str(folder)},
            log=log,
            timeout=LONG_SECONDS,
        )  # fmt: skip
        partial.rename(base.tarball)
    return base.tarball


def ensure_image(base: DebianBase, log: Path) -> str:
    """Import the root file system as a podman image and return its name."""
    if not image_exists(base.image):
        podman("import", ensure_tarball(base, log), base.image, log=log, timeout=LONG_SECONDS)
    return base.image


def image_exists(name: str) -> bool:
    """Whether podman has an image with this name."""
    return bool(podman("images", "--quiet", "--filter", f"reference={name}").strip())
