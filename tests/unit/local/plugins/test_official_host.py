"""Contract of Pulumi's own Python language host: what it asks of `.venv`, and what both hosts answer the engine.

What it runs was read in pulumi 3.259.0, sdk/python/cmd/pulumi-language-python/main.go and sdk/python/toolchain/pip.go,
on 2026-11-28. The host itself is in no package registry.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2 as proto
from pulumi.runtime.proto import language_pb2_grpc

from local.plugins.language_python import LanguageHost
from local.plugins.required_packages import package_dependency, plugin_version
from tests.unit.local.plugins.served import served

ROOT = Path(__file__).parents[4]
PLUGIN_FILES = """
import json, sys
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

def plugin_file(package):
    try:
        spec = find_spec(distribution(package).name.replace("-", "_"))
    except (ImportError, ValueError):
        return ""
    folders = spec.submodule_search_locations if spec else None
    files = (Path(folder, "pulumi-plugin.json") for folder in folders or ())
    return next((str(file) for file in files if file.is_file()), "")

print(json.dumps({package: plugin_file(package) for package in sys.argv[1:]}))
"""
"""Question that the official host puts to `.venv` about each package: where its `pulumi-plugin.json` is."""


def listed(*options: str) -> dict[str, str]:
    """`ListPackages` of the official host: by pip, the names normalised."""
    command = [sys.executable, "-m", "pip", "list", "--format", "json", *options]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {re.sub("[-_.]+", "-", each["name"].lower()): each["version"] for each in json.loads(said)}


def officially_required() -> dict[str, str]:
    packages = listed()
    command = [sys.executable, "-c", PLUGIN_FILES, *packages]
    files = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    found = {name: json.loads(Path(file).read_text()) for name, file in files.items() if file}
    return {each["name"]: f"v{each['version']}" for each in found.values() if each["resource"]}


def project_info(project: Path) -> proto.ProgramInfo:
    options = Struct()
    options.update(yaml.safe_load(project.read_text())["runtime"]["options"])
    folder = str(project.parent)
    return proto.ProgramInfo(root_directory=folder, program_directory=folder, entry_point=".", options=options)


@pytest.fixture
def host() -> Any:
    servicer = LanguageHost("127.0.0.1:1")
    register = language_pb2_grpc.add_LanguageRuntimeServicer_to_server
    with served(register, servicer) as address, grpc.insecure_channel(address) as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)
    servicer.close()


@pytest.mark.parametrize("project", ["Pulumi.yaml", "policy/PulumiPolicy.yaml"])
def test_the_project_names_its_toolchain_and_an_environment_with_pip(project: str) -> None:
    """A uv.lock or poetry.lock in any folder above decides where no toolchain is named; another tool is then asked."""
    options = yaml.safe_load((ROOT / project).read_text())["runtime"]["options"]
    assert options["toolchain"] == "pip"
    environment = ((ROOT / project).parent / options["virtualenv"]).resolve()
    assert environment == (ROOT / ".venv").resolve()
    assert re.search(r"^pip==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


def test_the_engine_is_told_the_packages_that_the_official_host_names(host: Any) -> None:
    answer = host.GetRequiredPackages(proto.GetRequiredPackagesRequest(info=project_info(ROOT / "Pulumi.yaml")))
    ours = {each.name: each.version for each in answer.packages}
    assert ours == officially_required()
    assert set(ours) == {"aws", "kubernetes"}


def test_required_plugins_are_not_implemented_as_they_are_not_there(host: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        host.GetRequiredPlugins(proto.GetRequiredPluginsRequest())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(("transitive", "options"), [(True, ()), (False, ("--not-required",))])
def test_the_dependencies_are_those_of_pip(transitive: bool, options: tuple[str, ...], host: Any) -> None:
    info = project_info(ROOT / "Pulumi.yaml")
    asked = proto.GetProgramDependenciesRequest(info=info, transitiveDependencies=transitive)
    found = {each.name: each.version for each in host.GetProgramDependencies(asked).dependencies}
    assert found == listed(*options)


@pytest.mark.parametrize(
    ("package", "plugin"),
    [
        ("3.1", "3.1.0"),
        ("1.2.3a4", "1.2.3-alpha.4"),
        ("1.2.3rc4", "1.2.3-rc.4"),
        ("1.2.3.post4", "1.2.3+post4"),
        ("1.2.3.post4.dev5", "1.2.3+post4dev5"),
        ("1!2.0", None),
        ("2.0+local", None),
    ],
)
def test_the_version_of_a_package_names_the_plugin(package: str, plugin: str | None) -> None:
    assert plugin_version(package) == plugin


def test_a_package_without_a_plugin_is_not_required_and_a_parameterized_one_says_of_what() -> None:
    assert package_dependency("pulumi", "3.272.0", {"resource": False}) is None
    base = {"name": "random", "version": "3.0.0", "value": "eyJhIjogMX0="}
    described = {"resource": True, "name": "terraform-provider", "version": "0.8.0", "parameterization": base}
    made = package_dependency("pulumi-random", "3.0.0", described)
    assert made is not None
    assert (made.name, made.version, made.parameterization.value) == ("terraform-provider", "v0.8.0", b'{"a": 1}')
