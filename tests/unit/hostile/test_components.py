"""Hostile values in every string argument of every component, and in its name and the stack's: refused or plain data.

The arguments are those with which the platform's variants call the components, so that a new component is tried too.
Ways by which a string leaves a component, and what holds it:

- a template in `manifests/`: every value is printed as JSON (`manifests.render`), one scalar when parsed;
- an IAM document: made by `json.dumps` (`iam.policy_document`); no ARN or pattern holds a `*`, `?` or `$`;
- a name or tag of AWS, a name in Kubernetes: `naming` and `arguments.label` refuse what AWS and Kubernetes would;
- the kubeconfig: JSON, with an argument list for `aws`; no component and no command of the library starts a process;
- the engine's argument list in the pod: one item each, no shell. Kubernetes itself replaces `$(NAME)` there, by the
  container's own variable of that name, or not at all;
- a path: `weights_prefix` alone makes one of arguments, and takes no `/`.
"""

import subprocess
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pulumi
import pytest

import paddock
from paddock import arguments
from paddock.catalog.lookup import RefusedError
from paddock.platform import LlamaPlatform
from tests.unit.components.recorder import Built, build
from tests.unit.components.variants import BASE, VARIANTS, built_platform
from tests.unit.hostile.leaves import KEY, Path, leaves, replaced
from tests.unit.hostile.outcome import MARKER, assert_clear, check, outcome
from tests.unit.hostile.values import HOSTILE, SHARPEST

REFUSED_BY_PULUMI = {HOSTILE["empty"], HOSTILE["half of a pair"]}
"""As the name of a resource."""

Call = tuple[type[pulumi.ComponentResource], dict[str, Any]]


def calls() -> dict[str, Call]:
    """Each component that the platform makes, with arguments that it was given once, by the component's name."""
    seen: dict[str, Call] = {}
    modules = [import_module(f"paddock.{found.name}") for found in iter_modules(paddock.__path__)]
    users = [
        each for each in modules if getattr(each, "accepted", None) is arguments.accepted and each is not arguments
    ]

    def noting(module: Any) -> Any:
        def accepted(component: str, given: Any, allowed: Any) -> Any:
            known = {key: each for key, each in given.items() if not isinstance(each, pulumi.Output)}
            if len(known) > len(seen.get(component, (None, {}))[1]):
                seen[component] = (getattr(module, component), dict(given))
            return arguments.accepted(component, given, allowed)

        return accepted

    with pytest.MonkeyPatch.context() as patch:
        for module in users:
            patch.setattr(module, "accepted", noting(module))
        for args in VARIANTS.values():
            built_platform(args)
    return seen


CALLS = calls()


def plain(value: Any) -> Any:
    """An Output of that run means nothing in the next."""
    if isinstance(value, pulumi.Output):
        return "made-by-another"
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def places() -> Iterator[tuple[str, Path]]:
    """One item of each list and map: the others go the same way."""
    for name, (_, args) in CALLS.items():
        yield from {(path[0], path[-1] == KEY): (name, path) for path in leaves(plain(args))}.values()


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*command: object, **_: object) -> None:
        raise AssertionError(f"started a process: {command}")

    monkeypatch.setattr(subprocess, "Popen", refuse)


def test_every_component_is_tried() -> None:
    assert set(CALLS) | {"LlamaPlatform"} == {
        name
        for name in paddock.__all__
        if isinstance(getattr(paddock, name), type) and issubclass(getattr(paddock, name), pulumi.ComponentResource)
    }


@pytest.mark.parametrize(("name", "path"), list(places()), ids=str)
def test_an_argument_is_refused_or_plain_data(name: str, path: Path) -> None:
    component, args = CALLS[name]

    def make(value: str, opts: pulumi.ResourceOptions) -> Any:
        return component("it", replaced(plain(args), path, value), opts)  # type: ignore[arg-type]

    baseline = outcome(make, MARKER)
    for value in SHARPEST:
        check(make, value, baseline)


@pytest.mark.parametrize("name", CALLS)
def test_a_components_name_is_refused_or_plain_data(name: str) -> None:
    component, args = CALLS[name]

    def make(value: str, opts: pulumi.ResourceOptions) -> Any:
        return component(value, plain(args), opts)  # type: ignore[arg-type]

    baseline = outcome(make, MARKER)
    assert isinstance(baseline, Built)
    for value in set(SHARPEST) - REFUSED_BY_PULUMI:
        check(make, value, baseline)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_platform_with_a_hostile_name_registers_nothing(value: str) -> None:
    made: list[str] = []

    def make(opts: pulumi.ResourceOptions) -> Any:
        noted = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(transformations=[lambda e: made.append(e.name)])
        )
        return LlamaPlatform(value, BASE, noted)  # type: ignore[arg-type]

    if value == "a" * 2**16:
        value = value[:64]
    with pytest.raises(arguments.ArgumentError) as refused:
        build(make)
    assert_clear(str(refused.value))
    assert made == []


@pytest.mark.parametrize("value", [each for each in HOSTILE.values() if each])
def test_a_hostile_stack_name_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi takes dots, which EKS does not; the rest Pulumi refuses before us."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: value)
    with pytest.raises(RefusedError) as refused:
        built_platform({})
    assert_clear(str(refused.value))
