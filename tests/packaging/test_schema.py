"""Schema of the components for Pulumi programs in other languages, and components that the host really builds.

The golden lists below are the public interface: a line that changes here is a change for every caller.
"""

from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, PropertyType
from pulumi.provider.experimental.component import ComponentProvider

import paddock
from paddock.choices import DEFAULT_LOG_RETENTION_DAYS, DEFAULT_VPC_CIDR, DEFAULT_ZONES
from tests.unit.components.recorder import build

COMPONENTS: list[type[pulumi.ComponentResource]] = [
    paddock.PrivateNetwork,
    paddock.ExistingNetwork,
    paddock.Cluster,
    paddock.Bastion,
    paddock.GpuNodePool,
    paddock.DevicePlugin,
    paddock.WeightsBucket,
    paddock.WeightsReadAccess,
    paddock.IngestProject,
    paddock.VllmService,
    paddock.ServiceLoadBalancer,
    paddock.LlamaPlatform,
]

REQUIRED = {
    "PrivateNetwork": "",
    "ExistingNetwork": "vpcId nodeSubnetIds endpointSubnetIds",
    "Cluster": "vpcId endpointSubnetIds nodeSubnetIds",
    "Bastion": "clusterName clusterSecurityGroupId vpcId endpointCidrs subnetId region",
    "GpuNodePool": "clusterName kubernetesVersion subnetIds instanceType accelerator nodes diskGib",
    "DevicePlugin": "image nodeGroupName",
    "WeightsBucket": "model quantization",
    "WeightsReadAccess": "bucketName keyArn prefix clusterName namespace",
    "IngestProject": "bucketName keyArn model package",
    "VllmService": (
        "modelUri image nodeGroupName engineArgs gpus cpuMillicores memoryMib shmMib scratchMib startupPeriodSeconds "
        "startupFailureThreshold"
    ),
    "ServiceLoadBalancer": "vpcId vpcCidr subnetIds nodeSecurityGroupId autoscalingGroupName domainName",
    "LlamaPlatform": "region model vllmImage",
}

OPTIONAL = {
    "PrivateNetwork": (
        "vpcCidr numberOfAvailabilityZones peerCidrs instanceType endpointZones bastion services bucketNames dnsNames "
        "imageAccounts logRetentionDays tags"
    ),
    "ExistingNetwork": (
        "peerCidrs instanceType endpointZones bastion services bucketNames dnsNames imageAccounts logRetentionDays tags"
    ),
    "Cluster": (
        "kubernetesVersion nodeReleaseVersion peerCidrs routedCidrs endpointPublicAccessCidrs adminPrincipalArns "
        "tunnelPort awsProfile awsRoleArn region nodeOs deletionProtection logRetentionDays tags"
    ),
    "Bastion": "tags",
    "GpuNodePool": "releaseVersion diskThroughputMibS instanceStore nodeOs capacityType tags groupTags",
    "DevicePlugin": "namespace",
    "WeightsBucket": "revision objectLockDays retain tags",
    "WeightsReadAccess": "adapterPrefixes serviceAccount s3EndpointId tags",
    "IngestProject": "signingKeyArn tokenSecretArn repositories tags",
    "VllmService": (
        "imagePullSeconds readinessPeriodSeconds livenessPeriodSeconds terminationGraceSeconds engineSilentSeconds "
        "engineEnv replicas replicasPerNode namespace clientNamespaces clientCidrs endpointCidrs s3Cidrs "
        "weightsDiskMib weightsCopySeconds adapters adaptersDiskMib weightsPublicKey serviceAccount apiKey nodePort "
        "annotations"
    ),
    "ServiceLoadBalancer": (
        "certificateArn certificateAuthorityArn nodePort clientCidrs allowedPrincipals deletionProtection tags"
    ),
    "LlamaPlatform": (
        "vllmVersion quantization qualityFloor maxModelLen concurrentRequests requestsPerSecond inputTokens "
        "outputTokens maxTtftMs maxItlMs kvCacheDtype adapters maxLoras maxLoraRank rankBy replicas instanceType "
        "capacityType kubernetesVersion nodeReleaseVersion adminPrincipalArns awsProfile awsRoleArn "
        "vpcCidr numberOfAvailabilityZones endpointZones vpcId nodeSubnetIds "
        "endpointSubnetIds peerCidrs endpointPublicAccessCidrs bastion tunnelPort nodeOs devicePluginImage "
        "deletionProtection imageAccounts logRetentionDays domainName certificateArn certificateAuthorityArn "
        "clientCidrs allowedPrincipals apiKey license doors monthlyBudgetUsd retainWeights weightsBucket "
        "weightsKeyArn weightsRevision weightsPublicKey weightsLockDays weightsLoading checkpoint ingestPackage "
        "ingestTokenSecretArn tags"
    ),
}

OUTPUTS = {
    "PrivateNetwork": (
        "vpcId vpcCidr vpcCidrs nodeSubnetIds gpuSubnetIds endpointSubnetIds endpointCidrs s3EndpointId s3Cidrs"
    ),
    "ExistingNetwork": (
        "vpcId vpcCidr vpcCidrs nodeSubnetIds gpuSubnetIds endpointSubnetIds endpointCidrs s3EndpointId s3Cidrs"
    ),
    "Cluster": "clusterName kubernetesVersion endpoint certificateAuthority kubeconfig clusterSecurityGroupId",
    "Bastion": "instanceId",
    "GpuNodePool": "nodeGroupName autoscalingGroupName instanceType nodes",
    "DevicePlugin": "namespace",
    "WeightsBucket": "bucketName keyArn prefix uri signingKeyArn publicKeyPem",
    "WeightsReadAccess": "roleArn",
    "IngestProject": "projectName roleArn logGroupName",
    "VllmService": "endpoint namespace serviceName",
    "ServiceLoadBalancer": "endpoint loadBalancerArn securityGroupId endpointServiceName",
    "LlamaPlatform": "endpoint endpointServiceName clusterName kubeconfig vpcId nodeSubnetIds weightsUri namespace",
}


@pytest.fixture(scope="module")
def schema() -> dict[str, ComponentDefinition]:
    return Analyzer("paddock").analyze(COMPONENTS)["component_definitions"]


@pytest.fixture(scope="module")
def provider() -> ComponentProvider:
    return ComponentProvider(COMPONENTS, "paddock")


def test_the_schema_shows_every_component_with_a_description(schema: dict[str, ComponentDefinition]) -> None:
    assert set(schema) == set(REQUIRED)
    assert all(each.description for each in schema.values())


@pytest.mark.parametrize("component", REQUIRED)
def test_inputs_and_outputs_are_the_agreed_ones(component: str, schema: dict[str, ComponentDefinition]) -> None:
    seen = schema[component]
    assert {key for key, each in seen.inputs.items() if not each.optional} == set(REQUIRED[component].split())
    assert {key for key, each in seen.inputs.items() if each.optional} == set(OPTIONAL[component].split())
    assert set(seen.outputs) == set(OUTPUTS[component].split())
    assert not any(each.optional for each in seen.outputs.values())


@pytest.mark.parametrize("component", REQUIRED)
def test_every_optional_input_says_what_happens_without_it(
    component: str, schema: dict[str, ComponentDefinition]
) -> None:
    for key, each in schema[component].inputs.items():
        assert not each.optional or "Default" in (each.description or ""), key


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("logRetentionDays", DEFAULT_LOG_RETENTION_DAYS),
        ("numberOfAvailabilityZones", DEFAULT_ZONES),
        ("vpcCidr", DEFAULT_VPC_CIDR),
    ],
)
def test_a_default_that_components_share_is_stated_alike(
    key: str, default: object, schema: dict[str, ComponentDefinition]
) -> None:
    optional = [each.inputs[key] for each in schema.values() if key in each.inputs and each.inputs[key].optional]
    assert len(optional) > 1
    for each in optional:
        assert f"Default: {default}" in (each.description or "").replace("`", "")


def test_what_decides_how_many_resources_there_are_is_plain(schema: dict[str, ComponentDefinition]) -> None:
    network, pool = schema["PrivateNetwork"].inputs, schema["GpuNodePool"].inputs
    assert network["numberOfAvailabilityZones"].type is PropertyType.INTEGER
    assert network["numberOfAvailabilityZones"].plain
    assert pool["nodes"].plain
    assert not pool["clusterName"].plain, "a cluster's name may be another resource's output"


def test_the_host_builds_a_component_from_what_another_language_sends(provider: ComponentProvider) -> None:
    def construct(opts: pulumi.ResourceOptions) -> Any:
        inputs = {
            "vpcCidr": "10.9.0.0/16",
            "numberOfAvailabilityZones": 2,
            "peerCidrs": ["10.0.0.0/16"],
            "tags": {"team": "research"},
        }
        return provider.construct("net", "paddock:index:PrivateNetwork", inputs, opts)

    built = build(construct)
    assert built.loose == set()
    assert built.one("aws:ec2/vpc:Vpc")["cidrBlock"] == "10.9.0.0/16"
    assert len(built.of("aws:ec2/subnet:Subnet")) == 4
    assert set(built.result.state) == set(OUTPUTS["PrivateNetwork"].split())


WHOLE_NUMBERS: dict[str, dict[str, Any]] = {
    "PrivateNetwork": {"numberOfAvailabilityZones": 2},
    "GpuNodePool": {
        "clusterName": "llama",
        "kubernetesVersion": "1.35",
        "subnetIds": ["subnet-1"],
        "instanceType": "g6.xlarge",
        "accelerator": "l4",
        "nodes": 1,
        "diskGib": 100,
    },
    "VllmService": {
        "modelUri": "s3://weights/models/llama-3.2-1b/bf16",
        "image": "vllm@sha256:" + "0" * 64,
        "nodeGroupName": "llama-gpu-1",
        "engineArgs": ["--max-model-len=8192"],
        "gpus": 1,
        "cpuMillicores": 3000,
        "memoryMib": 12_000,
        "shmMib": 1024,
        "scratchMib": 20_000,
        "startupPeriodSeconds": 10,
        "startupFailureThreshold": 60,
        "replicas": 1,
    },
    "LlamaPlatform": {
        "region": "us-east-1",
        "model": "llama-3.2-1b",
        "vllmImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:" + "0" * 64,
        "maxModelLen": 8192,
        "concurrentRequests": 2,
        "replicas": 1,
        "numberOfAvailabilityZones": 2,
    },
}


@pytest.mark.parametrize("component", WHOLE_NUMBERS)
def test_whole_numbers_which_the_engine_sends_as_floats_make_the_same_resources(
    component: str, provider: ComponentProvider
) -> None:
    """Protobuf knows one kind of number: `zones: 2` in a YAML program is 2.0 in the constructor."""

    def made(inputs: dict[str, Any]) -> list[str]:
        built = build(lambda opts: provider.construct("it", f"paddock:index:{component}", inputs, opts))
        return sorted(map(repr, built.made))  # repr, as 2 == 2.0 but "2Gi" is not "2.0Gi"

    inputs = WHOLE_NUMBERS[component]
    floats = {key: float(value) if isinstance(value, int) else value for key, value in inputs.items()}
    assert made(floats) == made(inputs)


def test_the_host_refuses_what_the_component_refuses(provider: ComponentProvider) -> None:
    def construct(opts: pulumi.ResourceOptions) -> Any:
        return provider.construct("net", "paddock:index:PrivateNetwork", {"numberOfAvailabilityZones": 1}, opts)

    with pytest.raises(Exception, match=r"number_of_availability_zones must be 2 to 4, got 1"):
        build(construct)
