"""The provider's own configuration: what it means, what is refused, what replaces the provider."""

from __future__ import annotations

import pytest

from local.plugins.resource_kubernetes import settings
from local.plugins.resource_kubernetes.objects import UnsupportedError
from local.plugins.resource_kubernetes.values import UNKNOWN, Secret
from tests.unit.local_plugins import fake_api


def test_nothing_is_taken_over_and_everything_is_replaced_by_default() -> None:
    assert settings.parse({}) == settings.Settings()


def test_booleans_come_as_text_or_as_booleans() -> None:
    assert settings.parse({"upsertExistingObjects": "true"}).upsert
    assert settings.parse({"upsertExistingObjects": True}).upsert
    assert not settings.parse({"upsertExistingObjects": "false"}).upsert


def test_an_environment_variable_counts_where_the_setting_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
    assert settings.parse({}).patch_force
    assert not settings.parse({"enablePatchForce": "false"}).patch_force


def test_mutable_kinds_are_collected() -> None:
    assert settings.parse({"enableSecretMutable": "true"}).mutable == {"Secret"}


@pytest.mark.parametrize(
    "given",
    [
        {"renderYamlToDirectory": "out"},
        {"deleteUnreachable": "true"},
        {"enableServerSideApply": "false"},
        {"kubeconfg": "x"},
    ],
)
def test_a_setting_that_would_change_the_result_is_refused_by_name(given: dict[str, str]) -> None:
    with pytest.raises(UnsupportedError, match=next(iter(given))):
        settings.parse(given)


def test_a_misspelt_setting_names_the_nearest_one() -> None:
    with pytest.raises(UnsupportedError, match="did you mean kubeconfig"):
        settings.parse({"kubeconfg": "x"})


def test_another_server_replaces_and_another_user_does_not() -> None:
    old = {"kubeconfig": Secret(fake_api.kubeconfig("http://a"))}
    elsewhere = {"kubeconfig": fake_api.kubeconfig("http://b")}
    renewed = {"kubeconfig": fake_api.kubeconfig("http://a", {"token": "new"})}
    assert settings.replacing(old, elsewhere, ["kubeconfig"]) == ["kubeconfig"]
    assert settings.replacing(old, renewed, ["kubeconfig"]) == []


def test_a_kubeconfig_not_known_yet_may_be_of_another_cluster() -> None:
    old = {"kubeconfig": fake_api.kubeconfig("http://a")}
    assert settings.replacing(old, {"kubeconfig": UNKNOWN}, ["kubeconfig"]) == ["kubeconfig"]


def test_a_cluster_identifier_decides_alone() -> None:
    old = {"kubeconfig": fake_api.kubeconfig("http://a"), "clusterIdentifier": "one"}
    moved = {"kubeconfig": fake_api.kubeconfig("http://b"), "clusterIdentifier": "one"}
    assert settings.replacing(old, moved, ["kubeconfig"]) == []
    assert settings.replacing(old, moved | {"clusterIdentifier": "two"}, ["clusterIdentifier"]) == ["clusterIdentifier"]
