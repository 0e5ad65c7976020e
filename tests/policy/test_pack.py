"""Pack in `policy/`, run as the engine runs it and spoken to over its own protocol; no engine needed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel

import paddock.policy
from tests.policy.check import LATER

CLUSTER = "aws:eks/cluster:Cluster"
PUBLIC_ENDPOINT = "aws-eks-cluster-disallow-public-endpoint"
PACK = Path(__file__).parents[2] / "policy"


@pytest.fixture(scope="module")
def pack() -> Iterator[Any]:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."]
    with subprocess.Popen(command, cwd=PACK, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def test_the_pack_offers_every_rule_of_the_library_and_nothing_else(pack: Any) -> None:
    info = pack.GetAnalyzerInfo(Empty(), timeout=10)
    assert info.name == "paddock"
    assert [rule.name for rule in info.policies] == [rule.name for rule in paddock.policy.ALL]
    levels = {EnforcementLevel.MANDATORY: analyzer_pb2.MANDATORY, EnforcementLevel.ADVISORY: analyzer_pb2.ADVISORY}
    wanted = [levels[rule.enforcement_level] for rule in paddock.policy.ALL if rule.enforcement_level]
    assert [rule.enforcementLevel for rule in info.policies] == wanted


def analyzed(pack: Any, kind: str, inputs: dict[str, Any]) -> list[Any]:
    properties = Struct()
    properties.update(inputs)
    urn = f"urn:pulumi:test::paddock::{kind}::it"
    request = analyzer_pb2.AnalyzeRequest(type=kind, urn=urn, name="it", properties=properties)
    return list(pack.Analyze(request, timeout=10).diagnostics)


def configure(pack: Any, rule: str, *exceptions: dict[str, str]) -> None:
    config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.MANDATORY)
    config.properties.update({"exceptions": list(exceptions)})
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={rule: config}), timeout=10)


def test_the_pack_names_the_rule_the_input_and_the_fix_and_advises_where_it_cannot_tell(pack: Any) -> None:
    said = analyzed(pack, CLUSTER, {"vpcConfig": {"endpointPublicAccess": True, "endpointPrivateAccess": LATER}})
    blocked, advised = [each for each in said if each.policyName == PUBLIC_ENDPOINT]
    assert blocked.enforcementLevel == analyzer_pb2.MANDATORY
    assert "vpcConfig.endpointPublicAccess: got True" in blocked.message
    assert "set it to false" in blocked.message
    assert advised.enforcementLevel == analyzer_pb2.ADVISORY
    assert ".vpcConfig.endpointPrivateAccess can't be known during preview" in advised.message


def test_the_pack_is_an_entry_point_and_nothing_else() -> None:
    assert sorted(path.name for path in PACK.iterdir() if path.suffix in (".py", ".yaml")) == [
        "PulumiPolicy.yaml",
        "__main__.py",
    ]
    code = [line for line in (PACK / "__main__.py").read_text().splitlines() if line and not line.startswith("#")]
    assert len(code) <= 5
    assert yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["runtime"]["name"] == "python"


def test_an_exception_of_the_configuration_excuses_until_it_expires(pack: Any) -> None:
    key, rule = "aws:kms/key:Key", "aws-kms-key-require-rotation"
    entry = {"type": key, "resource": "it", "about": "enableKeyRotation", "reason": "moved by spring"}
    try:
        assert len(analyzed(pack, key, {})) == 1
        configure(pack, rule, {**entry, "expires": "2999-01-01"})
        assert analyzed(pack, key, {}) == []
        configure(pack, rule, {**entry, "expires": "2000-01-01"})
        (fault,) = analyzed(pack, key, {})
        assert "enableKeyRotation: not set" in fault.message
        assert "expired on 2000-01-01" in fault.message
    finally:
        configure(pack, rule)


def test_an_allowlist_at_the_cluster_needs_an_exception_that_names_the_cluster(pack: Any) -> None:
    inputs = {
        "vpcConfig": {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["8.8.8.8/32"]}
    }

    def refused(*exceptions: dict[str, str]) -> int:
        configure(pack, PUBLIC_ENDPOINT, *exceptions)
        return sum("endpointPublicAccess" in each.message for each in analyzed(pack, CLUSTER, inputs))

    reason = {"type": CLUSTER, "about": "endpointPublicAccess", "reason": "the office has no VPN yet"}
    reason["expires"] = "2999-01-01"
    try:
        assert (refused(), refused({"resource": "another", **reason}), refused({"resource": "it", **reason})) == (
            1,
            1,
            0,
        )
    finally:
        refused()
