"""Only the firewall rules of one container network are removed."""

from __future__ import annotations

import json

import pytest

from flaskops_sandbox.commands import CommandError
from flaskops_sandbox.instance import Instance
from flaskops_sandbox.kubernetes import remains

INSTANCE = Instance("one", 3)
OURS = "NETAVARK-81E33704D87A2"
SAVED = f"""*filter
:FORWARD ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
-A NETAVARK_FORWARD -s 172.30.3.0/24 -j ACCEPT
-A NETAVARK_FORWARD -s 172.30.30.0/24 -j ACCEPT
COMMIT
*nat
-A POSTROUTING -s 172.30.3.0/24 -j {OURS}
-A POSTROUTING -s 172.30.4.0/24 -j NETAVARK-0000000000000
-A {OURS} -d 172.30.3.0/24 -j ACCEPT
-A {OURS} ! -d 224.0.0.0/4 -j MASQUERADE
-A NETAVARK-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: flaskops-one id: f1" -j NETAVARK-DN-81E33704D87A2
-A NETAVARK-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: flaskops-one-2 id: f2" -j NETAVARK-DN-0000000000000
-A NETAVARK-HOSTPORT-MASQ -m comment --comment "netavark portfw masq mark" -m mark --mark 0x2000/0x2000 -j MASQUERADE
COMMIT
"""


def test_only_rules_and_chains_of_the_network_are_removed():
    commands = [" ".join(words) for words in remains.firewall_commands(SAVED, "flaskops-one", "172.30.3.0/24")]
    assert commands == [
        "iptables -t filter -D NETAVARK_FORWARD -s 172.30.3.0/24 -j ACCEPT",
        f"iptables -t nat -D POSTROUTING -s 172.30.3.0/24 -j {OURS}",
        "iptables -t nat -D NETAVARK-HOSTPORT-DNAT -p tcp -m comment --comment dnat name: flaskops-one id: f1 "
        "-j NETAVARK-DN-81E33704D87A2",
        f"iptables -t nat -F {OURS}",
        "iptables -t nat -F NETAVARK-DN-81E33704D87A2",
        f"iptables -t nat -X {OURS}",
        "iptables -t nat -X NETAVARK-DN-81E33704D87A2",
    ]
    assert remains.firewall_commands("", "flaskops-one", "172.30.3.0/24") == []


def bridge(name: str, address: str) -> dict[str, object]:
    return {"ifname": name, "addr_info": [{"local": address}]}


@pytest.mark.parametrize("namespaces", [[{"nsid": 0, "name": "netns-a"}, {"nsid": 1, "name": "netns-theirs"}], None])
def test_only_the_bridge_and_namespaces_of_the_instance_are_removed(namespaces, monkeypatch, tmp_path):
    done: list[str] = []
    bridges = [bridge("podman1", "172.30.3.1"), bridge("podman2", "172.30.4.1"), bridge("br0", "172.30.3.1")]

    def run(words: list[str]) -> str:
        asked = " ".join(words)
        if asked == "ip -json address show type bridge":
            return json.dumps(bridges)
        if asked == "ip -json link show master podman1":
            return json.dumps([{"ifname": "veth0", "link_netnsid": 0}, {"ifname": "tap0"}])
        if asked == "ip -json netns list-id":
            if namespaces is None:
                raise CommandError("none")
            return json.dumps(namespaces)
        if asked != "iptables-save":
            done.append(asked)
        return ""

    monkeypatch.setattr(remains, "run", run)
    monkeypatch.setattr(remains, "NAME_SERVER_LISTS", tmp_path)
    (tmp_path / "flaskops-one").touch()
    (tmp_path / "flaskops-two").touch()
    remains.remove(INSTANCE)
    assert done == [*(["ip netns delete netns-a"] if namespaces else []), "ip link delete podman1"]
    assert [path.name for path in tmp_path.iterdir()] == ["flaskops-two"]
