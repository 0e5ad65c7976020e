"""Errors of AWS calls: one sentence for each kind, with no parameter of the request."""

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    TokenRetrievalError,
)

from paddock.catalog.lookup import RefusedError
from paddock.operations.aws_errors import aws_errors

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "ListRoles"),
            "looking failed, AWS answers AccessDenied to ListRoles: not you",
        ),
        (
            ClientError({"Error": {"Code": "NoSuchBucket", "Message": "none", "BucketName": "b-1"}}, "ListObjectsV2"),
            "looking failed, AWS answers NoSuchBucket to ListObjectsV2: none (b-1)",
        ),
        (ClientError({}, "ListRoles"), "looking failed, AWS answers an error to ListRoles: "),
        (
            NoCredentialsError(),
            "looking takes AWS credentials, and none are found; run `aws configure sso` or set AWS_PROFILE",
        ),
        *(
            (error, f"looking failed before AWS answered: {type(error).__name__}; look at the network and AWS_PROFILE")
            for error in (
                EndpointConnectionError(endpoint_url=f"https://{SECRET}.example.com"),
                TokenRetrievalError(provider="sso", error_msg=SECRET),
                ParamValidationError(report=SECRET),
            )
        ),
    ],
)
def test_each_error_of_botocore_is_one_sentence_without_parameters(error: Exception, sentence: str) -> None:
    with pytest.raises(RefusedError) as refused, aws_errors("looking"):
        raise error
    assert str(refused.value) == sentence
    assert refused.value.__suppress_context__, "no traceback of botocore behind it"


def test_what_is_no_error_of_botocore_passes() -> None:
    with pytest.raises(RefusedError, match="a refusal of ours"), aws_errors("looking"):
        raise RefusedError("a refusal of ours")
    with pytest.raises(KeyError), aws_errors("looking"):
        raise KeyError("a bug")
