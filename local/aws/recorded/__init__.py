"""Types that moto 5.2.5 lacks: Amazon EKS, of which it knows half, and the DNS Firewall of Route 53 Resolver.

Each is one declaration, a `kind.Kind`: from it the server answers AWS's operations and the provider makes its calls. A
call is held against AWS's service model, then against what it refers to (roles, subnets, launch templates and keys live
in moto), then remembered and given back as the API lays it out. Nothing runs here: nodes come from the bridge, the
Kubernetes API from the local control plane. `region`, `nodegroups` and `autoscaling_group` are the server's alone, as
they import moto, which would slow down the provider's start.
"""
