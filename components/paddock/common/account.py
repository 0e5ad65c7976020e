"""AWS account and region of a program."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account and a region: known at the first preview, when no ARN is, so that policies are complete there."""

    partition: str
    id: str
    region: str

    @classmethod
    def of(cls, component: pulumi.Resource) -> "Account":
        asked = pulumi.InvokeOptions(parent=component)
        return cls(
            partition=aws.get_partition(opts=asked).partition,
            id=aws.get_caller_identity(opts=asked).account_id,
            region=aws.get_region(opts=asked).region,
        )

    def arn(self, service: str, resource: str, owner: str | None = None) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{owner or self.id}:{resource}"
