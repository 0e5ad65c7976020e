"""The tagging API: moto 5.2.5 leaves out launch templates, VPC endpoints, rules of security groups and all of EKS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource, make_tag_matcher, match_resource_type
from moto.ec2.models import ec2_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend

from local.aws.emulation import teach
from local.aws.recorded.region import RECORDED


def install() -> None:
    """Teach every tagging backend of this process."""
    known = ResourceGroupsTaggingAPIBackend._get_resources_generator

    def _get_resources_generator(
        self: ResourceGroupsTaggingAPIBackend,
        tag_filters: list[dict[str, Any]] | None = None,
        resource_type_filters: list[str] | None = None,
        resource_arn_list: list[str] | None = None,
    ) -> Iterator[TaggedResource]:
        yield from known(self, tag_filters, resource_type_filters, resource_arn_list)
        matches = make_tag_matcher(tag_filters)
        for each in (*_of_ec2(self), *_of_eks(self)):
            asked = not resource_arn_list or each.arn in resource_arn_list
            kind_asked = match_resource_type(each.resource_type, resource_type_filters)
            if asked and kind_asked and each.tags and matches(each.tags):
                yield each

    teach(ResourceGroupsTaggingAPIBackend, _get_resources_generator)


def _of_ec2(tagging: ResourceGroupsTaggingAPIBackend) -> Iterator[TaggedResource]:
    ec2 = ec2_backends[tagging.account_id][tagging.region_name]
    rules = [
        rule
        for groups in ec2.groups.values()
        for group in groups.values()
        for rule in (*group.ingress_rules, *group.egress_rules)
    ]
    ids = {
        "launch-template": list(ec2.launch_templates),
        # EC2 still describes one that is deleted; its tags are gone with it.
        "vpc-endpoint": [id_ for id_, each in ec2.vpc_end_points.items() if each.state.lower() != "deleted"],
        "security-group-rule": [rule.id for rule in rules],
    }
    for kind, found in ids.items():
        for id_ in found:
            arn = f"arn:aws:ec2:{tagging.region_name}:{tagging.account_id}:{kind}/{id_}"
            yield TaggedResource(arn, dict(ec2.tags.get(id_, {})), f"ec2:{kind}")


def _of_eks(tagging: ResourceGroupsTaggingAPIBackend) -> Iterator[TaggedResource]:
    for arn, record in RECORDED.region(tagging.account_id, tagging.region_name).tagged():
        yield TaggedResource(arn, dict(record["tags"]), f"eks:{arn.split(':', 5)[5].partition('/')[0]}")
