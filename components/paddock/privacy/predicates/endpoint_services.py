"""PrivateLink: principals that may connect to an endpoint service, and policies of VPC endpoints."""

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, findings_at, required
from paddock.privacy.predicates.iam_documents import NOT_A_DOCUMENT, statements

ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
ALLOWED_PRINCIPAL = "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple"
"""Type of an allowed principal, so spelled by AWS's provider."""

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"


def endpoint_service_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Endpoint services that every account may connect to, or that accept each connection by themselves."""
    where = {ENDPOINT_SERVICE: "allowedPrincipals[]", ALLOWED_PRINCIPAL: "principalArn"}.get(resource_type)
    if where is None:
        return []
    found = list(findings_at(inputs, where, _everyone))
    if resource_type == ENDPOINT_SERVICE:
        why = "whoever is allowed is connected unseen"
        found += required(inputs, "acceptanceRequired", wanted=True, why=why)
    return found


def _everyone(who: object) -> str | None:
    text = f"got {who}; with it every AWS account may connect; name accounts, roles or users by ARN"
    return text if "*" in str(who) else None


def endpoint_policy_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Endpoints without a policy, or with one that lets anyone's credentials use anyone's resources."""
    if resource_type not in (ENDPOINT, ENDPOINT_POLICY):
        return []
    document = inputs.get("policy")
    if document is UNKNOWN:
        return [Undecided("policy")]
    if not document:
        return [Problem("policy", "not set; AWS then lets anyone's credentials use anyone's resources; limit it")]
    read = statements(document)
    if read is None:
        return [Problem("policy", NOT_A_DOCUMENT)]
    if any(
        documents.covers(each, "*", "*") and documents.denies_all_but(each, documents.RESOURCE_KEYS) for each in read
    ):
        return []
    text = "lets anyone use anyone's resources; name resources, or add a condition on aws:ResourceAccount"
    return [
        Problem(f"policy.Statement[{i}]", text)
        for i, each in enumerate(read)
        if each.get("Effect") != "Deny" and not documents.limited(each)
    ]
