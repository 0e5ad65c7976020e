"""Kubernetes users of tokens, and tokens that are refused before anybody is asked."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.kubernetes.authenticator import CLUSTER_ADMIN_POLICY, Caller, RefusedError, principals, signed_query, user_of

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CALLER = Caller("arn:aws:iam::123456789012:user/local", "123456789012", "AIDA")
QUERY = {
    "Action": "GetCallerIdentity",
    "X-Amz-Credential": "local/20261124/us-east-1/sts/aws4_request",
    "X-Amz-Date": "20261124T115900Z",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
}


def token(**changes: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in (QUERY | changes).items())
    url = f"https://sts.us-east-1.amazonaws.com/?{query}"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def test_a_good_token_yields_its_query() -> None:
    assert signed_query(token(), NOW) == QUERY


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("Bearer x", "does not begin with k8s-aws-v1."),
        ("k8s-aws-v1.$", "not base64"),
        (token(Action="GetSessionToken"), "signs 'GetSessionToken'"),
        (token(**{"X-Amz-SignedHeaders": "host"}), "for no cluster"),
        (token(**{"X-Amz-Date": "yesterday"}), "not a time"),
        (token(**{"X-Amz-Date": "20261124T114459Z"}), "expired"),
        (token(**{"X-Amz-Date": "20261124T120200Z"}), "expired"),
    ],
)
def test_a_bad_token_is_refused_with_its_reason(bad: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        signed_query(bad, NOW)


def test_a_token_lives_for_fifteen_minutes() -> None:
    fifteen_minutes_later = datetime(2026, 11, 24, 11, 59, tzinfo=UTC) + timedelta(minutes=15)
    assert signed_query(token(), fifteen_minutes_later)
    with pytest.raises(RefusedError, match="expired"):
        signed_query(token(), fifteen_minutes_later + timedelta(seconds=1))


def test_a_session_of_a_role_is_admitted_by_the_roles_entry() -> None:
    assert principals("arn:aws:sts::1:assumed-role/ops/me") == ("arn:aws:iam::1:role/ops",)


def test_a_user_is_admitted_by_its_own_entry() -> None:
    assert "arn:aws:iam::1:user/local" in principals("arn:aws:sts::1:user/local")


def policy(arn: str, scope: str = "cluster") -> dict[str, Any]:
    return {"policyArn": arn, "accessScope": {"type": scope}}


def test_the_cluster_admin_policy_makes_a_master() -> None:
    user = user_of(CALLER, {"username": "ops"}, [policy(CLUSTER_ADMIN_POLICY)])
    assert (user.name, user.groups) == ("ops", ("system:masters",))


def test_an_entrys_own_groups_count() -> None:
    assert user_of(CALLER, {"kubernetesGroups": ["readers"]}, []).groups == ("readers",)


@pytest.mark.parametrize(
    "policies",
    [[], [policy(CLUSTER_ADMIN_POLICY, "namespace")], [policy(CLUSTER_ADMIN_POLICY.replace("ClusterAdmin", "View"))]],
)
def test_an_entry_that_grants_nothing_emulated_is_refused(policies: list[dict[str, Any]]) -> None:
    with pytest.raises(RefusedError, match="grants nothing that the local cloud emulates"):
        user_of(CALLER, {}, policies)
