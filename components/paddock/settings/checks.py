"""Checks of single values, each with the whole message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BeforeValidator, Field

from paddock import catalog
from paddock.catalog import CapacityType, UnknownNameError, suggestion
from paddock.catalog.lookup import shown
from paddock.choices import (
    ACCOUNT_ID,
    ADAPTER_NAME,
    BUCKET_NAME,
    MOST_ADAPTERS,
    PINNED_PACKAGE,
    PINNED_PACKAGE_FORM,
    REVISION_NAME,
    SECRET_ARN,
)
from paddock.common import subnets
from paddock.common.public_key import is_public_key
from paddock.privacy.predicates.images import image_problem
from paddock.settings.errors import NO_RESERVED_CAPACITY, PREFIX
from paddock.sizing.limits import LIMITS
from paddock.sizing.memory.engine_args import LORA_RANKS

MAX_TAGS = 40
"""AWS allows 50 on a resource; paddock's own take a few."""

TAG_TEXT = re.compile(r"[\w .:/=+@-]*")
"""Tags that IAM and CloudWatch Logs take, the strictest of what we tag, but for spaces other than the usual one.
Source: IAM API, tagKeyType and tagValueType, botocore 1.44.5."""

DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
ROLE = r"arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]+"
"""ARN of a role. Every region of the catalog is of the partition `aws`, and IAM trusts no other partition's."""
ROLE_ARN = re.compile(ROLE, re.ASCII)
PRINCIPAL = re.compile(rf"{ROLE}|arn:aws:iam::[0-9]{{12}}:(?:root|user/[\w+=,.@/-]+)", re.ASCII)
RESERVED_CAPACITY = frozenset({"capacityblock", "capacityreservation", "odcr", "reserved"})

LOG_RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""Source: CloudWatch Logs API, PutRetentionPolicy, botocore 1.44.5."""

Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice], *, optional: bool = False) -> BeforeValidator:
    def check(value: object) -> object:
        if value is None and optional:
            return None
        allowed = f"must be one of {', '.join(kind)}, got {shown(value)}"
        if not isinstance(value, str):
            raise ValueError(allowed)  # noqa: TRY004  pydantic collects ValueErrors only
        if value not in set(kind):
            raise ValueError(f"{allowed}; {suggestion(value, kind)}")
        return kind(value)

    return BeforeValidator(check)


def named(find: Callable[[str], object]) -> BeforeValidator:
    """A name that the catalog knows."""

    def check(value: object) -> object:
        if isinstance(value, str):
            try:
                find(value)
            except UnknownNameError as error:
                raise ValueError(str(error)) from None
        return value

    return BeforeValidator(check)


def cidr(value: object) -> object:
    if isinstance(value, str):
        return subnets.network("it", value)
    return value


def package(value: object) -> object:
    if isinstance(value, str) and not PINNED_PACKAGE.fullmatch(value):
        raise ValueError(f"must be {PINNED_PACKAGE_FORM}, got {shown(value)}")
    return value


def secret(value: object) -> object:
    if isinstance(value, str) and not SECRET_ARN.fullmatch(value):
        raise ValueError(f"must be the ARN of a secret in Secrets Manager, got {shown(value)}")
    return value


def image_by_digest(value: object) -> object:
    if isinstance(value, str) and (problem := image_problem(value)):
        raise ValueError(f"must be by digest: {problem}")
    return value


def supported_kubernetes(value: object) -> object:
    if isinstance(value, float):
        raise ValueError(f'must be text, got the number {value}; put it in quotes, "{value}"')  # noqa: TRY004  pydantic collects ValueErrors only
    supported = catalog.supported_eks_versions()
    if isinstance(value, str) and value not in supported:
        raise ValueError(
            f"must be a version in standard support, {' or '.join(supported)}, got {shown(value)}; "
            f"{suggestion(value, supported)}; without this setting a cluster that is there keeps its version"
        )
    return value


AMI_RELEASE = re.compile(r"\d+\.\d+\.\d+-(?:[0-9a-f]{8}|\d{8})")


def ami_release(value: object) -> object:
    """EKS's `releaseVersion`: Bottlerocket's own version, or Kubernetes' and a day for Amazon Linux."""
    if isinstance(value, str) and not AMI_RELEASE.fullmatch(value):
        raise ValueError(
            f"must be an AMI release as EKS spells it, such as 1.62.0-0f1e2d3c (bottlerocket) or 1.35.3-20260714 "
            f"(al2023), got {shown(value)}"
        )
    return value


def limited(name: str, default: float | None) -> Any:
    """A field within the limits that a request has for the number of that name."""
    limit = LIMITS[name]
    lowest: dict[str, Any] = {"gt": 0} if limit.lowest is None else {"ge": limit.lowest}
    return Field(default, le=limit.highest, **lowest)


def lora_rank(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or value not in LORA_RANKS:
        raise ValueError(f"must be one of {', '.join(str(rank) for rank in LORA_RANKS)}, got {shown(value)}")
    return value


def adapter_map(value: object) -> object:
    """Names that clients use, each with the revision of an adapter."""
    if not isinstance(value, Mapping):
        return value
    if len(value) > MOST_ADAPTERS:
        raise ValueError(
            f"must be at most {MOST_ADAPTERS} adapters, got {len(value)}; serve the others by another stack"
        )
    for name, address in value.items():
        if not isinstance(name, str) or not ADAPTER_NAME.fullmatch(name):
            raise ValueError(
                f"must have names of lower-case letters, digits, dots, hyphens or underscores, 63 at most, "
                f"got {shown(name)}"
            )
        parts = address.split("/") if isinstance(address, str) else []
        if not 1 <= len(parts) <= 2 or not all(map(REVISION_NAME.fullmatch, parts)):
            raise ValueError(
                f"must name a revision for {name}, as text such as lora-0e9e39f249a1 or "
                f"support-tone/lora-0e9e39f249a1, got {shown(address)}"
            )
    return dict(value)


def tag_map(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    if len(value) > MAX_TAGS:
        raise ValueError(f"must be at most {MAX_TAGS} tags, got {len(value)}")
    for key, text in value.items():
        if not (isinstance(key, str) and isinstance(text, str)):
            raise ValueError(  # noqa: TRY004  pydantic collects ValueErrors only
                f"must map text to text, got {shown(key)}: {shown(text)}; put both in quotes"
            )
        if not 0 < len(key) <= 128 or len(text) > 256:
            raise ValueError(f"has a tag that AWS refuses, {shown(key)}: keys take 1 to 128 characters, values 256")
        for each in (key, text):
            if not TAG_TEXT.fullmatch(each):
                raise ValueError(f"has {shown(each)} in a tag; AWS takes letters, digits, spaces and _ . : / = + - @")
        if key.lower().startswith(("aws:", PREFIX)) or key == "Name":
            raise ValueError(f"must not set {shown(key)}; Name, aws: and {PREFIX} tags are written by AWS and paddock")
    return dict(value)


def gpu_region(value: object) -> object:
    if value == "":
        raise ValueError("is missing; `pulumi config set aws:region us-east-1`")
    if isinstance(value, str) and value not in catalog.regions():
        raise ValueError(
            f"must be a region with GPU instances, got {shown(value)}; {suggestion(value, catalog.regions())}"
        )
    return value


def domain(value: object) -> object:
    if isinstance(value, str) and not DOMAIN.fullmatch(value):
        raise ValueError(f"must be a domain name such as llama.internal.example.com, in lower case, got {shown(value)}")
    return value


def arn(service: str, resource: str) -> BeforeValidator:
    """An ARN of one kind of resource, such as `certificate/` of `acm`, with its account."""

    def check(value: object) -> object:
        form = f"arn:aws:{service}:<region>:<account>:{resource}<id>"
        shape = rf"arn:aws:{service}:[a-z0-9-]+:[0-9]{{12}}:{resource}[A-Za-z0-9-]+"
        if isinstance(value, str) and not re.fullmatch(shape, value):
            raise ValueError(f"must be of the form {form}, got {shown(value)}")
        return value

    return BeforeValidator(check)


def bucket(value: object) -> object:
    if isinstance(value, str) and not BUCKET_NAME.fullmatch(value):
        raise ValueError(f"must be the name of an S3 bucket, such as llama-store-0a1b2c3, got {shown(value)}")
    return value


def revision(value: object) -> object:
    if isinstance(value, str) and not REVISION_NAME.fullmatch(value):
        raise ValueError(f"must be the name of a revision, such as bf16-0e9e39f249a1, got {shown(value)}")
    return value


def public_key(value: object) -> object:
    if isinstance(value, str) and not is_public_key(value):
        raise ValueError(f"must be a P-256 public key in PEM, -----BEGIN PUBLIC KEY-----…, got {shown(value)}")
    return value


def principal(value: object) -> object:
    if isinstance(value, str) and not PRINCIPAL.fullmatch(value):
        raise ValueError(
            f"must be an account, role or user by ARN, such as arn:aws:iam::123456789012:root, got {shown(value)}; "
            f"everyone (`*`) is not allowed"
        )
    return value


def account(value: object) -> object:
    """Number of an AWS account as text; a number too, which `pulumi config set --path` writes."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not ACCOUNT_ID.fullmatch(text):
        raise ValueError(f"must be an AWS account, 12 digits in quotes such as '123456789012', got {shown(value)}")
    return text


def role_or_user(value: object) -> object:
    """Principal of an access entry, which is no whole account, no session of a role and no role of AWS's own."""
    if isinstance(value, str) and ":role/aws-service-role/" in value:
        raise ValueError(f"has {shown(value)}, a role that only an AWS service assumes; EKS takes none, so remove it")
    if isinstance(value, str) and (not PRINCIPAL.fullmatch(value) or value.endswith(":root")):
        raise ValueError(
            f"must be a role or user by ARN, such as arn:aws:iam::123456789012:role/ci, got {shown(value)}; EKS takes "
            f"no account and no session of a role"
        )
    return value


def capacity(value: object) -> object:
    """Purchase of GPU nodes; what else EC2 sells is refused in its own words."""
    if isinstance(value, str) and re.sub(r"[^a-z]", "", value.lower()) in RESERVED_CAPACITY:
        raise ValueError(f"must be one of {', '.join(CapacityType)}, got {shown(value)}; {NO_RESERVED_CAPACITY}")
    return value


def resource_id(prefix: str) -> BeforeValidator:
    """An id that EC2 gives, such as `vpc-0123456789abcdef0`."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(rf"{prefix}-(?:[0-9a-f]{{8}}|[0-9a-f]{{17}})", value):
            raise ValueError(f"must be an id such as {prefix}-0123456789abcdef0, got {shown(value)}")
        return value

    return BeforeValidator(check)


def a_list(value: object) -> object:
    """YAML's lists as tuples, of which each entry makes something of its own, so none may be there twice."""
    if not isinstance(value, list | tuple):
        return value
    for index, each in enumerate(value):
        if each in value[:index]:
            raise ValueError(f"has {shown(each)} twice; remove one")
    return tuple(value)


def one_line(value: object) -> object:
    if isinstance(value, str) and not value.isprintable():
        raise ValueError(f"must be text on one line, got {shown(value)}")
    return value


def day(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"must be a day such as 2026-11-24, got {shown(value)}") from None


def yaml_on(value: object) -> object:
    """Map with the key `on` as written: YAML 1.1, by which PyYAML reads, takes the bare word for true."""
    return {"on" if key is True else key: each for key, each in value.items()} if isinstance(value, Mapping) else value


def retention(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or value not in LOG_RETENTION_DAYS:
        raise ValueError(
            f"must be one of {', '.join(str(days) for days in LOG_RETENTION_DAYS)}, which CloudWatch takes, "
            f"got {shown(value)}"
        )
    return value
