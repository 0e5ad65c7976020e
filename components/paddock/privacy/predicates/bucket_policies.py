"""Bucket policies that refuse requests to everyone, and versioning of buckets."""

from collections.abc import Callable, Mapping

from paddock.privacy.predicates import documents
from paddock.privacy.predicates.findings import UNKNOWN, Finding, Inputs, Problem, Undecided, value_at
from paddock.privacy.predicates.iam_documents import statements

BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONINGS = frozenset({"aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"})


def bucket_tls_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A bucket policy that does not refuse requests without TLS."""
    text = "requests without TLS are not refused; deny Principal * where aws:SecureTransport is false"
    return _unless_denied(resource_type, inputs, _denies_plain_http, text)


def bucket_endpoint_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """A bucket policy that lets objects be read from outside of a VPC endpoint."""
    text = (
        "reading from outside of the VPC is not refused; deny s3:GetObject* to Principal * where aws:SourceVpce is not "
        "the endpoint, or aws:VpceAccount not the account, with operators who must read from elsewhere as exceptions"
    )
    return _unless_denied(resource_type, inputs, _denies_reading_from_elsewhere, text)


def _unless_denied(
    resource_type: str, inputs: Inputs, denies: Callable[[Mapping[str, object], str | None], bool], text: str
) -> list[Finding]:
    if resource_type != BUCKET_POLICY:
        return []
    document, bucket = inputs.get("policy"), inputs.get("bucket")
    if document is UNKNOWN:
        return [Undecided("policy")]
    arn = f"arn:aws:s3:::{bucket}" if isinstance(bucket, str) else None
    return [] if any(denies(each, arn) for each in statements(document) or []) else [Problem("policy", text)]


def _denies_plain_http(statement: Mapping[str, object], bucket: str | None) -> bool:
    everyone = statement.get("Effect") == "Deny" and documents.principals(statement) == ["*"]
    plain = [
        (operator.removesuffix("ifexists"), key, values) for operator, key, values in documents.conditions(statement)
    ] == [("bool", "aws:securetransport", ["false"])]
    return everyone and plain and documents.covers(statement, "s3:*", _object_of(bucket))


def _denies_reading_from_elsewhere(statement: Mapping[str, object], bucket: str | None) -> bool:
    covered = all(documents.covers(statement, each, _object_of(bucket)) for each in documents.READS_OBJECTS)
    return covered and bool(documents.denies_all_but(statement, documents.NETWORK_KEYS))


def _object_of(bucket: str | None) -> str | None:
    """Any object, of which a refusal must be; None where the bucket has no name yet."""
    return None if bucket is None else f"{bucket}/any/object"


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
