"""Bucket policies that refuse requests to everyone, and versioning of buckets."""

from collections.abc import Mapping, Sequence, Set
from fnmatch import fnmatchcase

from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, value_at
from paddock.privacy.predicates.iam_documents import aws_principals, statements, texts

BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
NETWORK_KEYS = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount"})
"""Condition keys by which a policy names a network: a VPC, an endpoint, or the account whose endpoint it must be."""
EVERYTHING = ("s3:*",)
READS_OBJECTS = ("s3:getobject", "s3:getobjectversion")
"""Actions that read an object; an old version of it is read by an action of its own."""
VERSIONINGS = frozenset({"aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"})


def bucket_tls_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A bucket policy that does not refuse requests without TLS."""
    text = "requests without TLS are not refused; deny Principal * where aws:SecureTransport is false"
    return _unless_denied(resource_type, inputs, "Bool", {"aws:securetransport"}, EVERYTHING, text)


def bucket_endpoint_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A bucket policy that lets objects be read from outside of a VPC endpoint."""
    text = (
        "reading from outside of the VPC is not refused; deny s3:GetObject* to Principal * where aws:SourceVpce is not "
        "the endpoint, or aws:VpceAccount not the account, with operators who must read from elsewhere as exceptions"
    )
    return _unless_denied(resource_type, inputs, "StringNotEquals", NETWORK_KEYS, READS_OBJECTS, text)


def _unless_denied(
    resource_type: str, inputs: Inputs, operator: str, keys: Set[str], actions: Sequence[str], text: str
) -> list[Finding]:
    if resource_type != BUCKET_POLICY:
        return []
    document = inputs.get("policy")
    if document is UNKNOWN:
        return [Undecided("policy")]
    denied = (each for each in statements(document) or [] if each.get("Effect") == "Deny")
    return [] if any(_refuses(each, operator, keys, actions) for each in denied) else [Problem("policy", text)]


def _refuses(statement: Mapping[str, object], operator: str, keys: Set[str], actions: Sequence[str]) -> bool:
    said = [
        texts(value)
        for kind, pairs in _pairs(statement.get("Condition"))
        if kind.removesuffix("IfExists") == operator
        for name, value in _pairs(pairs)
        if name.lower() in keys
    ]
    patterns = [each.lower() for each in texts(statement.get("Action"))]
    covered = all(any(fnmatchcase(action, pattern) for pattern in patterns) for action in actions)
    return "*" in aws_principals(statement) and covered and any(said) and (operator != "Bool" or said == [["false"]])


def _pairs(value: object) -> list[tuple[str, object]]:
    return [(str(key), inner) for key, inner in value.items()] if isinstance(value, Mapping) else []


def versioning_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Versioning that is suspended or off: what is overwritten is gone."""
    if resource_type not in VERSIONINGS:
        return []
    path = "versioningConfiguration.status"
    status = value_at(inputs, path)
    if status is UNKNOWN:
        return [Undecided(path)]
    text = f"got {status}; what is overwritten is gone; set it to Enabled"
    return [] if status == "Enabled" else [Problem(path, text)]
