"""Monthly cost of the node groups of a stack, against a budget."""

from collections.abc import Iterable, Iterator, Mapping

from paddock import catalog
from paddock.catalog import UnknownNameError, footprint
from paddock.economics import HOURS_PER_MONTH
from paddock.policy.model_fit import DEPLOYMENT, instance_types
from paddock.privacy.predicates.types import NODE_GROUP
from paddock.privacy.predicates.values import UNKNOWN, value_at, values_at
from paddock.privacy.resource import Resource

ANNOTATION = "paddock.dev/monthly-budget-usd"
"""Annotation of a deployment: what its stack may cost. A pack is not shown the program's configuration (pulumi-policy
1.21 drops it), and a tag on the node group would renew its nodes whenever the budget changes."""


def own_budgets(resources: Iterable[Resource]) -> Iterator[float]:
    """Budgets in USD a month, of each deployment that has one; 0 for one that is no number."""
    for each in resources:
        annotations = value_at(each.values, "metadata.annotations") if each.type == DEPLOYMENT else None
        given = annotations.get(ANNOTATION) if isinstance(annotations, Mapping) else None
        if given is not None:
            try:
                yield float(str(given))
            except ValueError:
                yield 0.0


def over_budget(resources: Iterable[Resource], monthly_usd: float) -> str | None:
    """Fault of node groups that cost more than `monthly_usd` (USD a month) or have no price; None within the budget.

    Node groups alone, at their desired size and on demand: what else a stack makes comes on top, and spot costs less.
    """
    total, unpriced = 0.0, []
    for group in resources:
        if group.type != NODE_GROUP:
            continue
        sizes = [value for _, value in values_at(group.values, "scalingConfig.desiredSize")]
        prices = list(map(_usd_per_hour, instance_types(group)))
        if len(sizes) != 1 or not isinstance(sizes[0], int | float) or not prices or None in prices:
            unpriced.append(group.name)
        else:
            # Of several types EKS may take any.
            total += sizes[0] * max(price for price in prices if price is not None) * HOURS_PER_MONTH
    if total > monthly_usd:
        return f"the node groups cost {total:,.0f} USD a month on demand, over the budget of {monthly_usd:,.0f}"
    if unpriced:
        return f"no price is known for the node groups {', '.join(unpriced)}, so the budget cannot be checked"
    return None


def _usd_per_hour(instance_type: object) -> float | None:
    if instance_type is UNKNOWN:
        return None
    for region in catalog.regions():
        system = footprint.system_node(region)
        if instance_type == system.instance_type:
            return system.usd_per_hour
    try:
        return catalog.instance(str(instance_type)).on_demand_usd_per_hour
    except UnknownNameError:
        return None
