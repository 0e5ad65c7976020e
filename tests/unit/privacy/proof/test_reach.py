"""Connections that NetworkPolicies allow, by the API reference's sentences, and by a reference that only counts.

The reference below answers for one port of one address at a time, by trying; it shares no code with `reach`. That nodes
enforce what is computed here is the network plug-in's promise and is not shown.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reach import EVERY_PORT, Outsider, Pod, Ports, Reach, connections, selects, table

Object = dict[str, Any]
NAMESPACES = [
    {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, "team": team}}}
    for name, team in (("a", "x"), ("b", "x"), ("c", "y"))
]


def pod(name: str, namespace: str = "a", ip: str | None = None, **more: Any) -> Object:
    labels = more.pop("labels", {"app": name})
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "it", "ports": more.pop("ports", [])}], **more},
        "status": {"phase": "Running", **({"podIP": ip, "podIPs": [{"ip": ip}]} if ip else {})},
    }


def policy(namespace: str = "a", **spec: Any) -> Object:
    return {"metadata": {"name": "it", "namespace": namespace}, "spec": {"podSelector": {}, **spec}}


def seen(*policies: Object, pods: list[Object] | None = None, outsiders: list[Outsider] | None = None) -> list[str]:
    everyone = [pod("one"), pod("two"), pod("far", "b")] if pods is None else pods
    return table(connections(policies, NAMESPACES, everyone, outsiders or [])).splitlines()


def test_without_policies_everyone_reaches_everyone() -> None:
    pairs = [(a, b) for a in ("a/one", "a/two", "b/far") for b in ("a/one", "a/two", "b/far") if a != b]
    assert seen() == sorted(f"{a} → {b}: every port" for a, b in pairs)


def test_an_empty_policy_denies_what_comes_in_and_nothing_that_goes_out() -> None:
    assert seen(policy()) == ["a/one → b/far: every port", "a/two → b/far: every port"]


def test_policy_types_decide_and_an_egress_rule_alone_adds_its_type() -> None:
    closed = [["b/far → a/one: every port", "b/far → a/two: every port"]]
    assert [seen(policy(policyTypes=["Egress"]))] == closed
    assert seen(policy(policyTypes=["Ingress", "Egress"])) == []
    assert seen(policy(egress=[])) == seen(policy()), "an empty list is no egress rule"
    assert seen(policy(egress=[{}])) == ["a/one → b/far: every port", "a/two → b/far: every port"]
    assert seen(policy(egress=[{"to": [{"podSelector": {}}]}])) == [], "the rule bounds what goes out"


@pytest.mark.parametrize("rule", [{}, {"from": []}, {"ports": []}])
def test_what_is_missing_or_empty_in_a_rule_is_everyone_and_every_port(rule: Object) -> None:
    assert seen(policy(ingress=[rule])) == seen()


def test_both_sides_must_allow() -> None:
    out = policy(policyTypes=["Egress"], egress=[{"ports": [{"port": 80, "endPort": 90}]}])
    into = policy("b", ingress=[{"ports": [{"port": 85}, {"protocol": "UDP", "port": 85}]}])
    assert "a/one → b/far: TCP 85" in seen(out, into)


def test_a_pod_selector_alone_stays_in_its_namespace_and_with_a_namespace_selector_both_count() -> None:
    def reaching(peer: Object) -> list[str]:
        crowd = [pod("one"), pod("two"), pod("far", "b"), pod("two", "b", labels={"app": "two"})]
        found = seen(policy(podSelector={"matchLabels": {"app": "one"}}, ingress=[{"from": [peer]}]), pods=crowd)
        return [line.partition(" → ")[0] for line in found if " → a/one:" in line]

    assert reaching({"podSelector": {"matchLabels": {"app": "two"}}}) == ["a/two"]
    assert reaching({"podSelector": {}}) == ["a/two"]
    assert reaching({"namespaceSelector": {}}) == ["a/two", "b/far", "b/two"]
    assert reaching({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}}}) == ["b/far", "b/two"]
    both = {"namespaceSelector": {"matchLabels": {"team": "x"}}, "podSelector": {"matchLabels": {"app": "two"}}}
    assert reaching(both) == ["a/two", "b/two"]


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ["x"], {"k": "x"}, True),
        ("In", ["x"], {}, False),
        ("NotIn", ["x"], {"k": "x"}, False),
        ("NotIn", ["x"], {"k": "y"}, True),
        ("NotIn", ["x"], {}, True),
        ("Exists", [], {"k": ""}, True),
        ("Exists", [], {}, False),
        ("DoesNotExist", [], {"k": ""}, False),
        ("DoesNotExist", [], {}, True),
    ],
)
def test_match_expressions(operator: str, values: list[str], labels: dict[str, str], expected: bool) -> None:
    assert selects({"matchExpressions": [{"key": "k", "operator": operator, "values": values}]}, labels) is expected


def test_a_named_port_is_the_targets_own_and_addresses_have_none() -> None:
    rule = {"ports": [{"port": "http"}]}
    web = pod("web", ports=[{"name": "http", "containerPort": 8000}, {"name": "more", "containerPort": 9}])
    outside = [Outsider.of("lan", "10.0.0.0/8")]
    into = policy(podSelector={"matchLabels": {"app": "web"}}, ingress=[rule])
    assert "a/one → a/web: TCP 8000" in seen(into, pods=[pod("one"), web])
    out = policy(policyTypes=["Egress"], egress=[rule])
    assert seen(out, pods=[pod("one"), web], outsiders=outside) == [
        "a/one → a/web: TCP 8000",
        "lan → a/one: every port",
        "lan → a/web: every port",
    ]


def test_a_port_without_a_number_is_every_port_of_its_protocol() -> None:
    assert "a/two → a/one: every UDP port" in seen(policy(ingress=[{"ports": [{"protocol": "UDP"}]}]))


def test_a_block_lets_outsiders_in_but_for_what_is_excepted() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.0.0.0/16"]}}
    outside = [
        Outsider.of("excepted", "10.0.0.0/15"),
        Outsider.of("partly", "10.0.0.0/14"),
        Outsider.of("inside", "10.5.0.0/16"),
        Outsider.of("elsewhere", "8.8.8.8/32"),
    ]
    found = seen(policy(ingress=[{"from": [block]}]), pods=[pod("one")], outsiders=outside)
    into = [line.partition(" → ")[0] for line in found if line.endswith("a/one: every port")]
    assert into == ["inside", "partly"]


def test_a_block_that_holds_a_pods_address_holds_the_pod() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "10.0.0.0/16"}}], "ports": [{"port": 443}]}
    crowd = [pod("one", ip="10.0.0.1"), pod("two", ip="10.0.0.2"), pod("far", "b", ip="10.1.0.1")]
    found = seen(policy(podSelector={"matchLabels": {"app": "one"}}, policyTypes=["Egress"], egress=[rule]), pods=crowd)
    assert [line for line in found if line.startswith("a/one")] == ["a/one → a/two: TCP 443"]


def test_a_pod_on_its_nodes_network_is_bound_by_nothing_and_known_by_address_alone() -> None:
    host = pod("host", ip="10.0.0.9", hostNetwork=True)
    by_label = policy(ingress=[{"from": [{"podSelector": {}}]}], policyTypes=["Ingress", "Egress"])
    assert seen(by_label, pods=[pod("one"), host]) == []
    assert seen(policy(policyTypes=["Ingress", "Egress"]), pods=[host, pod("far", "b")]) == [
        "a/host → b/far: every port",
        "b/far → a/host: every port",
    ]
    by_address = policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.9/32"}}]}])
    assert "a/host → a/one: every port" in seen(by_address, pods=[pod("one"), host])


def test_pods_of_one_workload_are_one_party_and_those_that_ended_none() -> None:
    owned = pod("web-5d-x", labels={"app": "web", "pod-template-hash": "5d"})
    owned["metadata"]["ownerReferences"] = [{"controller": True, "name": "web-5d"}]
    done = pod("done") | {"status": {"phase": "Succeeded"}}
    assert seen(pods=[owned, pod("one"), done]) == ["a/one → a/web: every port", "a/web → a/one: every port"]


def test_the_ranges_that_a_pod_may_connect_to() -> None:
    rules = [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.128.0.0/9"]}}, {"podSelector": {}}]}]
    one = Pod.of(pod("one"))
    limited = Reach([policy(policyTypes=["Egress"], egress=rules)], NAMESPACES)
    assert limited.egress_blocks(one) == [ip_network("10.0.0.0/9")]
    assert Reach([policy()], NAMESPACES).egress_blocks(one) is None
    assert (
        Reach([policy(policyTypes=["Egress"], egress=[{"ports": [{"port": 1}]}])], NAMESPACES).egress_blocks(one)
        is None
    )


# A small world, in which every question can be tried: few labels, few ports, few addresses.
LABELS = st.dictionaries(st.sampled_from("kl"), st.sampled_from("xy"))
SELECTOR = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": LABELS,
        "matchExpressions": st.lists(
            st.builds(
                lambda key, operator: {"key": key, "operator": operator, "values": ["x"]},
                st.sampled_from("kl"),
                st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
            ),
            max_size=2,
        ),
    },
)
BLOCK = st.sampled_from(
    [
        {"cidr": "10.0.0.0/29"},
        {"cidr": "10.0.0.0/29", "except": ["10.0.0.4/30"]},
        {"cidr": "10.0.0.0/29", "except": ["10.0.0.0/30", "10.0.0.4/31"]},
        {"cidr": "10.0.0.4/30"},
        {"cidr": "10.0.0.1/32"},
        {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/29"]},
    ]
)
PEER = st.one_of(
    st.builds(lambda selector: {"podSelector": selector}, SELECTOR),
    st.builds(lambda selector: {"namespaceSelector": selector}, SELECTOR),
    st.builds(lambda one, other: {"namespaceSelector": one, "podSelector": other}, SELECTOR, SELECTOR),
    st.builds(lambda block: {"ipBlock": block}, BLOCK),
)
PORT = st.sampled_from(
    [
        {},
        {"port": 2},
        {"port": 1, "endPort": 2},
        {"port": 2, "endPort": 3, "protocol": "UDP"},
        {"port": "web"},
        {"port": "web", "protocol": "UDP"},
        {"protocol": "SCTP"},
    ]
)
RULE = st.fixed_dictionaries({}, optional={"peers": st.lists(PEER, max_size=2), "ports": st.lists(PORT, max_size=2)})
SPEC = st.fixed_dictionaries(
    {"podSelector": SELECTOR},
    optional={
        "policyTypes": st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
        "ingress": st.lists(RULE, max_size=2),
        "egress": st.lists(RULE, max_size=2),
    },
)


def spelled(spec: Object) -> Object:
    """Spec with `peers` under the key of each direction."""
    keys = {"ingress": "from", "egress": "to"}
    return {
        key: [{keys[key] if k == "peers" else k: v for k, v in rule.items()} for rule in value]
        if key in keys
        else value
        for key, value in spec.items()
    }


POLICY = st.builds(
    lambda namespace, spec: {"metadata": {"namespace": namespace}, "spec": spelled(spec)}, st.sampled_from("ab"), SPEC
)
POD = st.builds(
    lambda namespace, labels, ip, web, host: pod(
        "it", namespace, f"10.0.0.{ip}", labels=labels, ports=web, hostNetwork=host
    ),
    st.sampled_from("ab"),
    LABELS,
    st.integers(0, 7),
    st.sampled_from(
        [[], [{"name": "web", "containerPort": 3}], [{"name": "web", "containerPort": 1, "protocol": "UDP"}]]
    ),
    st.booleans(),
)


def tried(policies: list[Object], namespaces: dict[str, Object], a: Object, b: Object, kind: str, port: int) -> bool:
    """Attempt of one connection, from `a` to `b`, each a pod or {"ip": …}: both sides asked, one rule at a time."""

    def chosen(selector: Object, labels: Object) -> bool:
        for key, value in selector.get("matchLabels", {}).items():
            if key not in labels or labels[key] != value:
                return False
        for e in selector.get("matchExpressions", []):
            has, fits = e["key"] in labels, labels.get(e["key"]) in e["values"]
            answers = {"In": has and fits, "NotIn": not (has and fits), "Exists": has, "DoesNotExist": not has}
            if not answers[e["operator"]]:
                return False
        return True

    def on_host(party: Object) -> bool:
        return "spec" in party and bool(party["spec"].get("hostNetwork"))

    def ip(party: Object) -> Any:
        return ip_address(party["ip"] if "ip" in party else party["status"]["podIP"])

    def is_peer(peer: Object, home: str, party: Object) -> bool:
        if "ipBlock" in peer:
            holes = peer["ipBlock"].get("except", [])
            return ip(party) in ip_network(peer["ipBlock"]["cidr"]) and not any(
                ip(party) in ip_network(h) for h in holes
            )
        if "metadata" not in party or on_host(party):
            return False
        where = party["metadata"]["namespace"]
        near = chosen(peer["namespaceSelector"], namespaces[where]) if "namespaceSelector" in peer else where == home
        return near and chosen(peer.get("podSelector", {}), party["metadata"]["labels"])

    def is_port(entry: Object) -> bool:
        if entry.get("protocol", "TCP") != kind:
            return False
        wanted = entry.get("port")
        if isinstance(wanted, str):
            own = b["spec"]["containers"][0]["ports"] if "spec" in b else []
            return any(
                p["name"] == wanted and p.get("protocol", "TCP") == kind and p["containerPort"] == port for p in own
            )
        return wanted is None or int(wanted) <= port <= int(entry.get("endPort") or wanted)

    def lets(direction: str, party: Object, other: Object) -> bool:
        if "metadata" not in party or on_host(party):
            return True
        bound = False
        for each in policies:
            spec, home = each["spec"], each["metadata"]["namespace"]
            types = spec.get("policyTypes") or ["Ingress"] + (["Egress"] if spec.get("egress") else [])
            if home != party["metadata"]["namespace"] or direction not in types:
                continue
            if not chosen(spec["podSelector"], party["metadata"]["labels"]):
                continue
            bound = True
            for rule in spec.get(direction.lower(), []):
                peers = rule.get("from" if direction == "Ingress" else "to", [])
                ports = rule.get("ports", [])
                if (not peers or any(is_peer(p, home, other) for p in peers)) and (
                    not ports or any(map(is_port, ports))
                ):
                    return True
        return not bound

    return lets("Egress", a, b) and lets("Ingress", b, a)


@settings(max_examples=300, deadline=None)
@given(st.lists(POLICY, max_size=4), st.lists(POD, min_size=2, max_size=2), st.tuples(LABELS, LABELS))
def test_it_answers_as_trying_every_port_does(policies: list[Object], pods: list[Object], labels: Any) -> None:
    namespaces = [{"metadata": {"name": name, "labels": each}} for name, each in zip("ab", labels, strict=True)]
    cluster = Reach(policies, namespaces)
    a, b = (Pod.of(each) for each in pods)
    lan = Outsider.of("lan", "10.0.0.4/30")
    addresses = [{"ip": f"10.0.0.{n}"} for n in range(4, 8)]
    known = dict(zip("ab", labels, strict=True))
    for source, destination, sources, destinations in (
        (a, b, [pods[0]], [pods[1]]),
        (a, lan, [pods[0]], addresses),
        (lan, b, addresses, [pods[1]]),
    ):
        got = cluster.ports(source, destination)
        for kind in ("TCP", "UDP", "SCTP"):
            for port in (1, 2, 3, 65535):
                expected = any(
                    tried(policies, known, one, other, kind, port) for one in sources for other in destinations
                )
                assert bool(got & Ports.of([(kind, port, port)])) is expected, (kind, port, str(got))


def test_ranges_of_ports_are_joined_and_cut() -> None:
    joined = Ports.of([("TCP", 3, 5), ("TCP", 1, 2), ("UDP", 4, 4)])
    assert str(joined) == "TCP 1-5, UDP 4"
    assert str(joined & Ports.of([("TCP", 5, 9)])) == "TCP 5"
    assert (EVERY_PORT & joined) == joined
    assert EVERY_PORT | joined == EVERY_PORT
