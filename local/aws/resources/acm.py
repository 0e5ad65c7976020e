"""Certificates that a private CA issues."""

from __future__ import annotations

from collections.abc import Iterator

from local.aws.calls import create, tag_list, tag_map, timestamp
from local.aws.cloud import Cloud
from local.aws.definition import Resource, names
from local.aws.values import Values


def _create(cloud: Cloud, inputs: Values) -> str:
    return str(create(cloud, "acm", "RequestCertificate", inputs)["CertificateArn"])


def _read(cloud: Cloud, arn: str, _: Values) -> Values:
    certificate = cloud.acm.describe_certificate(CertificateArn=arn)["Certificate"]
    return {
        "arn": arn,
        "certificateAuthorityArn": certificate.get("CertificateAuthorityArn", ""),
        "domainName": certificate["DomainName"],
        "keyAlgorithm": certificate["KeyAlgorithm"],
        "notAfter": timestamp(certificate["NotAfter"]),
        "notBefore": timestamp(certificate["NotBefore"]),
        "status": certificate["Status"],
        "subjectAlternativeNames": certificate["SubjectAlternativeNames"],
        "tagsAll": tag_map(cloud.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]),
        "type": certificate["Type"],
    }


def _retag(cloud: Cloud, arn: str, _: Values, put: dict[str, str], drop: list[str]) -> None:
    if drop:
        cloud.acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": key} for key in drop])
    if put:
        cloud.acm.add_tags_to_certificate(CertificateArn=arn, Tags=tag_list(put))


def _validate(inputs: Values) -> Iterator[tuple[str, str]]:
    if "certificateAuthorityArn" not in inputs:
        yield "certificateAuthorityArn", "required by the local cloud: only a private CA's certificates are emulated"


RESOURCES = (
    Resource(
        pulumi_type="aws:acm/certificate:Certificate",
        operation=("acm", "RequestCertificate"),
        arguments=names("domainName certificateAuthorityArn"),
        required=names("domainName"),
        replace_on=names("domainName certificateAuthorityArn"),
        create=_create,
        read=_read,
        delete=lambda cloud, arn, _: cloud.acm.delete_certificate(CertificateArn=arn),
        retag=_retag,
        validate=_validate,
    ),
)
