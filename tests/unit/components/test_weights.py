"""ModelWeights: a fenced bucket, and the least right to read from it."""

import json

from paddock.weights import ModelWeights, ModelWeightsArgs, read_policy
from tests.unit.components.recorder import Build

ARGS: ModelWeightsArgs = {"model": "llama-3.1-8b", "quantization": "bf16", "cluster_name": "llama"}


def test_no_child_escapes_the_component(built: Build) -> None:
    assert built(lambda opts: ModelWeights("w", ARGS, opts)).loose == set()


def test_nothing_in_the_bucket_can_be_public(built: Build) -> None:
    fence = built(lambda opts: ModelWeights("w", ARGS, opts)).one(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    )
    assert [
        fence[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ] == [True] * 4


def test_weights_are_encrypted_with_a_key_of_the_account_and_versioned(built: Build) -> None:
    got = built(lambda opts: ModelWeights("w", ARGS, opts))
    (rule,) = got.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    assert got.one("aws:s3/bucketVersioning:BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}


def test_the_bucket_refuses_transport_without_tls(built: Build) -> None:
    policy = json.loads(
        built(lambda opts: ModelWeights("w", ARGS, opts)).one("aws:s3/bucketPolicy:BucketPolicy")["policy"]
    )
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_reader_may_read_its_own_checkpoint_and_nothing_else() -> None:
    statements = json.loads(read_policy("arn:aws:s3:::b", "arn:aws:kms:::key/k", "models/m/bf16"))["Statement"]
    assert {action for each in statements for action in each["Action"]} == {
        "s3:GetObject",
        "s3:ListBucket",
        "kms:Decrypt",
    }
    assert statements[0]["Resource"] == ["arn:aws:s3:::b/models/m/bf16/*"]
    assert statements[1]["Condition"]["StringLike"]["s3:prefix"] == ["models/m/bf16/*", "models/m/bf16"]


def test_only_the_serving_account_of_its_namespace_reads(built: Build) -> None:
    tie = built(lambda opts: ModelWeights("w", ARGS, opts)).one("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert (tie["clusterName"], tie["namespace"], tie["serviceAccount"]) == ("llama", "llama", "vllm")


def test_a_store_without_a_cluster_has_no_reader(built: Build) -> None:
    got = built(lambda opts: ModelWeights("w", {"model": "m", "quantization": "bf16"}, opts))
    assert [token for token, _, _ in got.made if token.startswith(("aws:iam", "aws:eks"))] == []


def test_weights_that_are_not_kept_can_be_emptied_away(built: Build) -> None:
    def forced(keep: bool) -> object:
        args: ModelWeightsArgs = {**ARGS, "keep": keep}
        return built(lambda opts: ModelWeights("w", args, opts)).one("aws:s3/bucket:Bucket").get("forceDestroy")

    assert (forced(keep=False), forced(keep=True)) == (True, False)


def test_the_uri_names_model_and_quantization(built: Build) -> None:
    assert built(lambda opts: ModelWeights("w", ARGS, opts)).outputs["uri"] == "s3://w-store/models/llama-3.1-8b/bf16"
