"""The public names of `paddock`: `__all__` is the truth, and asking for none of them costs nothing."""

import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules, walk_packages

import pulumi
import pytest

import paddock

COMPONENTS = [
    "Bastion",
    "Cluster",
    "DevicePlugin",
    "ExistingNetwork",
    "GpuNodePool",
    "IngestProject",
    "LlamaPlatform",
    "PrivateNetwork",
    "ServiceLoadBalancer",
    "VllmService",
    "WeightsBucket",
    "WeightsReadAccess",
]


def test_every_name_in_all_can_be_imported() -> None:
    for name in paddock.__all__:
        assert getattr(paddock, name) is not None


def test_all_names_every_component_that_the_library_defines() -> None:
    modules = [import_module(found.name) for found in walk_packages(paddock.__path__, "paddock.")]
    defined = {
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, pulumi.ComponentResource)
        and value.__module__ == module.__name__
    }
    assert sorted(defined) == COMPONENTS
    assert defined <= set(paddock.__all__)


def test_what_a_person_sees_in_the_package_is_what_it_exports() -> None:
    shown = {name for name in dir(paddock) if not name.startswith("_")}
    submodules = {found.name for found in iter_modules(paddock.__path__)}
    assert shown - submodules == set(paddock.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        paddock.NoSuchComponent  # noqa: B018


def test_importing_the_package_loads_no_cloud_library() -> None:
    program = "import sys, paddock, paddock.sizing; print(sorted({'pulumi', 'boto3', 'pulumi_aws'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"
