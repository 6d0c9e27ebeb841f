"""Remove the remains of a container network after podman was killed while connecting a container.

podman commands do not remove them, because podman has no record of the container: bridge and route, one network
namespace per container, firewall rules (an old rule would forward the port of the next cluster to an unused address),
and the list of its DNS server. Seen with podman 4.3.1 and netavark 1.4.
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
    """Remove all remains after podman has removed the network of the instance."""
    for bridge in _bridges(instance):
        for namespace in _namespaces(bridge):
            run(["ip", "netns", "delete", namespace])
        run(["ip", "link", "delete", bridge])
    for command in firewall_commands(run(["iptables-save"]), instance.network, instance.network_subnet):
        run(command)
    (NAME_SERVER_LISTS / instance.network).unlink(missing_ok=True)


def _bridges(instance: Instance) -> list[str]:
    """Return the podman bridges with the first address of the instance's network."""
    gateway = str(next(ipaddress.ip_network(instance.network_subnet).hosts()))
    links = json.loads(run(["ip", "-json", "address", "show", "type", "bridge"]) or "[]")
    return [
        link["ifname"]
        for link in links
        if PODMANS_BRIDGE.fullmatch(link.get("ifname", ""))
        and gateway in [address.get("local") for address in link.get("addr_info", [])]
    ]


def _namespaces(bridge: str) -> list[str]:
    """Return the network namespaces linked to a bridge."""
    links = json.loads(run(["ip", "-json", "link", "show", "master", bridge]) or "[]")
    inside = {link["link_netnsid"] for link in links if "link_netnsid" in link}
    try:
        known = json.loads(run(["ip", "-json", "netns", "list-id"]) or "[]")
    except CommandError:  # it does not exist
        return []
    return [entry["name"] for entry in known if entry.get("nsid") in inside and entry.get("name")]


def firewall_commands(saved: str, network: str, subnet: str) -> list[list[str]]:
    """Return the commands that remove the rules and chains of a network from the firewall.

    Args:
        saved: The output of iptables-save.
        network: Name of the network, which netavark writes into the comments of published ports.
        subnet: Range of the network.

    Returns:
        Argument lists of iptables in order: a chain is removed after all rules that reference it.
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
