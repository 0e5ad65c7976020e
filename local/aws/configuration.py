"""The provider's own settings: which mean something here, and what they are worth."""

from __future__ import annotations

import json
from collections.abc import Iterator

from local.aws.definition import names
from local.aws.schema import Failure, Fields, Scalar, args_schema, failures
from local.aws.values import Secret, Values

_MEANT = names(
    "region defaultTags allowedAccountIds forbiddenAccountIds accessKey secretKey token profile maxRetries retryMode "
    "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId s3UsePathStyle "
    "stsRegion"
)
"""Settings that are heeded, and those that only say how to reach AWS, which the local cloud knows better."""
_ENGINES = ("version", "pluginDownloadURL")


def settings(values: Values) -> Values:
    """The settings as they were given; the engine hands over as JSON text whatever is not a string."""
    fields = _fields().by_name
    found = {}
    for name, value in values.items():
        if name in _ENGINES:
            continue
        text = value.value if isinstance(value, Secret) else value
        if name in fields and fields[name].kind != Scalar(str) and isinstance(text, str):
            parsed = json.loads(text)
            found[name] = Secret(parsed) if isinstance(value, Secret) else parsed
        else:
            found[name] = value
    return found


def setting_failures(values: Values) -> Iterator[Failure]:
    given = settings(values)
    yield from failures(_fields(), given)
    for name in given:
        if name in _fields().by_name and name not in _MEANT:
            yield Failure(name, "is not emulated by the local cloud's `aws` provider")
    if not given.get("region"):
        yield Failure("region", "required, but not given: set aws:region or AWS_REGION")


def _fields() -> Fields:
    return args_schema("pulumi_aws.provider.ProviderArgs")
