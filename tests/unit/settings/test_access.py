"""Settings of access: each is right alone and fits the others, or one message says what to change."""

import pytest

from paddock.settings import Settings, SettingsError, parse_settings, settings_of_stack

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:{64 * '0'}"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000"
AUTHORITY = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/0a1b2c3d-0000-4000-8000-000000000000"
ACCOUNT = "arn:aws:iam::123456789012:root"
ROLE = "arn:aws:iam::123456789012:role/ci"
SERVICE_ROLE = "arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]


def parsed(**values: object) -> Settings:
    return parse_settings({"model": "llama-3.1-8b", "vllm_image": IMAGE, **values}, region="us-east-1")


@pytest.mark.parametrize(
    ("values", "tunnel"),
    [
        ({}, True),
        ({"peer_cidrs": ["10.9.0.0/16"]}, False),
        ({"peer_cidrs": ["10.9.0.0/16"], "bastion": True}, True),
        ({"bastion": False}, False),
        ({"endpoint_public_access_cidrs": ["8.8.8.8/32"]}, False),
    ],
)
def test_there_is_a_tunnel_where_nothing_else_leads_to_the_api(values: dict[str, object], tunnel: bool) -> None:
    assert parsed(**values).has_bastion is tunnel


def test_an_account_is_text_also_where_pulumi_wrote_it_as_a_number() -> None:
    """`pulumi config set --path 'paddock:image_accounts[0]' 210987654321` writes a number."""
    assert parsed(image_accounts=[210987654321]).image_accounts == ("210987654321",)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"endpoint_public_access_cidrs": ["0.0.0.0/0"]}, "endpoint_public_access_cidrs has 0.0.0.0/0"),
        ({"endpoint_public_access_cidrs": ["10.1.0.0/24"]}, "private networks go to paddock:peer_cidrs"),
        ({"domain_name": "llama.internal"}, "paddock:domain_name needs TLS"),
        ({"certificate_arn": CERTIFICATE}, "paddock:domain_name is not"),
        (
            {"domain_name": "a.internal", "certificate_arn": CERTIFICATE, "certificate_authority_arn": AUTHORITY},
            "remove one",
        ),
        ({"domain_name": "LLAMA internal", "certificate_arn": CERTIFICATE}, "must be a domain name"),
        ({"domain_name": "a.internal", "certificate_arn": "arn:aws:acm:*"}, "must be of the form arn:aws:acm"),
        ({"allowed_principals": ["*"]}, "everyone (`*`) is not allowed"),
        ({"allowed_principals": [ACCOUNT]}, "clients have no load balancer"),
        (
            {"client_cidrs": ["8.8.8.0/24"], "domain_name": "a.internal", "certificate_arn": CERTIFICATE},
            "which is not private",
        ),
        ({"vpc_id": "vpc-0123456789abcdef0"}, "paddock:endpoint_subnet_ids, paddock:node_subnet_ids is missing"),
        ({"vpc_id": "vpc-1; rm -rf /"}, "must be an id such as vpc-"),
        (
            {
                "vpc_id": "vpc-0123456789abcdef0",
                "node_subnet_ids": SUBNETS[:1],
                "endpoint_subnet_ids": SUBNETS,
            },
            "node_subnet_ids has one subnet",
        ),
        (
            {
                "vpc_id": "vpc-0123456789abcdef0",
                "node_subnet_ids": SUBNETS,
                "endpoint_subnet_ids": SUBNETS,
                "number_of_availability_zones": 3,
            },
            "paddock:number_of_availability_zones is set, but the subnets of paddock:vpc_id decide it",
        ),
        (
            {
                "domain_name": "llama.internal.example.com",
                "certificate_authority_arn": AUTHORITY.replace("us-east-1", "eu-west-1"),
            },
            "paddock:certificate_authority_arn is in eu-west-1, but the load balancer is in us-east-1",
        ),
        ({"log_retention_days": 91}, "which CloudWatch takes, got 91"),
        ({"license": {"license": "llama2", "by": "legal", "on": "2026-11-24"}}, "comes under llama3.1"),
        ({"license": {"license": "llama3.1", "by": "legal", "on": "soon"}}, "must be a day such as 2026-11-24"),
        ({"license": {"license": "llama3.1", "by": "legal"}}, "paddock:license"),
        (
            {"license": {"license": "llama3.1", "by": "legal", "on": "2026-11-24", "why": "x"}},
            "paddock:license[why] is not known",
        ),
        ({"monthly_budget_usd": 0}, "a number above 0"),
        ({"image_accounts": ["llamas"]}, "image_accounts[0] must be an AWS account, 12 digits in quotes such as"),
        ({"image_accounts": [12345678901]}, "12 digits in quotes such as '123456789012', got 12345678901"),
        ({"image_accounts": ["210987654321", "210987654321"]}, "image_accounts has '210987654321' twice"),
        ({"admin_principal_arns": [ROLE, ROLE]}, f"admin_principal_arns has '{ROLE}' twice; remove one"),
        ({"peer_cidrs": ["10.9.0.0/16", "10.9.0.0/16"]}, "peer_cidrs has '10.9.0.0/16' twice"),
        ({"admin_principal_arns": [ROLE.replace("aws:", "aws-cn:")]}, "must be a role or user by ARN"),
        ({"vllm_image": IMAGE.replace(".com/", ".com.cn/")}, "us-east-1.amazonaws.com.cn', which nodes cannot reach"),
        ({"admin_principal_arns": [SERVICE_ROLE]}, "a role that only an AWS service assumes"),
        ({"allowed_principals": [ACCOUNT.replace("aws:", "aws-us-gov:")]}, "must be an account, role or user by ARN"),
        (
            {"domain_name": "a.internal", "certificate_arn": CERTIFICATE.replace("aws:", "aws-cn:")},
            "must be of the form arn:aws:acm",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parsed(**values)
    assert said in str(refused.value)


@pytest.mark.parametrize(("text", "value"), [("True", True), ("TRUE", True), ("False", False), ("FALSE", False)])
def test_a_boolean_is_read_as_pulumi_reads_it(text: str, value: bool) -> None:
    arguments = settings_of_stack({"aws:region": "us-east-1", "paddock:bastion": text})
    assert arguments == {"region": "us-east-1", "bastion": value}


def test_what_fits_is_accepted() -> None:
    settings = parsed(
        domain_name="llama.internal.example.com",
        certificate_authority_arn=AUTHORITY,
        client_cidrs=["10.9.0.0/16"],
        allowed_principals=[ACCOUNT],
        license={"license": "llama3.1", "by": "legal", "on": "2026-11-24"},
    )
    assert settings.domain_name == "llama.internal.example.com"
    assert settings.model.license is not None
    assert settings.model.license.on.isoformat() == "2026-11-24"
