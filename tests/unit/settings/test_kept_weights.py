"""Settings of weights: of an earlier stack, bucket and key together; a signed revision, and the key that signed it."""

from typing import Any

import pytest

from paddock.settings import SettingsError, parse_settings
from tests.unit.components.recorder import PUBLIC_KEY

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


@pytest.mark.parametrize("name", ["bf16-0e9e39f249a1", "release_7.1", "0", "a" * 128])
def test_a_revision_is_taken_with_and_without_a_key_of_its_own(name: str) -> None:
    assert parsed(weights_revision=name).model.weights_revision == name
    given = parsed(weights_revision=name, weights_public_key=PUBLIC_KEY, **KEPT)
    assert given.model.weights_public_key == PUBLIC_KEY


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        *(
            ({"weights_revision": name}, "paddock:weights_revision must be the name of a revision")
            for name in ("", "A", "a/b", "../a", "-a", "*", "a" * 129, "a\n", "a b")
        ),
        *(
            ({"weights_revision": "a", "weights_public_key": text}, "paddock:weights_public_key must be a P-256 public")
            for text in ("", "x", PUBLIC_KEY[:-40], PUBLIC_KEY.replace("PUBLIC", "PRIVATE"), PUBLIC_KEY + PUBLIC_KEY)
        ),
        (
            {"weights_public_key": PUBLIC_KEY},
            "paddock:weights_public_key is set, but only a revision is checked by it; set paddock:weights_revision",
        ),
        (
            {"weights_revision": "a", **KEPT},
            "paddock:weights_revision is set, but the signing key of paddock:weights_bucket is not of this stack",
        ),
        (
            {"weights_lock_days": 9, **KEPT},
            "paddock:weights_lock_days is set, but the bucket of paddock:weights_bucket is not of this stack",
        ),
        ({"weights_lock_days": 0}, "paddock:weights_lock_days "),
        ({"weights_lock_days": 36_501}, "paddock:weights_lock_days "),
    ],
)
def test_what_would_check_nothing_or_trust_nobody_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=f"- {says}"):
        parsed(**wrong)
