"""The tunnel to a private cluster's API: from a port of the operator's machine, by Systems Manager, to the bastion."""
