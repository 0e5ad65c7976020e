"""The door for clients, under the real engine: a load balancer with TLS, its name, PrivateLink, and the API key.

Proves what is made, in what order it goes, and that the key is nowhere in clear. It does not prove that packets pass:
nothing listens behind the emulated load balancer, and kwok plays vLLM.
"""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.aws.leftovers import list_leftovers
from local.processes.cloud import LocalCloud
from paddock.cli.parsing.stack_file import settings_of_file
from paddock.plan.plan import make_plan
from paddock.privacy.proof import PrivacyVerdict, declared_in, prove, read_inventory, with_declared
from tests.local.look import Look, eventually, is_ready
from tests.local.stack import ROOT, Stack, short
from tests.private_ca import active_authority

DOMAIN = "llama.field.internal"
PRINCIPAL = "arn:aws:iam::210987654321:root"
NETWORK = {"kind": "security-group", "resource": "llama-lb-from-0", "who": "network 10.9.0.0/16"}
FIRST_KEY, SECOND_KEY = "first-key-of-the-standing", "second-key-of-the-standing"
NODE_PORT = 30080


@pytest.fixture(scope="module")
def standing(cloud: LocalCloud, look: Look, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The local stack with a door, a key and a client account, brought up once for the tests below."""
    folder = tmp_path_factory.mktemp("standing") / "program"
    stack = Stack.of_llama(
        "clients",
        cloud.environment(),
        folder,
        domain_name=DOMAIN,
        certificate_authority_arn=active_authority(look.aws("acm-pca")),
        client_cidrs=["10.9.0.0/16"],
        allowed_principals=[PRINCIPAL],
        doors=[
            {"kind": "endpoint-service", "resource": "llama-lb", "who": PRINCIPAL, "reason": "the clients' account"},
            {**NETWORK, "reason": "the network of clients"},
        ],
    )
    stack.run("config", "set", "--secret", "paddock:api_key", FIRST_KEY)
    stack.up("--policy-pack", str(ROOT / "policy"))
    yield stack
    stack.destroy()


def of_type(stack: Stack, token: str) -> list[dict[str, Any]]:
    return [each for each in stack.resources() if each["type"] == token]


def test_a_client_of_the_vpc_finds_a_load_balancer_that_ends_tls_and_is_not_on_the_internet(
    standing: Stack, look: Look
) -> None:
    assert standing.outputs()["endpoint"] == f"https://{DOMAIN}/v1"
    (balancer,) = look.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")
    assert balancer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    (listener,) = look.aws("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert (listener["Port"], listener["Protocol"]) == (443, "TLS")
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    (certificate,) = listener["Certificates"]
    found = look.aws("acm").describe_certificate(CertificateArn=certificate["CertificateArn"])["Certificate"]
    assert (found["DomainName"], found["Status"], found["Type"]) == (DOMAIN, "ISSUED", "PRIVATE")

    (zone,) = look.aws("route53").list_hosted_zones()["HostedZones"]
    assert zone["Config"]["PrivateZone"]
    records = look.aws("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    (alias,) = [each["AliasTarget"]["DNSName"] for each in records if each["Type"] == "A"]
    assert alias == balancer["DNSName"]


def test_requests_go_to_the_gpu_nodes_and_are_answered_where_a_pod_is_ready(standing: Stack, look: Look) -> None:
    (targets,) = look.aws("elbv2").describe_target_groups()["TargetGroups"]
    assert (targets["TargetType"], targets["Protocol"], targets["Port"]) == ("instance", "TCP", NODE_PORT)
    assert (targets["HealthCheckPort"], targets["HealthCheckPath"]) == ("traffic-port", "/ready")
    (pool,) = [each for each in of_type(standing, "aws:eks/nodeGroup:NodeGroup") if "gpu" in each["id"]]
    (group,) = [g["name"] for each in pool["outputs"]["resources"] for g in each["autoscalingGroups"]]
    attached = look.aws("autoscaling").describe_load_balancer_target_groups(AutoScalingGroupName=group)
    assert [each["LoadBalancerTargetGroupARN"] for each in attached["LoadBalancerTargetGroups"]] == [
        targets["TargetGroupArn"]
    ]
    service = look.kubectl("get", "service", "llama-vllm", "--namespace", "llama")["spec"]
    assert (service["type"], service["externalTrafficPolicy"]) == ("NodePort", "Local")
    assert [port["nodePort"] for port in service["ports"]] == [NODE_PORT]


def test_the_nodes_let_in_the_load_balancer_alone_and_it_lets_in_clients_alone(standing: Stack, look: Look) -> None:
    (balancer,) = look.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    (guard,) = balancer["SecurityGroups"]
    (cluster,) = of_type(standing, "aws:eks/cluster:Cluster")
    nodes = cluster["outputs"]["vpcConfig"]["clusterSecurityGroupId"]
    rules = look.aws("ec2").describe_security_group_rules()["SecurityGroupRules"]

    def other(rule: dict[str, Any]) -> Any:
        return rule.get("CidrIpv4") or rule["ReferencedGroupInfo"]["GroupId"]

    seen = {
        (rule["GroupId"], rule["IsEgress"], other(rule), rule["FromPort"], rule["ToPort"])
        for rule in rules
        if guard in (rule["GroupId"], other(rule))
    }
    assert seen == {
        (guard, False, "10.0.0.0/16", 443, 443),
        (guard, False, "10.9.0.0/16", 443, 443),
        (guard, True, nodes, NODE_PORT, NODE_PORT),
        (nodes, False, guard, NODE_PORT, NODE_PORT),
    }


def test_another_account_may_ask_for_a_connection_and_is_accepted_by_hand(standing: Stack, look: Look) -> None:
    ec2 = look.aws("ec2")
    (service,) = ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
    assert service["AcceptanceRequired"]
    assert standing.outputs()["endpoint_service_name"] == service["ServiceName"]
    allowed = ec2.describe_vpc_endpoint_service_permissions(ServiceId=service["ServiceId"])["AllowedPrincipals"]
    assert [each["Principal"] for each in allowed] == [PRINCIPAL]


def test_the_proof_finds_it_private_and_says_why_each_door_is_there(standing: Stack) -> None:
    inventory = read_inventory(standing.run("stack", "export").stdout)
    proof = with_declared(prove(inventory), declared_in(inventory), datetime.now(UTC).date())
    assert (proof.verdict, proof.reasons) == (PrivacyVerdict.PRIVATE, ())
    said = " / ".join(edge.text for edge in proof.doors)
    assert f"{PRINCIPAL} may connect by PrivateLink; each connection is accepted by hand" in said
    assert "lets 10.9.0.0/16 in, by name; the network of clients" in said


def test_the_pod_has_the_key_and_nothing_else_shows_it(standing: Stack, look: Look) -> None:
    (pod,) = look.pods()
    (variable,) = [each for each in pod["spec"]["containers"][0]["env"] if each["name"] == "VLLM_API_KEY"]
    reference = variable["valueFrom"]["secretKeyRef"]
    secret = look.kubectl("get", "secret", reference["name"], "--namespace", "llama")
    assert base64.b64decode(secret["data"][reference["key"]]).decode() == FIRST_KEY
    assert FIRST_KEY not in json.dumps(pod)
    forms = (FIRST_KEY, base64.b64encode(FIRST_KEY.encode()).decode())
    for text in shown(standing):
        for form in forms:
            assert form not in text
    # Pulumi's Kubernetes provider keeps `stringData` as `data`, in base64.
    shown_on_request = standing.run("stack", "export", "--show-secrets").stdout
    assert any(form in shown_on_request for form in forms), "or the search above looks at nothing"


def shown(stack: Stack) -> Iterator[str]:
    """Everything that Pulumi keeps or prints of a stack, and every file of the program."""
    yield stack.run("stack", "export").stdout
    yield stack.run("stack", "output", "--json").stdout
    yield stack.run("preview", "--json").stdout
    yield stack.run("preview", "--diff").stdout
    for file in stack.folder.rglob("*"):
        if file.is_file() and not file.is_relative_to(stack.folder / ".venv"):
            yield file.read_bytes().decode(errors="replace")


def test_the_stack_file_with_its_encrypted_key_gives_the_plan_that_the_program_made(standing: Stack) -> None:
    settings = settings_of_file(standing.folder / "stacks" / "Pulumi.clients.yaml")
    assert make_plan(settings).digest == standing.outputs()["plan_digest"]


def test_a_second_up_changes_nothing_and_a_refresh_finds_nothing_changed(standing: Stack) -> None:
    standing.up("--expect-no-changes")
    standing.run("refresh", "--yes", "--skip-preview", "--suppress-progress", "--expect-no-changes")


def test_a_new_key_restarts_the_pod_and_leaves_the_rest_alone(standing: Stack, look: Look) -> None:
    (before,) = look.pods()
    standing.run("config", "set", "--secret", "paddock:api_key", SECOND_KEY)
    assert short(standing.preview()) == {
        ("replace", "kubernetes:core/v1:Secret::llama-vllm-secret"): 1,
        ("update", "kubernetes:apps/v1:Deployment::llama-vllm-deployment"): 1,
    }
    standing.up()
    assert eventually(lambda: [is_ready(pod) for pod in look.pods()] == [True], 90)
    (after,) = look.pods()
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert len(look.kubectl("get", "secrets", "--namespace", "llama")["items"]) == 1


def test_a_key_in_plain_text_is_refused_and_nothing_is_shown_of_it(cloud: LocalCloud, tmp_path: Path) -> None:
    plain = Stack.of_llama("plain", cloud.environment(), tmp_path / "plain", api_key=FIRST_KEY)
    failed = plain.up(check=False)
    assert failed.returncode != 0
    assert "paddock:api_key is in plain text" in failed.stdout
    assert FIRST_KEY not in failed.stdout + failed.stderr
    assert [each for each in plain.resources() if each["type"] != "pulumi:pulumi:Stack"] == []


def test_destroy_leaves_nothing(standing: Stack, cloud: LocalCloud) -> None:
    """Runs last in this module: it ends the stack that the others use."""
    environment = cloud.environment()
    before = " ".join(list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]))
    for kind in ("load balancer", "target group", "endpoint service", "certificate", "zone"):
        assert kind in before, "it sees what is there"
    standing.destroy()
    assert list_leftovers(environment["AWS_ENDPOINT_URL"], environment["AWS_REGION"]) == []
