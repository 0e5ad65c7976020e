"""Doors by PrivateLink: who may connect to a service of ours, and what an endpoint of ours lets through."""

from collections.abc import Iterator, Mapping

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, required, values_at
from paddock.privacy.predicates.iam_documents import listed, statements

SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
ALLOWED_PRINCIPAL = "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple"
"""So spelled by AWS's provider."""

ENDPOINT_POLICIES = frozenset({"aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"})


def endpoint_service_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Endpoint services that every account may connect to, or that accept each connection by themselves."""
    where = {SERVICE: "allowedPrincipals[]", ALLOWED_PRINCIPAL: "principalArn"}.get(resource_type)
    if where is None:
        return []
    found = [finding for path, who in values_at(inputs, where) for finding in _named(path, who)]
    if resource_type == SERVICE:
        why = "whoever is allowed is connected unseen"
        found += required(inputs, "acceptanceRequired", wanted=True, why=why)
    return found


def _named(path: str, who: object) -> Iterator[Finding]:
    if who is UNKNOWN:
        yield Undecided(path)
    elif "*" in str(who):
        yield Problem(path, f"got {who}; with it every AWS account may connect; name accounts, roles or users by ARN")


def endpoint_policy_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Endpoints without a policy, or with one that lets anyone's credentials use anyone's resources."""
    if resource_type not in ENDPOINT_POLICIES:
        return []
    document = inputs.get("policy")
    if document is UNKNOWN:
        return [Undecided("policy")]
    if not document:
        return [Problem("policy", "not set; AWS then lets anyone's credentials use anyone's resources; limit it")]
    read = statements(document)
    if read is None:
        return [Problem("policy", "not an IAM document in JSON, so nobody can say what it allows")]
    if any(each.get("Effect") == "Deny" and _everyone(each) and each.get("Condition") for each in read):
        return []
    text = "lets anyone use anyone's resources; name resources, or add a condition on aws:ResourceAccount"
    return [
        Problem(f"policy.Statement[{i}]", text)
        for i, each in enumerate(read)
        if each.get("Effect") != "Deny"
        and _everyone(each)
        and ("*" in listed(each.get("Resource")) or "NotResource" in each)
        and not each.get("Condition")
    ]


def _everyone(statement: Mapping[str, object]) -> bool:
    principal = statement.get("Principal")
    return "*" in listed(principal.get("AWS") if isinstance(principal, Mapping) else principal)
