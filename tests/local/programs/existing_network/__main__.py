import pulumi

from paddock import ExistingNetwork

given = pulumi.Config()
network = ExistingNetwork(
    "theirs",
    {
        "vpc_id": given.require("vpc"),
        "node_subnet_ids": given.require_object("nodes"),
        "endpoint_subnet_ids": given.require_object("endpoints"),
        "instance_type": "g6.xlarge",
    },
)
pulumi.export("vpc_id", network.vpc_id)
pulumi.export("s3_cidrs", network.s3_cidrs)
