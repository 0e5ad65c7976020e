"""Packages that a Python program requires of the engine, found as Pulumi's own language host finds them.

Source: GetRequiredPackages in sdk/python/cmd/pulumi-language-python/main.go of pulumi 3.259.0, read 2026-11-28. The
engine looks for the plugin of each, in the very version.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime.proto import language_pb2
from pulumi.runtime.proto import plugin_pb2 as proto

_WITHOUT_PLUGIN = frozenset({"pulumi-policy", "pulumi-esc-sdk"})
_VERSION = re.compile(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.(post\d+))?(?:\.(dev\d+))?")
"""Version of a package, PEP 440, as far as the language host understands it."""
_PRE_RELEASES = {"a": "alpha", "b": "beta", "rc": "rc"}

_LIST_PACKAGES = """
import importlib.metadata, importlib.util, json, pathlib, re
def plain(name): return re.sub("[-_.]+", "-", name).lower()
def plugin(distribution):
    spec = importlib.util.find_spec(distribution.metadata["Name"].replace("-", "_"))
    files = [pathlib.Path(folder, "pulumi-plugin.json") for folder in spec and spec.submodule_search_locations or ()]
    return next((file.read_text() for file in files if file.is_file()), None)
print(json.dumps([[plain(d.name), d.version, plugin(d)] for d in importlib.metadata.distributions()]))
"""
"""Name, version and pulumi-plugin.json of each. Pulumi's own asks pip for the names, which takes longer."""


def required_packages(python: str) -> Iterator[proto.PackageDependency]:
    listed = subprocess.run([python, "-c", _LIST_PACKAGES], capture_output=True, text=True, check=True)
    for name, version, described in json.loads(listed.stdout):
        if name in _WITHOUT_PLUGIN or (described is None and not name.startswith("pulumi-")):
            continue
        required = package_dependency(name, version, json.loads(described) if described else {"resource": True})
        if required is not None:
            yield required


def package_dependency(name: str, version: str, described: Mapping[str, Any]) -> proto.PackageDependency | None:
    """None where the package says that it has no plugin, or where its version names none."""
    if not described.get("resource"):
        return None
    number = described.get("version") or plugin_version(version)
    if number is None:
        return None
    return proto.PackageDependency(
        name=described.get("name") or name.removeprefix("pulumi-"),
        kind="resource",
        version=f"v{number.removeprefix('v')}",
        server=described.get("server", ""),
        parameterization=parameterization(described.get("parameterization")),
        extension=parameterization(described.get("extensionParameterization")),
    )


def parameterization(given: Mapping[str, str] | None) -> proto.PackageParameterization | None:
    if not given:
        return None
    value = base64.b64decode(given["value"])
    return proto.PackageParameterization(name=given["name"], version=given["version"], value=value)


def dependencies(python: str, *, transitive: bool) -> Iterator[language_pb2.DependencyInfo]:
    """Packages of an environment, all or those that no other one requires."""
    options = [] if transitive else ["--not-required"]
    command = [python, "-m", "pip", "list", "--format", "json", *options]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    for each in json.loads(listed.stdout):
        yield language_pb2.DependencyInfo(name=normalized(each["name"]), version=each["version"])


def normalized(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def plugin_version(version: str) -> str | None:
    """`3.1` is 3.1.0, `3.1.0a4` is 3.1.0-alpha.4, `3.1.0.post1` is 3.1.0+post1; None for what has no counterpart."""
    read = _VERSION.fullmatch(version)
    if read is None:
        return None
    release, stage, number, post, development = read.groups()
    made = release + ".0" * (2 - release.count("."))
    made += f"-{_PRE_RELEASES[stage]}.{number}" if stage else ""
    built = "".join(filter(None, (post, development)))
    return f"{made}+{built}" if built else made
