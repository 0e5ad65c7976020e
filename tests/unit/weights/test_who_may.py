"""Rights on the weights, by the very documents of a whole platform: its roles, its bucket, its endpoint."""

import json
from typing import Any

import pytest

from paddock.common.iam import policy_document
from paddock.weights.revision import REVISION_FILE, REVOKED_FILE, SIGNATURE_FILE
from tests.unit.components.recorder import ACCOUNT, Built
from tests.unit.components.variants import built_platform
from tests.unit.weights.iam import Request, allowed

REVISION = "bf16-0a1b2c3d4e5f"
FOLDER = f"models/llama-3.1-8b/{REVISION}"
SHARD = f"{FOLDER}/model-00001-of-00004.safetensors"
ENDPOINT = "llama-s3-id"
READING = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes", "s3:GetObjectTorrent")
WRITING = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutObjectRetention",
    "s3:BypassGovernanceRetention",
    "s3:PutObjectAcl",
    "s3:PutBucketPolicy",
    "s3:AbortMultipartUpload",
    "s3:PutLifecycleConfiguration",
)
ADMINISTRATOR = [policy_document({"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"})]


@pytest.fixture(scope="module")
def platform() -> Built:
    return built_platform({"weights_revision": REVISION})


def roles(built: Built) -> dict[str, list[str]]:
    """Inline policies by role."""
    found: dict[str, list[str]] = {}
    for each in built.of("aws:iam/rolePolicy:RolePolicy").values():
        found.setdefault(each["role"], []).append(each["policy"])
    return found


def bucket_of(built: Built) -> tuple[str, str]:
    (policy,) = built.of("aws:s3/bucketPolicy:BucketPolicy").values()
    return policy["bucket"], policy["policy"]


def request(action: str, key: str | None, **context: str) -> Request:
    resource = "arn:aws:s3:::llama-store" + ("" if key is None else f"/{key}")
    # One that is made by the SDK, over TLS; a whole write is one that creates an object.
    given = {"aws:securetransport": "true", "aws:principalaccount": ACCOUNT, "aws:resourceaccount": ACCOUNT}
    if action == "s3:PutObject":
        given["s3:objectcreationoperation"] = "true"
    return Request(action, resource, given | {name.replace("__", ":"): each for name, each in context.items()})


INSIDE = {"aws__sourcevpce": ENDPOINT, "aws__vpceaccount": ACCOUNT}
OTHER_VPC = {"aws__sourcevpce": "vpce-another", "aws__vpceaccount": ACCOUNT}
FOREIGN_VPC = {"aws__sourcevpce": "vpce-foreign", "aws__vpceaccount": "210987654321"}
PLACES: dict[str, dict[str, str]] = {"inside": INSIDE, "another VPC": OTHER_VPC, "foreign": FOREIGN_VPC, "outside": {}}


def serving(built: Built, action: str, key: str | None, **context: str) -> bool:
    """True where the pods' role may, by all documents on the way."""
    bucket, policy = bucket_of(built)
    assert bucket == "llama-store"
    (endpoint,) = [each for name, each in built.of("aws:ec2/vpcEndpoint:VpcEndpoint").items() if name == "llama-s3"]
    return allowed(request(action, key, **context), roles(built)["llama-reader"], policy, endpoint["policy"])


def administrator(built: Built, action: str, key: str | None, **context: str) -> bool:
    return allowed(request(action, key, **context), ADMINISTRATOR, bucket_of(built)[1])


def test_pods_read_and_list_their_revision_and_nothing_else(platform: Built) -> None:
    for key in (SHARD, f"{FOLDER}/{SIGNATURE_FILE}", f"{FOLDER}/{REVOKED_FILE}"):
        assert serving(platform, "s3:GetObject", key, **INSIDE)
    assert serving(platform, "s3:ListBucket", None, s3__prefix=f"{FOLDER}/", **INSIDE)
    others = ("models/llama-3.1-8b/bf16/a", "models/llama-3.1-8b/bf16-0a1b2c3d4e5f2/a", "models/other/x", "a", FOLDER)
    for key in others:
        assert not serving(platform, "s3:GetObject", key, **INSIDE), key
    for prefix in ("", "models/", "models/llama-3.1-8b/", "models/llama-3.1-8b/bf16/", f"{FOLDER}2/"):
        assert not serving(platform, "s3:ListBucket", None, s3__prefix=prefix, **INSIDE), prefix
    assert not serving(platform, "s3:ListBucket", None, **INSIDE)
    for action in ("s3:GetObjectVersion", "s3:ListBucketVersions", "s3:GetBucketPolicy"):
        assert not serving(platform, action, SHARD, **INSIDE), action


@pytest.mark.parametrize("action", WRITING)
def test_pods_write_nothing_anywhere(platform: Built, action: str) -> None:
    for key in (SHARD, f"{FOLDER}/{REVOKED_FILE}", "models/new/x", None):
        assert not serving(platform, action, key, **{**INSIDE, "s3__if-none-match": "*"})


@pytest.mark.parametrize("place", sorted(PLACES.keys() - {"inside"}))
def test_the_pods_credentials_are_of_no_use_elsewhere(platform: Built, place: str) -> None:
    """Refused at every endpoint but this VPC's: not even in another VPC of the account."""
    for action in (*READING, *WRITING, "s3:ListBucket"):
        for key in (SHARD, f"{FOLDER}/{SIGNATURE_FILE}", None):
            assert not serving(platform, action, key, **PLACES[place], s3__prefix=f"{FOLDER}/")


@pytest.mark.parametrize("action", READING)
def test_nobody_reads_weights_from_outside(platform: Built, action: str) -> None:
    """Refused whatever rights an identity has."""
    for place in ({}, FOREIGN_VPC):
        for key in (SHARD, f"{FOLDER}/tokenizer.json", "a", f"{FOLDER}/{SIGNATURE_FILE}/a", f"{FOLDER}/xmodel.sig"):
            assert not administrator(platform, action, key, **place), (action, key)
        # Beside the models a paper's name opens nothing.
        assert not administrator(platform, action, SIGNATURE_FILE, **place)
        assert not administrator(platform, action, f"other/{SIGNATURE_FILE}", **place)
    assert administrator(platform, action, SHARD, **OTHER_VPC)


def test_papers_are_read_from_outside_by_who_has_the_right_and_by_nobody_else(platform: Built) -> None:
    for paper in ("config.json", SIGNATURE_FILE, REVISION_FILE, REVOKED_FILE):
        assert administrator(platform, "s3:GetObject", f"{FOLDER}/{paper}")
        assert not allowed(request("s3:GetObject", f"{FOLDER}/{paper}"), [], bucket_of(platform)[1])
        assert not administrator(platform, "s3:GetObject", f"{FOLDER}/{paper}", aws__securetransport="false")


def test_nobody_overwrites_and_uploads_by_parts_still_work(platform: Built) -> None:
    assert administrator(platform, "s3:PutObject", SHARD, **{"s3__if-none-match": "*"})
    assert not administrator(platform, "s3:PutObject", SHARD)
    # CreateMultipartUpload, UploadPart: no object comes of them, and they know no If-None-Match.
    assert administrator(platform, "s3:PutObject", SHARD, s3__objectcreationoperation="false")


def test_an_upload_that_names_an_encryption_is_refused(platform: Built) -> None:
    for key in ("s3__x-amz-server-side-encryption", "s3__x-amz-server-side-encryption-customer-algorithm"):
        assert not administrator(platform, "s3:PutObject", SHARD, **{"s3__if-none-match": "*", key: "aws:kms"})


def test_the_pods_role_is_the_only_one_of_the_platform_with_a_right_on_the_bucket(platform: Built) -> None:
    """Managed policies of AWS, which nodes have, are outside of this: they name ECR, EKS and the agent's own."""
    found = {
        role
        for role, documents in roles(platform).items()
        for action in (*READING, *WRITING)
        for key in (SHARD, None)
        if allowed(request(action, key, **INSIDE), documents)
    }
    assert found == {"llama-reader"}


def test_nobody_of_the_platform_may_sign(platform: Built) -> None:
    signing: Any = [json.loads(each) for documents in roles(platform).values() for each in documents]
    assert "kms:Sign" not in json.dumps(signing)
