"""Every rule, in the order in which its module and policy/README.md have it."""

from pulumi_policy import Policy

from paddock.policy import resource_rules, stack_rules

ALL: list[Policy] = [
    rule for module in (resource_rules, stack_rules) for rule in vars(module).values() if isinstance(rule, Policy)
]
"""Ready for `PolicyPack("…", policies=paddock.policy.ALL)`."""
