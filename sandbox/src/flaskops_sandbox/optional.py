"""Controllers that an instance gets on request, because building them takes minutes that most runs need not pay.

`python -m flaskops_sandbox up external-dns` builds the program once a machine, pushes its image to the instance's
registry, and writes chart and image into instance.json, where inventories/local finds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from flaskops_sandbox import toolchain
from flaskops_sandbox.commands import LONG_SECONDS, podman
from flaskops_sandbox.console import say, step
from flaskops_sandbox.images import debian
from flaskops_sandbox.images.archive import ProgramImage, write_archive
from flaskops_sandbox.images.build import DISTROLESS_NONROOT, Built
from flaskops_sandbox.instance import Instance


@dataclass(frozen=True)
class Controller:
    """One program that becomes an image, and the Helm chart in its module."""

    tool: toolchain.Tool
    module: str
    chart: str
    """The chart's folder in the module."""

    @property
    def key(self) -> str:
        """Its name in instance.json: charts.<key> and images.<key>."""
        return self.tool.name.replace("-", "_")

    @property
    def image(self) -> str:
        """The name under which podman knows the image after `ensure`."""
        return f"localhost/flaskops/{self.tool.name}:v{self.tool.version}-{self.tool.pin}"

    @property
    def program_image(self) -> ProgramImage:
        """What the image holds."""
        path = f"/bin/{self.tool.name}"
        programs = {path: self.tool.program(self.tool.name)}
        return ProgramImage(self.image, programs, entrypoint=(path,), user=DISTROLESS_NONROOT)


CONTROLLERS = {
    controller.tool.name: controller
    for controller in (Controller(toolchain.EXTERNAL_DNS, "sigs.k8s.io/external-dns", "charts/external-dns"),)
}


def recorded(instance: Instance) -> list[str]:
    """The controllers that the instance was given before."""
    if not instance.facts_file.exists():
        return []
    charts = instance.facts()["charts"]
    return [name for name, controller in CONTROLLERS.items() if controller.key in charts]


def ensure(names: Iterable[str], built: Built, log: Path) -> Built:
    """`built` with these controllers, which are built when the cache does not hold them. Raises CommandError."""
    for name in sorted(set(names)):
        if built.published:
            say(f"  {name}: the published chart and image are used, so nothing is built")
            continue
        controller = CONTROLLERS[name]
        toolchain.build(controller.tool, log)
        if not debian.image_exists(controller.image):
            _make_image(controller, log)
        chart = toolchain.module_folder(controller.tool, controller.module) / controller.chart
        built = replace(
            built,
            charts={**built.charts, controller.key: str(chart)},
            to_push={**built.to_push, controller.key: controller.image},
        )
    return built


def _make_image(controller: Controller, log: Path) -> None:
    name = controller.tool.name
    with step(f"make the image of {name}", 5), toolchain.scratch(toolchain.cache_root() / f"{name}-image") as folder:
        archive = folder / "image.tar"
        write_archive(controller.program_image, archive)
        podman("load", "--quiet", "--input", archive, log=log, timeout=LONG_SECONDS)
