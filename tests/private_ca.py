"""A private CA as its owner sets one up, by the API: paddock is given its ARN and never makes one."""

from typing import Any

ROOT_TEMPLATE = "arn:aws:acm-pca:::template/RootCACertificate/V1"


def active_authority(acm_pca: Any) -> str:
    """The ARN of a new root CA that signed its own certificate and may issue others."""
    subject = {"Country": "XX", "Organization": "Test", "CommonName": "test root"}
    arn = acm_pca.create_certificate_authority(
        CertificateAuthorityType="ROOT",
        CertificateAuthorityConfiguration={
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": subject,
        },
    )["CertificateAuthorityArn"]
    issued = acm_pca.issue_certificate(
        CertificateAuthorityArn=arn,
        Csr=acm_pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"].encode(),
        SigningAlgorithm="SHA256WITHRSA",
        TemplateArn=ROOT_TEMPLATE,
        Validity={"Type": "YEARS", "Value": 1},
    )["CertificateArn"]
    own = acm_pca.get_certificate(CertificateAuthorityArn=arn, CertificateArn=issued)["Certificate"]
    acm_pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=own.encode())
    return str(arn)
