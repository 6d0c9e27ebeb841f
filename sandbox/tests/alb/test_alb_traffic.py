"""Real requests through the data plane, configured through the ELBv2 API as the controller would."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from flaskops_sandbox.alb import model
from flaskops_sandbox.alb.service import Service
from flaskops_sandbox.instance import Instance

MakeWorld = Callable[[], contextlib.AbstractAsyncContextManager[Any]]

HEALTHY = ("healthy", None)


def forward(*weights: tuple[str, int]) -> list[dict[str, Any]]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def fixed(status: int, text: str = "") -> list[dict[str, Any]]:
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": text}
    return [{"Type": "fixed-response", "FixedResponseConfig": config}]


def test_rules_redirects_and_what_targets_see(make_world: MakeWorld) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            one = await world.backend("one")
            group = world.group("one", one)
            balancer = world.balancer()
            redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
            _, http = world.listener(balancer, [{"Type": "redirect", "RedirectConfig": redirect}])
            listener, port = world.listener(balancer, fixed(404, "no such host"))
            host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["app.example.com"]}}
            made = world.elbv2.create_rule(
                ListenerArn=listener, Priority=1, Conditions=[host], Actions=forward((group, 1))
            )
            await world.until(lambda: world.states(group) == {"one": HEALTHY})

            status, _ = await world.get(http, "/tasks/7?page=2")
            assert status == 301
            assert world.last_response.headers["Location"] == "https://app.example.com:443/tasks/7?page=2"
            assert await world.get(port, host="other.example.com") == (404, b"no such host")
            status, answer = await world.get(
                port, "/a%20b/c?x=%2F", headers={"X-Forwarded-For": "1.2.3.4", "X-Amzn-Trace-Id": "Root=1-a-b"}
            )
            assert (status, answer) == (200, {"target": "one", "path": "/a%20b/c?x=%2F"})
            seen = one.last_headers
            assert seen["Host"] == "app.example.com"
            assert seen["X-Forwarded-For"] == "1.2.3.4, 127.0.0.1"
            assert (seen["X-Forwarded-Proto"], seen["X-Forwarded-Port"]) == ("http", str(port))
            assert seen["X-Amzn-Trace-Id"].endswith(";Root=1-a-b")

            big = b"x" * 300_000
            assert await world.get(port, "/echo", method="POST", data=big) == (200, big)
            assert world.last_response.headers["X-Length"] == str(len(big))
            status, answer = await world.get(port, "/anything", method="HEAD")
            assert (status, answer) == (200, b"")

            world.elbv2.modify_rule(RuleArn=made["Rules"][0]["RuleArn"], Actions=fixed(503, "maintenance"))
            await world.serving(port, 503)
            world.elbv2.delete_listener(ListenerArn=listener)

            async def closed() -> bool:
                with contextlib.suppress(aiohttp.ClientError):
                    await world.get(port)
                    return False
                return True

            await world.until(closed)
            lines = (world.instance.log_dir / "alb-access.log").read_text().splitlines()
            carried = [json.loads(line) for line in lines if json.loads(line)["path"] == "/a%20b/c"]
            assert [(line["elb_status"], line["target_status"], line["target"]) for line in carried] == [
                (200, 200, f"{one.address}:{one.port}")
            ]
            assert "x=%2F" not in "".join(lines)

    asyncio.run(scenario())


def test_https_presents_the_certificate_of_the_name(make_world: MakeWorld, acm: Any) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            main = world.certificate(acm, "main.example.com")
            extra = world.certificate(acm, "extra.example.net", "*.wild.example.net")
            listener, port = world.listener(world.balancer(), fixed(200, "secure"), certificate=main)
            world.elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": extra}])

            policy = "ELBSecurityPolicy-TLS13-1-3-2021-06"
            _, strict = world.listener(world.balancer("strict"), fixed(200), certificate=main, policy=policy)

            async def protocol(to_port: int, highest: ssl.TLSVersion) -> str | None:
                context = ssl.create_default_context(cafile=str(world.instance.ca_file))
                context.maximum_version = highest
                try:
                    _, writer = await asyncio.open_connection(
                        world.instance.address, to_port, ssl=context, server_hostname="main.example.com"
                    )
                except (ssl.SSLError, ConnectionResetError):
                    return None
                writer.close()
                return str(writer.get_extra_info("ssl_object").version())

            async def names(server_name: str) -> set[str]:
                context = ssl.create_default_context(cafile=str(world.instance.ca_file))
                context.check_hostname = False
                _, writer = await asyncio.open_connection(
                    world.instance.address, port, ssl=context, server_hostname=server_name
                )
                found = writer.get_extra_info("peercert")["subjectAltName"]
                writer.close()
                return {value for _, value in found}

            async def has_both() -> bool:
                with contextlib.suppress(OSError):
                    return "extra.example.net" in await names("extra.example.net")
                return False

            await world.until(has_both)
            assert await names("main.example.com") == {"main.example.com"}
            assert "extra.example.net" in await names("a.wild.example.net")
            assert await names("unknown.org") == {"main.example.com"}
            assert await names("") == {"main.example.com"}, "no SNI at all"
            assert await protocol(strict, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
            old, strict_old = (
                await protocol(port, ssl.TLSVersion.TLSv1_2),
                await protocol(strict, ssl.TLSVersion.TLSv1_2),
            )
            assert (old, strict_old) == ("TLSv1.2", None)

            context = ssl.create_default_context(cafile=str(world.instance.ca_file))
            connector = aiohttp.TCPConnector(resolver=Pinned(world.instance.address), ssl=context)
            async with (
                aiohttp.ClientSession(connector=connector) as session,
                session.get(f"https://main.example.com:{port}/") as response,
            ):
                assert (response.status, await response.text()) == (200, "secure")

    asyncio.run(scenario())


class Pinned(aiohttp.abc.AbstractResolver):
    """Every name is one address, as curl's --resolve does it."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(self, host: str, port: int = 0, family: Any = None) -> list[Any]:
        return [
            {"hostname": host, "host": self._address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        ]

    async def close(self) -> None:
        return


def test_weights_round_robin_and_an_empty_group(make_world: MakeWorld) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            blue, blue_two, green = [await world.backend(name) for name in ("blue", "blue-two", "green")]
            blues, greens, nobody = (
                world.group("blue", blue, blue_two),
                world.group("green", green),
                world.group("none"),
            )
            listener, port = world.listener(world.balancer(), forward((blues, 80), (greens, 20)))
            await world.until(lambda: set((world.states(blues) | world.states(greens)).values()) == {HEALTHY})

            async def shares(count: int) -> collections.Counter[str]:
                return collections.Counter([(await world.get(port))[1]["target"] for _ in range(count)])

            seen = await shares(200)
            # 5 standard deviations of a fair draw (5.7 of 200 at 0.2).
            assert 12 <= seen["green"] <= 68
            assert abs(seen["blue"] - seen["blue-two"]) <= 1

            world.elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward((blues, 0), (greens, 100)))
            await asyncio.sleep(1.0)
            assert await shares(20) == {"green": 20}
            assert world.states(blues) == {"blue": HEALTHY, "blue-two": HEALTHY}, "weight 0 is still in use"

            world.elbv2.modify_listener(ListenerArn=listener, DefaultActions=forward((nobody, 1)))
            await world.serving(port, 503)
            await world.until(lambda: world.states(greens) == {"green": ("unused", "Target.NotInUse")})

    asyncio.run(scenario())


def test_health_changes_and_fail_open(make_world: MakeWorld) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            good, bad = await world.backend("good"), await world.backend("bad")
            bad.health_status = 500
            group = world.group("both", good, bad)
            assert world.states(group)["good"] == ("initial", "Elb.RegistrationInProgress")
            _, port = world.listener(world.balancer(), forward((group, 1)))
            mismatch = ("unhealthy", "Target.ResponseCodeMismatch")
            await world.until(lambda: world.states(group) == {"good": HEALTHY, "bad": mismatch})
            assert {(await world.get(port))[1]["target"] for _ in range(6)} == {"good"}

            good.health_status = 503
            await world.until(lambda: world.states(group) == {"good": mismatch, "bad": mismatch})
            assert {(await world.get(port))[1]["target"] for _ in range(6)} == {"good", "bad"}, "fails open"

            assert bad.runner is not None
            await bad.runner.cleanup()
            good.health_status = 200
            failed = ("unhealthy", "Target.FailedHealthChecks")
            await world.until(lambda: world.states(group) == {"good": HEALTHY, "bad": failed})

    asyncio.run(scenario())


def test_draining_keeps_requests_in_flight_up_to_the_delay(make_world: MakeWorld) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            old, new = await world.backend("old"), await world.backend("new")
            group = world.group("drain", old, delay=4)
            _, port = world.listener(world.balancer(), forward((group, 1)))
            await world.until(lambda: world.states(group) == {"old": HEALTHY})

            short = asyncio.create_task(world.get(port, "/slow?seconds=2"))
            long = asyncio.create_task(world.get(port, "/slow?seconds=20"))
            await world.until(lambda: old.requests == 2)
            world.register(group, new)
            world.deregister(group, old)
            draining = ("draining", "Target.DeregistrationInProgress")
            assert world.states(group)["old"] == draining, "the account knows at once"
            await world.until(lambda: world.states(group) == {"old": draining, "new": HEALTHY})
            assert {(await world.get(port))[1]["target"] for _ in range(6)} == {"new"}
            assert (await short)[0] == 200
            assert (await long)[0] == 502, "cut off when the delay is over"
            await world.until(lambda: world.states(group) == {"new": HEALTHY})
            asked = [{"Id": old.address, "Port": old.port}]
            described = world.elbv2.describe_target_health(TargetGroupArn=group, Targets=asked)
            assert described["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"

            world.deregister(group, new)
            await world.serving(port, 503)
            world.register(group, new)
            await world.until(lambda: world.states(group) == {"new": HEALTHY})
            assert (await world.get(port))[1]["target"] == "new"

    asyncio.run(scenario())


def test_failures_of_targets(make_world: MakeWorld) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            one = await world.backend("one")
            group = world.group("one", one, unhealthy=9)
            balancer = world.balancer(idle_timeout__timeout_seconds="2")
            _, port = world.listener(balancer, forward((group, 1)))
            await world.until(lambda: world.states(group) == {"one": HEALTHY})

            assert (await world.get(port))[0] == 200  # leaves a kept connection to the target
            before = one.requests
            assert (await world.get(port, "/drop"))[0] == 502
            assert one.requests == before + 1, "no request is repeated, also on a kept connection"
            assert (await world.get(port, "/slow?seconds=5"))[0] == 504
            try:
                await world.get(port, "/half")
                broken_off = False
            except aiohttp.ClientPayloadError:
                broken_off = True
            assert broken_off, "a cut answer must not look whole"
            assert one.runner is not None
            await one.runner.cleanup()
            assert (await world.get(port))[0] == 502

    asyncio.run(scenario())


def test_one_port_has_one_owner(make_world: MakeWorld) -> None:
    async def scenario() -> None:
        async with make_world() as world:
            first, second = world.balancer("first"), world.balancer("second")
            _, port = world.listener(first, fixed(200, "first"))
            await world.serving(port)
            world.elbv2.create_listener(
                LoadBalancerArn=second, Protocol="HTTP", Port=port, DefaultActions=fixed(200, "second")
            )
            await asyncio.sleep(0.6)
            assert await world.get(port) == (200, b"first")
            world.elbv2.delete_load_balancer(LoadBalancerArn=first)

            async def is_second() -> bool:
                return await world.get(port) == (200, b"second")

            await world.until(is_second)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "trouble",
    [
        EndpointConnectionError(endpoint_url="http://127.91.0.9"),
        ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DescribeRules"),
        KeyError("Port"),
        ResponseParserError("no element found"),
    ],
)
def test_traffic_continues_while_the_api_is_down(
    trouble: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path))
    place = Instance.make("quiet")
    with socket.socket() as probe:
        probe.bind((place.address, 0))
        port = probe.getsockname()[1]
    rule = model.Rule("rule/default", model.DEFAULT_PRIORITY, (), model.FixedResponse(200, body="still here"))
    balancer = model.LoadBalancer("lb", "lb", listeners=(model.Listener("l", port, "HTTP", rules=(rule,)),))
    reads: list[int] = []

    def read() -> model.Snapshot:
        reads.append(1)
        if len(reads) > 1:
            raise trouble
        return model.Snapshot((balancer,), {})

    async def scenario() -> None:
        stop = asyncio.Event()
        service = asyncio.create_task(Service(place, read, poll_every=0.05).run(stop))
        async with asyncio.timeout(10):
            while len(reads) < 4:
                await asyncio.sleep(0.05)
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://{place.address}:{port}/") as response,
            ):
                assert (response.status, await response.text()) == (200, "still here")
            assert (place.run_dir / "target-health.json").exists()
            stop.set()
            await service
        assert not (place.run_dir / "target-health.json").exists()

    asyncio.run(scenario())
