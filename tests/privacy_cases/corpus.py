"""Corpus: every case, by family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.privacy_cases import (
    attacked,
    buckets,
    clusters,
    copies,
    endpoints,
    engine,
    front,
    harmless_aws,
    harmless_kubernetes,
    identities,
    more_faults_aws,
    more_faults_kubernetes,
    more_harmless,
    names,
    network,
    other_accounts,
    papers,
    pods,
    second_day,
    strangers,
)
from tests.privacy_cases.case import Case

FAMILIES: Mapping[str, Sequence[Case]] = {
    "network": network.CASES,
    "names": names.CASES,
    "endpoints": endpoints.CASES,
    "doors in front": front.CASES,
    "buckets": buckets.CASES,
    "papers of weights": papers.CASES,
    "identities": identities.CASES,
    "services that copy": copies.CASES,
    "other accounts": other_accounts.CASES,
    "pods": pods.CASES,
    "cluster": clusters.CASES,
    "Pulumi's own ways": engine.CASES,
    "second day": second_day.CASES,
    "attacked": attacked.CASES,
    "other people's stacks": strangers.CASES,
    "more on AWS": more_faults_aws.CASES,
    "more in the cluster": more_faults_kubernetes.CASES,
    "harmless on AWS": harmless_aws.CASES,
    "harmless in the cluster": harmless_kubernetes.CASES,
    "more harmless": more_harmless.CASES,
}
CASES = {case.says: case for cases in FAMILIES.values() for case in cases}
