"""Settings of weights that an earlier stack left: bucket and key together, in the stack's region."""

from typing import Any

import pytest

from paddock.settings import SettingsError, parse_settings

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{'a' * 64}"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d"
KEPT = {"weights_bucket": "llama-store-1", "weights_key_arn": KEY}


def parsed(**more: Any) -> Any:
    return parse_settings({"model": "llama-3.1-8b", "vllm_image": IMAGE, **more}, region="us-east-1")


@pytest.mark.parametrize("name", ["llama-store-1", "a.b", "1.2.3.4.5", "my-s3alias-1", "a" * 63])
def test_bucket_and_key_together_are_taken(name: str) -> None:
    assert parsed(**{**KEPT, "weights_bucket": name}).model.weights_bucket == name


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            {"weights_bucket": "Weights", "weights_key_arn": KEY},
            "paddock:weights_bucket must be the name of an S3 bucket",
        ),
        *(
            (
                {"weights_bucket": name, "weights_key_arn": KEY},
                "paddock:weights_bucket must be the name of an S3 bucket",
            )
            for name in (
                *("a..b", "192.168.5.4", "xn--a", "sthree-a", "amzn-s3-demo-a", "a-s3alias", "a--ol-s3", "a.mrap"),
                *("a--x-s3", "a--table-s3", "ab", "a_b", "-ab", "ab.", "a" * 64, "abc\n"),
            )
        ),
        (
            {"weights_bucket": "llama-store-1"},
            "paddock:weights_bucket is set, so a kept bucket is meant, but paddock:weigh",
        ),
        (
            {"weights_key_arn": KEY},
            "paddock:weights_key_arn is set, so a kept bucket is meant, but paddock:weights_bucket",
        ),
        (
            {"weights_bucket": "llama-store-1", "weights_key_arn": KEY, "retain_weights": True},
            "paddock:retain_weights is set, but paddock:weights_bucket is not of this stack",
        ),
        (
            {"weights_bucket": "llama-store-1", "weights_key_arn": KEY.replace("us-east-1", "eu-west-1")},
            "paddock:weights_key_arn is in eu-west-1, but the nodes are in us-east-1",
        ),
    ],
)
def test_half_of_them_or_one_from_elsewhere_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=f"- {says}"):
        parsed(**wrong)
