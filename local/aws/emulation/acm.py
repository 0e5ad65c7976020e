"""Certificates from a private CA: moto 5.2.5 asks no CA, and deletes a certificate that a load balancer uses."""

from __future__ import annotations

from typing import Any

from moto.acm.models import AWSCertificateManagerBackend
from moto.acmpca.models import acmpca_backends

from local.aws.emulation import Refused, teach


def install() -> None:
    """Teach every ACM backend of this process."""
    request, delete = AWSCertificateManagerBackend.request_certificate, AWSCertificateManagerBackend.delete_certificate

    def request_certificate(
        self: AWSCertificateManagerBackend,
        domain_name: str,
        idempotency_token: str,
        subject_alt_names: list[str],
        tags: list[dict[str, str]],
        cert_authority_arn: str | None = None,
        cert_options: dict[str, Any] | None = None,
    ) -> Any:
        authority = None
        if cert_authority_arn is not None:
            known = acmpca_backends[self.account_id][self.region_name].certificate_authorities
            if cert_authority_arn not in known:
                raise Refused(
                    "ResourceNotFoundException", f"Could not find certificate authority {cert_authority_arn}."
                )
            authority = known[cert_authority_arn]
        arn = request(self, domain_name, idempotency_token, subject_alt_names, tags, cert_authority_arn, cert_options)
        if authority is not None and authority.status != "ACTIVE":
            self._certificates[arn].status = "FAILED"
        return arn

    def delete_certificate(self: AWSCertificateManagerBackend, arn: str) -> None:
        if used := self.get_certificate(arn).in_use_by:
            raise Refused("ResourceInUseException", f"Certificate {arn} is in use by {', '.join(used)}.")
        delete(self, arn)

    teach(AWSCertificateManagerBackend, request_certificate, delete_certificate)
