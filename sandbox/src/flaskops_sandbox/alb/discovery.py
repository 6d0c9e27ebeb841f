"""Reads ELBv2 of the account with the public API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config

from flaskops_sandbox.alb import model

# Attributes change rarely. Reading them in every round would double the number of API calls.
ATTRIBUTES_EVERY = 5

# Identifies this poller in the call log.
USER_AGENT = "flaskops-sandbox-alb"


class Discovery:
    """One reader of ELBv2. `read` blocks, so it is called from a thread.

    The attributes of load balancers and target groups are kept between rounds; ARNs that disappear are forgotten.
    """

    def __init__(self, endpoint_url: str, region: str, access_key: str, secret_key: str) -> None:
        self._client: Any = boto3.client(
            "elbv2",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                user_agent_extra=USER_AGENT,
                connect_timeout=2,
                read_timeout=10,
                retries={"total_max_attempts": 1},
                proxies={},  # the account is on this machine, whatever proxy the environment names
            ),
        )
        self._attributes: dict[str, dict[str, str]] = {}
        self._round = 0

    def read(self) -> model.Snapshot:
        """Return the current state of ELBv2. Raises errors of botocore if the account does not respond."""
        known = {} if self._round % ATTRIBUTES_EVERY == 0 else self._attributes
        self._round += 1
        self._attributes = {}
        balancers = tuple(
            self._load_balancer(balancer, known)
            for balancer in self._pages("describe_load_balancers", "LoadBalancers")
            if balancer.get("Type", "application") == "application"
        )
        groups = [self._target_group(group, known) for group in self._pages("describe_target_groups", "TargetGroups")]
        return model.Snapshot(balancers, {group.arn: group for group in groups})

    def _pages(self, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator(operation).paginate(**arguments):
            yield from page[key]

    def _load_balancer(self, balancer: Mapping[str, Any], known: Mapping[str, dict[str, str]]) -> model.LoadBalancer:
        arn = balancer["LoadBalancerArn"]
        attributes = known.get(arn) or _attributes(
            self._client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        )
        self._attributes[arn] = attributes
        listeners = [
            self._listener(listener)
            for listener in self._pages("describe_listeners", "Listeners", LoadBalancerArn=arn)
            if listener.get("Protocol") in ("HTTP", "HTTPS")
        ]
        return model.parse_load_balancer(balancer, attributes, listeners)

    def _listener(self, listener: Mapping[str, Any]) -> model.Listener:
        arn = listener["ListenerArn"]
        rules = list(self._pages("describe_rules", "Rules", ListenerArn=arn))
        certificates: list[dict[str, Any]] = []
        if listener["Protocol"] == "HTTPS":
            certificates = list(self._pages("describe_listener_certificates", "Certificates", ListenerArn=arn))
        return model.parse_listener(listener, rules, certificates)

    def _target_group(self, group: Mapping[str, Any], known: Mapping[str, dict[str, str]]) -> model.TargetGroup:
        arn = group["TargetGroupArn"]
        attributes = known.get(arn) or _attributes(
            self._client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
        )
        self._attributes[arn] = attributes
        described = self._client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return model.parse_target_group(group, attributes, registered(described))


def _attributes(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}


def registered(described: list[dict[str, Any]]) -> list[model.Target]:
    """Return the registered targets of a DescribeTargetHealth result, without draining ones."""
    return [
        model.Target(item["Target"]["Id"], int(item["Target"]["Port"]))
        for item in described
        if item["TargetHealth"]["State"] != "draining" and item["TargetHealth"].get("Reason") != "Target.NotRegistered"
    ]
