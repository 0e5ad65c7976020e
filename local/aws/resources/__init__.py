"""The emulated resource types and functions, one module per corner of AWS."""

from __future__ import annotations

from local.aws.definition import Resource
from local.aws.resources import (
    codebuild,
    ec2_endpoint,
    ec2_flow_log,
    ec2_gateway,
    ec2_launch_template,
    ec2_network,
    ec2_route,
    ec2_security,
    ec2_security_rule,
    eks_access,
    eks_addon,
    eks_cluster,
    eks_node_group,
    iam,
    kms,
    logs,
    s3,
    s3_settings,
    ssm,
)

RESOURCES: dict[str, Resource] = {
    resource.pulumi_type: resource
    for module in (
        codebuild,
        ec2_network,
        ec2_route,
        ec2_endpoint,
        ec2_flow_log,
        ec2_gateway,
        ec2_security,
        ec2_security_rule,
        ec2_launch_template,
        eks_cluster,
        eks_node_group,
        eks_addon,
        eks_access,
        iam,
        kms,
        logs,
        s3,
        s3_settings,
        ssm,
    )
    for resource in module.RESOURCES
}
