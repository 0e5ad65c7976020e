"""Readers of an S3 bucket: public access blocks, ACLs and grants."""

from collections.abc import Mapping
from types import MappingProxyType

from paddock.privacy.predicates.findings import Finding, Inputs, findings_at, flag_findings, required

BUCKETS = frozenset({"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"})
BUCKET_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKS = frozenset({BUCKET_BLOCK, "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"})
BLOCK_FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "blockPublicAcls": "new public ACLs are accepted without it",
        "blockPublicPolicy": "public bucket policies are accepted without it",
        "ignorePublicAcls": "public ACLs that exist stay in force without it",
        "restrictPublicBuckets": "a public policy that exists stays in force without it",
    }
)
ACCESS_POINT = "aws:s3/accessPoint:AccessPoint"

ACLS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(BUCKETS, "acl"),
        "aws:s3/bucketAcl:BucketAcl": "acl",
        "aws:s3/bucketAclV2:BucketAclV2": "acl",
        "aws:s3/bucketObject:BucketObject": "acl",
        "aws:s3/bucketObjectv2:BucketObjectv2": "acl",
        "aws:s3/objectCopy:ObjectCopy": "acl",
    }
)
PUBLIC_ACLS = frozenset({"authenticated-read", "public-read", "public-read-write"})

GRANTEES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(BUCKETS, "grants[].uri"),
        "aws:s3/bucketAcl:BucketAcl": "accessControlPolicy.grants[].grantee.uri",
        "aws:s3/bucketAclV2:BucketAclV2": "accessControlPolicy.grants[].grantee.uri",
        "aws:s3/objectCopy:ObjectCopy": "grants[].uri",
    }
)
PUBLIC_GROUPS = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
"""Groups of an ACL: everyone, and everyone with any AWS account at all."""


def bucket_access_findings(resource_type: str, inputs: Inputs) -> list[Finding]:
    """Public access blocks with a gap, public ACLs, and grants to everyone."""
    found: list[Finding] = []
    if resource_type in BLOCKS:
        for flag, why in BLOCK_FLAGS.items():
            found += required(inputs, flag, wanted=True, why=why)
    if resource_type == ACCESS_POINT:
        # Here absent is private: S3 turns all four on for an access point unless told not to.
        for flag, why in BLOCK_FLAGS.items():
            found += flag_findings(inputs, f"publicAccessBlockConfiguration.{flag}", wanted=True, why=why)
    if resource_type in ACLS:
        found += findings_at(inputs, ACLS[resource_type], _public_acl)
    if resource_type in GRANTEES:
        found += findings_at(inputs, GRANTEES[resource_type], _public_grant)
    return found


def _public_acl(acl: object) -> str | None:
    text = f"got '{acl}', which strangers can read; remove it and grant access by bucket policy"
    return text if acl in PUBLIC_ACLS else None


def _public_grant(uri: object) -> str | None:
    text = f"this grants access to everyone ({uri}); remove the grant"
    return text if str(uri).endswith(PUBLIC_GROUPS) else None
