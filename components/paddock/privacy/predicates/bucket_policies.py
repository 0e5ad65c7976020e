"""Policies of buckets and of VPC endpoints, as one resource shows them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.documents import NOT_A_DOCUMENT, READS_OBJECTS, DocumentError, statements
from paddock.privacy.predicates.facts import names
from paddock.privacy.predicates.findings import Finding, Problem, Undecided
from paddock.privacy.predicates.types import BUCKET_POLICY, ENDPOINT, ENDPOINT_POLICY
from paddock.privacy.predicates.values import UNKNOWN, Inputs

Statement = Mapping[str, Any]


def bucket_tls_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A bucket policy that does not refuse requests without TLS."""
    text = "requests without TLS are not refused; deny Principal * where aws:SecureTransport is false"
    return _unless_denied(resource_type, inputs, denies_plain_http, text)


def bucket_endpoint_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A bucket policy that lets objects be read from outside of a VPC endpoint."""
    text = (
        "reading from outside of the VPC is not refused; deny s3:GetObject* to Principal * where aws:SourceVpce is not "
        "the endpoint, or aws:VpceAccount not the account, with operators who must read from elsewhere as exceptions "
        "by aws:PrincipalArn"
    )
    return _unless_denied(resource_type, inputs, lambda each, bucket: bool(fence(each, bucket)[1]), text)


def _unless_denied(
    resource_type: str, inputs: Inputs, denies: Callable[[Statement, str | None], bool], text: str
) -> list[Finding]:
    if resource_type != BUCKET_POLICY:
        return []
    document, bucket = inputs.get("policy"), inputs.get("bucket")
    try:
        found = statements(document)
    except DocumentError:
        return [Undecided("policy")] if document is UNKNOWN else [Problem("policy", text)]
    name = bucket if isinstance(bucket, str) else None
    return [] if any(denies(each, name) for each in found) else [Problem("policy", text)]


def denies_plain_http(statement: Statement, bucket: str | None) -> bool:
    found = [(o.removesuffix("ifexists"), key, values) for o, key, values in documents.conditions(statement)]
    plain = statement["Effect"] == "Deny" and found == [("bool", "aws:securetransport", ["false"])]
    whole = documents.covers(statement, "s3:*") and documents.covers_bucket(statement, bucket)
    return plain and documents.everyone(statement) and whole


def fence(statement: Statement, bucket: str | None) -> tuple[list[str], list[str]]:
    """Principals that a Deny of reading spares, and the networks that it lets read; no network where it is none.

    One of all objects but papers counts as one of all: whoever may give weights a paper's name has them already.
    """
    if "Resource" not in statement and papers(statement, bucket):
        statement = {key: value for key, value in statement.items() if key != "NotResource"} | {"Resource": "*"}
    spared, networks = documents.spares(statement, names("network_keys"))
    reading = all(documents.covers(statement, each) for each in READS_OBJECTS)
    return (spared, networks) if networks and reading and documents.covers_bucket(statement, bucket) else ([], [])


def papers(statement: Statement, bucket: str | None) -> list[str]:
    """Names of the files that a statement of all objects but these leaves out; none where it leaves out any other.

    The last part of each key is the whole name of a paper, without a wildcard, so nothing else can match.
    """
    left_out = [documents.in_any_partition(each) for each in documents.texts(statement.get("NotResource"))]
    of_bucket = re.escape(bucket) if bucket else r"[a-z0-9.-]+"
    found = [re.fullmatch(rf"arn:aws:s3:::{of_bucket}/(?:[A-Za-z0-9._*-]+/)*([^/]+)", each) for each in left_out]
    named = [each[1] for each in found if each is not None and each[1] in names("papers")]
    return named if len(named) == len(left_out) else []


def endpoint_policy_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Endpoints without a policy, or with one that lets anyone's credentials use anyone's resources."""
    if resource_type not in (ENDPOINT, ENDPOINT_POLICY):
        return []
    document = inputs.get("policy")
    if document is UNKNOWN:
        return [Undecided("policy")]
    if not document:
        return [Problem("policy", "not set; AWS then lets anyone's credentials use anyone's resources; limit it")]
    try:
        found = statements(document)
    except DocumentError:
        return [Problem("policy", NOT_A_DOCUMENT)]
    checked = documents.leads_to("policy", found, lambda _: True, "lets requests through to")
    return [each for each in checked if isinstance(each, Problem | Undecided)]
