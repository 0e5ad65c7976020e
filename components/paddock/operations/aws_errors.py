"""Errors of AWS calls in one sentence each: the answer of AWS, missing credentials, or no answer at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from paddock.catalog.lookup import RefusedError


@contextmanager
def aws_errors(doing: str) -> Iterator[None]:
    """`RefusedError` in place of botocore's exceptions: no traceback, and none of the request's parameters."""
    # Here, since `paddock --help` must not load botocore.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        said = f"AWS answers {answer.get('Code', 'an error')} to {error.operation_name}: {answer.get('Message', '')}"
        bucket = f" ({answer['BucketName']})" if answer.get("BucketName") else ""
        raise RefusedError(f"{doing} failed, {said}{bucket}") from None
    except NoCredentialsError:
        raise RefusedError(
            f"{doing} takes AWS credentials, and none are found; run `aws configure sso` or set AWS_PROFILE"
        ) from None
    except BotoCoreError as error:
        raise RefusedError(
            f"{doing} failed before AWS answered: {type(error).__name__}; look at the network and AWS_PROFILE"
        ) from None
