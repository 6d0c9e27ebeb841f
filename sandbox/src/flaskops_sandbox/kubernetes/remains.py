"""What podman leaves of a container network when it is killed while it connects a container.

Podman then knows neither container nor connection any more, so its own commands remove none of this: the bridge and
its route, a network namespace a container, the firewall's rules (an old one would lead the next cluster's port to an
address that nobody has), and the name server's list. Seen with podman 4.3.1 and netavark 1.4.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from pathlib import Path

from flaskops_sandbox.commands import CommandError, run
from flaskops_sandbox.instance import Instance

NAME_SERVER_LISTS = Path("/run/containers/networks/aardvark-dns")
PODMANS_BRIDGE = re.compile(r"podman[0-9]+")
NETWORKS_OWN_CHAIN = re.compile(r"NETAVARK-(DN-)?[0-9A-F]{6,}")


def remove(instance: Instance) -> None:
    """Remove what is there once podman itself has removed the instance's network. Nothing there is fine."""
    for bridge in _bridges(instance):
        for namespace in _namespaces(bridge):
            run(["ip", "netns", "delete", namespace])
        run(["ip", "link", "delete", bridge])
    for command in firewall_commands(run(["iptables-save"]), instance.network, instance.network_subnet):
        run(command)
    (NAME_SERVER_LISTS / instance.network).unlink(missing_ok=True)


def _bridges(instance: Instance) -> list[str]:
    """Names of podman's bridges that hold the first address of the instance's network."""
    gateway = str(next(ipaddress.ip_network(instance.network_subnet).hosts()))
    links = json.loads(run(["ip", "-json", "address", "show", "type", "bridge"]) or "[]")
    return [
        link["ifname"]
        for link in links
        if PODMANS_BRIDGE.fullmatch(link.get("ifname", ""))
        and gateway in [address.get("local") for address in link.get("addr_info", [])]
    ]


def _namespaces(bridge: str) -> list[str]:
    """Names of the network namespaces that a bridge's links lead into."""
    links = json.loads(run(["ip", "-json", "link", "show", "master", bridge]) or "[]")
    inside = {link["link_netnsid"] for link in links if "link_netnsid" in link}
    try:
        known = json.loads(run(["ip", "-json", "netns", "list-id"]) or "[]")
    except CommandError:  # there is none
        return []
    return [entry["name"] for entry in known if entry.get("nsid") in inside and entry.get("name")]


def firewall_commands(saved: str, network: str, subnet: str) -> list[list[str]]:
    """The commands that take a network's rules and chains out of the firewall.

    Args:
        saved: What iptables-save prints.
        network: The network's name, which netavark writes into the comments of published ports.
        subnet: Its range.

    Returns:
        Argument lists of iptables, in the order in which they can run: a chain goes when nothing leads to it any more.
    """
    rules: list[tuple[str, list[str]]] = []
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            words = shlex.split(line)
            if subnet in words or any(word.startswith(f"dnat name: {network} id: ") for word in words):
                rules.append((table, words[1:]))
    named = {(table, word) for table, words in rules for word in (words[0], words[-1])}
    chains = sorted(entry for entry in named if NETWORKS_OWN_CHAIN.fullmatch(entry[1]))
    outside = [(table, words) for table, words in rules if (table, words[0]) not in chains]
    return [
        *(["iptables", "-t", table, "-D", *words] for table, words in outside),
        *(["iptables", "-t", table, "-F", chain] for table, chain in chains),
        *(["iptables", "-t", table, "-X", chain] for table, chain in chains),
    ]
