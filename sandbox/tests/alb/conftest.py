"""A complete data plane per test: moto's ELBv2 in threads, the proxy and real targets, all on 127.0.0.0/8."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest
import requests
from aiohttp import web
from botocore.config import Config
from moto.elbv2.models import ELBv2Backend, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response
from moto.server import ThreadedMotoServer
from yarl import URL

from flaskops_sandbox import ca
from flaskops_sandbox.alb import elbv2_patches, target_health
from flaskops_sandbox.alb.discovery import Discovery
from flaskops_sandbox.alb.service import Service
from flaskops_sandbox.instance import Instance, write_private

_targets = itertools.count(10)


@dataclasses.dataclass
class Backend:
    """One target: an HTTP server that names itself, and whose behaviour the test changes while it runs."""

    name: str
    address: str = ""
    port: int = 0
    health_status: int = 200
    checks: int = 0
    requests: int = 0
    last_headers: dict[str, str] = dataclasses.field(default_factory=dict)
    runner: web.AppRunner | None = None

    async def start(self) -> Backend:
        application = web.Application()
        application.router.add_get("/status", self._status)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.runner = web.AppRunner(application, access_log=None, auto_decompress=False, shutdown_timeout=0.2)
        await self.runner.setup()
        self.address = f"127.91.1.{next(_targets)}"
        site = web.TCPSite(self.runner, self.address, 0)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        return self

    async def _status(self, request: web.Request) -> web.Response:
        self.checks += 1
        return web.Response(status=self.health_status)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.last_headers = dict(request.headers)
        body = await request.read()
        if request.path == "/slow":
            await asyncio.sleep(float(request.query["seconds"]))
        if request.path == "/drop":
            assert request.transport is not None
            request.transport.abort()
        if request.path == "/half":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b"half")
            assert request.transport is not None
            request.transport.abort()
            return response
        if request.path == "/echo":
            return web.Response(body=body, headers={"X-Length": request.headers.get("Content-Length", "chunked")})
        return web.json_response({"target": self.name, "path": request.raw_path})


class World:
    """What a test drives: the account's ELBv2 client, the targets, and an HTTP client that ignores DNS."""

    def __init__(self, instance: Any, elbv2: Any, network: dict[str, Any]) -> None:
        self.instance = instance
        self.elbv2 = elbv2
        self.network = network
        self.backends: list[Backend] = []
        self.client: aiohttp.ClientSession

    async def backend(self, name: str) -> Backend:
        started = await Backend(name).start()
        self.backends.append(started)
        return started

    def free_port(self) -> int:
        with socket.socket() as probe:
            probe.bind((self.instance.address, 0))
            return int(probe.getsockname()[1])

    def balancer(self, name: str = "web", **attributes: str) -> str:
        made = self.elbv2.create_load_balancer(
            Name=name, Subnets=self.network["subnets"], Scheme="internet-facing", Type="application"
        )
        arn = str(made["LoadBalancers"][0]["LoadBalancerArn"])
        if attributes:
            pairs = [{"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()]
            self.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=pairs)
        return arn

    def group(self, name: str, *backends: Backend, delay: int = 0, unhealthy: int = 2) -> str:
        made = self.elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=3000,
            VpcId=self.network["vpc"],
            TargetType="ip",
            HealthCheckPath="/status",
            HealthCheckIntervalSeconds=2,
            HealthCheckTimeoutSeconds=1,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=unhealthy,
            Matcher={"HttpCode": "200"},
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        self.elbv2.modify_target_group(TargetGroupArn=arn, HealthCheckIntervalSeconds=1)  # creating checks the range
        self.elbv2.modify_target_group_attributes(
            TargetGroupArn=arn,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}],
        )
        if backends:
            self.register(arn, *backends)
        return arn

    def register(self, group: str, *backends: Backend) -> None:
        targets = [{"Id": backend.address, "Port": backend.port} for backend in backends]
        self.elbv2.register_targets(TargetGroupArn=group, Targets=targets)

    def deregister(self, group: str, *backends: Backend) -> None:
        targets = [{"Id": backend.address, "Port": backend.port} for backend in backends]
        self.elbv2.deregister_targets(TargetGroupArn=group, Targets=targets)

    def listener(
        self, balancer: str, actions: list[dict[str, Any]], certificate: str = "", policy: str = ""
    ) -> tuple[str, int]:
        port = self.free_port()
        extra: dict[str, Any] = {"Certificates": [{"CertificateArn": certificate}]} if certificate else {}
        if policy:
            extra["SslPolicy"] = policy
        made = self.elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTPS" if certificate else "HTTP",
            Port=port,
            DefaultActions=actions,
            **extra,
        )
        return str(made["Listeners"][0]["ListenerArn"]), port

    def states(self, group: str) -> dict[str, tuple[str, str | None]]:
        """DescribeTargetHealth by the target's name: (state, reason)."""
        names = {(backend.address, backend.port): backend.name for backend in self.backends}
        described = self.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {
            names[item["Target"]["Id"], item["Target"]["Port"]]: (
                item["TargetHealth"]["State"],
                item["TargetHealth"].get("Reason"),
            )
            for item in described
        }

    def certificate(self, acm: Any, *names: str) -> str:
        """A certificate of the sandbox's CA in the account's ACM, stored as the account stores what it issues."""
        leaf, key, chain = ca.sign_pem(self.instance, names[0], list(names))
        arn = str(acm.import_certificate(Certificate=leaf, PrivateKey=key, CertificateChain=chain)["CertificateArn"])
        folder = self.instance.certs_dir / "acm" / arn.rpartition("/")[2]
        folder.mkdir(parents=True)
        (folder / "chain.pem").write_text(leaf + chain)
        write_private(folder / "key.pem", key)
        return arn

    async def get(self, port: int, path: str = "/", host: str = "app.example.com", **options: Any) -> tuple[int, Any]:
        url = URL(f"http://{self.instance.address}:{port}{path}", encoded=True)
        headers = {"Host": host, **options.pop("headers", {})}
        async with self.client.request(
            options.pop("method", "GET"), url, headers=headers, allow_redirects=False, **options
        ) as response:
            content = await response.read()
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            self.last_response = response
            return response.status, (await response.json() if is_json and content else content)

    async def until(self, what: Callable[[], bool | Awaitable[bool]], seconds: float = 15) -> None:
        """Wait for a state that the data plane reaches by itself."""
        async with asyncio.timeout(seconds):
            while True:
                found = what()
                if await found if isinstance(found, Awaitable) else found:
                    return
                await asyncio.sleep(0.1)

    async def serving(self, port: int, status: int = 200, **options: Any) -> None:
        async def answers() -> bool:
            try:
                return (await self.get(port, **options))[0] == status
            except aiohttp.ClientError:
                return False

        await self.until(answers)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def unpatched() -> Iterator[None]:
    """Take moto's corrections back afterwards, for tests that share this process."""
    kept = [(owner, dict(vars(owner))) for owner in (ELBv2Backend, ELBV2Response, FakeTargetGroup)]
    yield
    for owner, before in kept:
        for name, value in vars(owner).copy().items():
            if name not in before:
                delattr(owner, name)
            elif value is not before[name]:
                setattr(owner, name, before[name])


@pytest.fixture
def clients(moto_server: str, unpatched: None) -> Callable[[str], Any]:
    requests.post(f"{moto_server}/moto-api/reset", timeout=5)

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=moto_server,
            region_name="eu-west-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="example",
            # The tests check health faster than AWS allows.
            config=Config(parameter_validation=False),
        )

    return client


@pytest.fixture
def make_world(
    clients: Callable[[str], Any], moto_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], contextlib.AbstractAsyncContextManager[World]]:
    """An asynchronous context in which the data plane runs; 127.91.0.0/16 belongs to these tests."""
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path))
    base = Instance.make(f"t{uuid.uuid4().hex[:8]}")
    ca.ensure(base)

    class TestInstance(Instance):
        address = "127.91.0.1"  # type: ignore[assignment]

    instance = TestInstance(base.name, base.index)
    elbv2_patches.install(instance)
    target_health.install(instance)
    ec2 = clients("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in ((1, "a"), (2, "b"))
    ]

    @contextlib.asynccontextmanager
    async def running() -> AsyncIterator[World]:
        world = World(instance, clients("elbv2"), {"vpc": vpc, "subnets": subnets})
        stop = asyncio.Event()
        discovery = Discovery(moto_server, "eu-west-1", "AKIAEXAMPLE", "example")
        service = asyncio.create_task(Service(instance, discovery.read, poll_every=0.2).run(stop))
        async with aiohttp.ClientSession() as world.client:
            try:
                yield world
            finally:
                stop.set()
                await service
                for backend in world.backends:
                    assert backend.runner is not None
                    await backend.runner.cleanup()

    return running


@pytest.fixture
def acm(clients: Callable[[str], Any]) -> Any:
    return clients("acm")
