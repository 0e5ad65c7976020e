"""A research team's own stack: two components of paddock, a closed network and a store for weights."""

import pulumi

from paddock import PrivateNetwork, WeightsBucket

LLAMA_CIDR = "10.0.0.0/16"
"""The range of the llama's network. Named as a peer, so that the two networks can be joined later."""

config = pulumi.Config()

network = PrivateNetwork(
    "research", {"vpc_cidr": "10.8.0.0/16", "number_of_availability_zones": 2, "peer_cidrs": [LLAMA_CIDR]}
)
weights = WeightsBucket("research", {"model": "llama-3.2-1b", "quantization": "bf16", "retain": False})

pulumi.export("vpc_id", network.vpc_id)
pulumi.export("node_subnet_ids", network.node_subnet_ids)
pulumi.export("weights_uri", weights.uri)

# With a paddock stack named, its outputs are at hand here too; without one, this stack stands alone.
if llama_stack := config.get("llama_stack"):
    llama = pulumi.StackReference(llama_stack)
    pulumi.export("llama_vpc_id", llama.require_output("vpc_id"))
    pulumi.export("llama_endpoint", llama.require_output("endpoint"))
