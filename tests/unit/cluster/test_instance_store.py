"""Instance store: user data that each operating system reads as one that puts pods' files on the node's NVMe."""

import tomllib
from base64 import b64decode
from dataclasses import replace
from email import message_from_string
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from paddock import catalog
from paddock.choices import NodeOs
from paddock.cluster import gpu_node_pool
from paddock.cluster.gpu_node_pool import GpuNodePool, plan_gpu_pool
from paddock.cluster.instance_store import user_data
from paddock.common.inputs import ArgumentError
from tests.unit.components.cases import args_of, built_case
from tests.unit.components.recorder import Build

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def text_of(node_os: NodeOs) -> str:
    return b64decode(user_data(node_os), validate=True).decode()


def test_bottlerocket_binds_the_kubelets_and_containerds_folders() -> None:
    """`allowed_bind_dirs` of its apiserver takes these of a Kubernetes variant, and no others."""
    (command,) = tomllib.loads(text_of(NodeOs.BOTTLEROCKET))["settings"]["bootstrap-commands"].values()
    init, bind = command["commands"]
    assert init == ["apiclient", "ephemeral-storage", "init"]
    assert bind[:4] == ["apiclient", "ephemeral-storage", "bind", "--dirs"]
    assert set(bind[4:]) == {"/var/lib/containerd", "/var/lib/kubelet", "/var/log/pods"}
    assert (command["mode"], command["essential"]) == ("always", True)


def test_amazon_linux_has_a_part_that_nodeadm_reads() -> None:
    whole, part = message_from_string(text_of(NodeOs.AL2023)).walk()
    assert (whole.get_content_type(), whole.defects) == ("multipart/mixed", [])
    assert part.get_content_type() == "application/node.eks.aws"
    config = yaml.safe_load(str(part.get_payload()))
    assert (config["apiVersion"], config["kind"]) == ("node.eks.aws/v1alpha1", "NodeConfig")
    assert config["spec"] == {"instance": {"localStorage": {"strategy": "RAID0"}}}


def test_a_template_has_it_where_the_pool_asks_for_it_and_else_none(built: Build) -> None:
    made = built(lambda opts: GpuNodePool("p", args_of("GpuNodePool", instance_store=True), opts)).one(TEMPLATE)
    assert made["userData"] == user_data(NodeOs.BOTTLEROCKET)
    assert built_case("GpuNodePool", every=True).one(TEMPLATE)["userData"] == user_data(NodeOs.AL2023)
    assert "userData" not in built_case("GpuNodePool").one(TEMPLATE)


def test_a_type_without_one_is_refused_and_one_that_the_catalog_lacks_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(catalog.instance("g6.xlarge"), nvme_gb=0)
    monkeypatch.setattr(gpu_node_pool, "all_instances", lambda: MappingProxyType({"g6.xlarge": bare}))
    args: Any = args_of("GpuNodePool", instance_store=True)
    with pytest.raises(ArgumentError, match=r"instance_store is true, but g6\.xlarge has none"):
        plan_gpu_pool(args)
    newer: Any = {**args, "instance_type": "g9.xlarge"}
    assert plan_gpu_pool(newer).instance_store
