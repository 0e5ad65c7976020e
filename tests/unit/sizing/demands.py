"""Demands for the tests of the search, in a line."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from paddock.catalog import Purchase, Quantization, all_models, engine, model, scheme
from paddock.sizing import Demand, Placements, Workload


def demand(
    name: str = "llama-3.1-8b",
    *quantizations: Quantization,
    context: int = 8192,
    requests: int | None = 4,
    replicas: int | None = 1,
    region: str = "us-east-1",
    purchase: Purchase = Purchase.ON_DEMAND,
    pinned: str | None = None,
    version: str = "0.33.0",
    most_nodes: int = 4,
    **work: Any,
) -> Demand:
    more = {key: work.pop(key) for key in ("rank_by",) if key in work}
    return Demand(
        model=model(name),
        schemes=tuple(scheme(each) for each in quantizations or (Quantization.BF16,)),
        engine=engine(version),
        workload=Workload(max_model_len=context, concurrent_requests=requests, **work),
        replicas=replicas,
        region=region,
        purchase=purchase,
        instance_type=pinned,
        nodes_per_replica=most_nodes,
        **more,
    )


def reason_for(placements: Placements, name: str) -> str:
    return next(each.reason for each in placements.rejected if each.instance_type == name)


demands = st.builds(
    demand,
    st.sampled_from(sorted(all_models())),
    st.sampled_from(list(Quantization)),
    context=st.integers(256, 131_072),
    requests=st.integers(1, 128),
    replicas=st.integers(1, 20),
    region=st.sampled_from(["us-east-1", "eu-central-1", "sa-east-1"]),
    purchase=st.sampled_from(list(Purchase)),
    most_nodes=st.integers(1, 4),
)
