"""Fences of buckets that leave objects out: papers of a revision may be read from elsewhere, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from tests.privacy_cases.case import fault, harmless
from tests.privacy_cases.values import STRANGERS_BUCKET, bucket_policy, fence, tls
from tests.unit.privacy.proof.stacks import JsonObject

LEFT_OUT = {
    "the shards": ("{}/models/*/*.safetensors",),
    "what ends as a signature does": ("{}/models/*model.sig",),
    "any signature": ("{}/models/*/*.sig",),
    "any file of four letters": ("{}/models/*/????.???",),
    "what begins as a signature does": ("{}/models/*/model.sig*",),
    "what is below a signature": ("{}/models/*/model.sig/*",),
    "a folder and a signature": ("{}/models/*/model.sig", "{}/models/secret/*"),
    "everything": ("*",),
    "everything in it": ("{}/*",),
    "the bucket of whoever asks, by a variable": ("{}/models/${{aws:PrincipalTag/folder}}/model.sig",),
    "signatures of every bucket": ("arn:aws:s3:::*/models/*/model.sig",),
    "signatures of another bucket": (f"arn:aws:s3:::{STRANGERS_BUCKET}/models/*/model.sig",),
    "a tokenizer, which is no paper": ("{}/models/*/tokenizer.json",),
    "nothing, in an empty list": (),
}
"""Objects that a fence must not leave out; `{}` is the ARN of the bucket."""


def _but(*left_out: str) -> Callable[[str], list[JsonObject]]:
    """Fence of all objects but these."""

    def statements(bucket: str) -> list[JsonObject]:
        whole = {key: value for key, value in fence(bucket).items() if key != "Resource"}
        return [tls(bucket), {**whole, "NotResource": [each.format(f"arn:aws:s3:::{bucket}") for each in left_out]}]

    return statements


CASES = [
    *(fault(f"fence of all objects but {says}", bucket_policy(_but(*left_out))) for says, left_out in LEFT_OUT.items()),
    harmless(
        "fence of all objects but signatures and records, which hold no weights",
        bucket_policy(_but("{}/models/*/model.sig", "{}/models/*/paddock-revision.json", "{}/*/config.json")),
    ),
]
