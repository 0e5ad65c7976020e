import pulumi

from paddock import PrivateNetwork

pulumi.export("vpc_id", PrivateNetwork("alone", {"vpc_cidr": "10.40.0.0/16"}).vpc_id)
