"""The recorder: what a component registers, seen as the engine would see it, with no engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.proto.source_pb2 import StackTrace

from paddock.operations.tunnel.probe import Answer

ACCOUNT = "123456789012"
PUBLIC_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W\n"
    "K84zV2sxXs7LtkBoN79R9Q==\n"
    "-----END PUBLIC KEY-----\n"
)
"""A P-256 key: the base point of the curve, whose private half is 1."""
ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
ARNS = {
    "aws:cloudwatch/logGroup:LogGroup": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{{name}}",
    "aws:iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "aws:lb/loadBalancer:LoadBalancer": f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/net/{{name}}/1",
    "aws:lb/targetGroup:TargetGroup": f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/{{name}}/1",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:secretsmanager/secret:Secret": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{{name}}-AbCdEf",
}
"""ARN forms of types whose ARN is not `<kind>/<name>`."""


def arn(token: str, name: str) -> str:
    """ARN in the form of the service, so that policies made of it can be checked: a KMS key is `…:kms:…:key/name`."""
    service, _, kind = token.removeprefix("aws:").rpartition(":")[0].partition("/")
    return ARNS.get(token, f"arn:aws:{service}:us-east-1:{ACCOUNT}:{kind.lower()}/{{name}}").format(name=name)


OPTIONS = (
    "custom_timeouts",
    "delete_before_replace",
    "ignore_changes",
    "protect",
    "replace_on_changes",
    "retain_on_delete",
)
"""Resource options that say what becomes of a resource; mocks are not told of them."""

Key = tuple[str, str]
"""Type and name."""


@dataclass
class Built:
    """Everything that was registered while one component was built."""

    made: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    tree: list[str] = field(default_factory=list)
    """Names of what is inside the component."""
    urns: list[tuple[str, str, str]] = field(default_factory=list)
    """Type of the parent, type and name: the parts of a URN that can differ."""
    waits: dict[Key, set[Key]] = field(default_factory=dict)
    """Dependencies that each resource was told to wait for."""
    options: dict[Key, dict[str, Any]] = field(default_factory=dict)
    """Values of OPTIONS that each resource was given."""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Functions of AWS that were called, with their arguments."""
    outputs: dict[str, Any] = field(default_factory=dict)
    result: Any = None

    @property
    def loose(self) -> set[str]:
        """Escaped resources: registered, but not in the component's tree."""
        return {name for _, name, _ in self.made} - set(self.tree)

    def after(self, name: str) -> set[str]:
        """Names that every resource of this name waits for, whatever its type."""
        return {other for (_, waiting), others in self.waits.items() if waiting == name for _, other in others}

    def of(self, token: str) -> dict[str, dict[str, Any]]:
        """Inputs by name of every resource of one type."""
        return {name: inputs for type_, name, inputs in self.made if type_ == token}

    def one(self, token: str) -> dict[str, Any]:
        (inputs,) = self.of(token).values()
        return inputs


class Recorder(mocks.Mocks):
    """Answers as AWS would for what the components ask; GPUs are offered in zone c alone, as some really are."""

    def __init__(self, built: Built, offering: list[str], region: str, answers: Mapping[str, Any]) -> None:
        self.built = built
        self.offering = offering
        self.region = region
        self.answers = answers

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.built.made.append((args.typ, args.name, args.inputs))
        outputs = {
            **args.inputs,
            "arn": arn(args.typ, args.name),
            "endpoint": "https://10.0.0.1",
            "certificateAuthority": {"data": "Q0E="},
            "latestVersion": 1,
        }
        outputs.setdefault("name", args.name)
        outputs.setdefault("bucket", args.name)
        if args.typ == "aws:eks/cluster:Cluster":
            outputs["vpcConfig"] = {**args.inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster"}
        if args.typ == "aws:eks/nodeGroup:NodeGroup":
            outputs["nodeGroupName"] = f"{args.name}-0a1b2c3"
            outputs["resources"] = [{"autoscalingGroups": [{"name": f"eks-{args.name}"}]}]
        outputs |= self.answers.get(args.typ, {})
        return f"{args.name}-id", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        self.built.asked.append((args.token, dict(args.args)))
        answers: dict[str, Any] = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ZONES},
            "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": {"locations": self.offering},
            "aws:index/getRegion:getRegion": {"region": self.region},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:eks/getClusters:getClusters": {"names": []},
            "aws:ec2/getVpcEndpointService:getVpcEndpointService": endpoint_service,
            "aws:ec2/getPrefixList:getPrefixList": {"cidrBlocks": ["52.216.0.0/15", "3.5.0.0/19"]},
            "aws:kms/getPublicKey:getPublicKey": {"publicKeyPem": PUBLIC_KEY},
            "aws:ssm/getParameter:getParameter": {"insecureValue": "ami-0a1", "value": "ami-0a1"},
            **self.answers,
        }
        answer = answers[args.token]
        return (answer(args.args) if callable(answer) else answer), []


def endpoint_service(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A service as AWS describes most of them: in every zone, and with policies."""
    return {"serviceName": asked["serviceName"], "availabilityZones": ZONES, "vpcEndpointPolicySupported": True}


def options_of(given: pulumi.ResourceOptions) -> dict[str, Any]:
    found = {name: value for name in OPTIONS if (value := getattr(given, name)) is not None}
    if timeouts := found.get("custom_timeouts"):
        found["custom_timeouts"] = {action: limit for action, limit in vars(timeouts).items() if limit is not None}
    return found


Build = Callable[..., Built]


def build(
    make: Callable[[pulumi.ResourceOptions], Any],
    offering: list[str] | None = None,
    region: str = "us-east-1",
    answers: Mapping[str, Any] = MappingProxyType({}),
) -> Built:
    """Build one component under mocks and return what was registered, after every registration has landed.

    `answers` adds functions of AWS, by token: what each answers, or a callable from its arguments; and by type, outputs
    of resources that are otherwise than the program's inputs.
    """
    seen = Built()
    recorder = Recorder(seen, ZONES if offering is None else offering, region, answers)
    mocks.set_mocks(recorder, project="paddock", stack="test")

    def note(each: pulumi.ResourceTransformationArgs) -> None:
        seen.tree.append(each.name)
        parent = each.opts.parent
        seen.urns.append(("" if parent is None else parent._type, each.type_, each.name))
        waits_for = each.opts.depends_on or []
        assert isinstance(waits_for, list)
        others = {(other._type, other._name) for other in waits_for if isinstance(other, pulumi.Resource)}
        seen.waits[each.type_, each.name] = others
        seen.options[each.type_, each.name] = options_of(each.opts)

    def run() -> None:
        seen.result = make(pulumi.ResourceOptions(transformations=[note]))
        for key, value in vars(seen.result).items():
            if isinstance(value, pulumi.Output):
                value.apply(partial(seen.outputs.__setitem__, key))

    with (
        # No tunnel is open here; the gate itself is tested in tests/unit/operations/tunnel.
        mock.patch("paddock.operations.tunnel.gate.who_answers", return_value=Answer.CLUSTER),
        # The line that registers a resource: for an engine's messages, and a sixth of the time of a test.
        mock.patch("pulumi.runtime.resource._get_stack_trace", return_value=StackTrace()),
    ):
        pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]  # the SDK does not say its types here
    return seen
