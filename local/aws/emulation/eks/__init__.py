"""Amazon EKS as a record: moto 5.2.5 knows clusters and node groups with half of their fields, and nothing else of EKS.

Every call is held against the service model, then against what it refers to (roles, subnets, launch templates and keys
live in moto), then remembered and given back as the API lays it out. Nothing runs here: nodes come from the bridge, the
Kubernetes API from the local control plane.
"""
