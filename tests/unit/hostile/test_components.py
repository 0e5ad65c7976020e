"""Hostile values in every string argument of every component, and in its name and the stack's: refused or plain data.

The arguments are those with which the platform's variants call the components, so that a new component is tried too.
Ways by which a string leaves a component, and what holds it:

- a template in `manifests/`: every value is printed as JSON (`manifests.render`), one scalar when parsed;
- an IAM document: made by `json.dumps` (`iam.policy_document`); no ARN or pattern holds a `*`, `?` or `$`;
- a name or tag of AWS, a name in Kubernetes: `naming` and `arguments.label` refuse what AWS and Kubernetes would;
- the kubeconfig: JSON, with an argument list for `aws`; no component and no command of the library starts a process;
- the engine's argument list in the pod: one item each, no shell. Kubernetes itself replaces `$(NAME)` there, by the
  container's own variable of that name, or not at all;
- a path: `weights_prefix` alone makes one of arguments, and takes no `/`;
- the API key: in the Secret of `VllmService`, and in no message.
"""

import subprocess
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pulumi
import pytest

import paddock
from paddock.catalog.lookup import RefusedError
from paddock.common import inputs
from paddock.platform import LlamaPlatform
from paddock.settings.errors import API_KEY
from tests.unit.components.recorder import Built, build
from tests.unit.components.variants import BASE, VARIANTS, built_platform, vpc_answers
from tests.unit.hostile.leaves import KEY, Path, leaves, replaced
from tests.unit.hostile.outcome import MARKER, assert_clear, check, outcome
from tests.unit.hostile.values import HOSTILE, SHARPEST

REFUSED_BY_PULUMI = {HOSTILE["empty"], HOSTILE["half of a pair"]}
"""Names that Pulumi refuses for a resource."""

Call = tuple[type[pulumi.ComponentResource], dict[str, Any]]


def calls() -> dict[str, Call]:
    """Each component that the platform makes, with arguments that it was given once, by the component's name."""
    seen: dict[str, Call] = {}
    modules = [import_module(found.name) for found in walk_packages(paddock.__path__, "paddock.")]
    users = [each for each in modules if getattr(each, "accepted", None) is inputs.accepted and each is not inputs]

    def noting(module: Any) -> Any:
        def accepted(component: str, given: Any, allowed: Any) -> Any:
            if len(given) > len(seen.get(component, (None, {}))[1]):
                seen[component] = (getattr(module, component), values := dict(given))
                for key, each in given.items():
                    # Known under mocks; an Output of that run would mean nothing in the next.
                    pulumi.Output.from_input(each).apply(partial(values.__setitem__, key))
            return inputs.accepted(component, given, allowed)

        return accepted

    with pytest.MonkeyPatch.context() as patch:
        for module in users:
            patch.setattr(module, "accepted", noting(module))
        for args in VARIANTS.values():
            built_platform(args)
    return seen


CALLS = calls()


def answers(args: dict[str, Any]) -> dict[str, Any]:
    """AWS's answers to a component that looks at what is there."""
    return vpc_answers(args) if {"vpc_id", "node_subnet_ids", "endpoint_subnet_ids"} <= set(args) else {}


def fields() -> Iterator[tuple[str, Path]]:
    """One item of each list and map: the others go the same way."""
    for name, (_, args) in CALLS.items():
        taken = {key: each for key, each in args.items() if key != API_KEY}
        yield from {(path[0], path[-1] == KEY): (name, path) for path in leaves(taken)}.values()


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


@pytest.mark.parametrize(("name", "path"), list(fields()), ids=str)
def test_an_argument_is_refused_or_plain_data(name: str, path: Path) -> None:
    component, args = CALLS[name]

    def make(value: str, opts: pulumi.ResourceOptions) -> Any:
        return component("it", replaced(args, path, value), opts)  # type: ignore[arg-type]

    baseline = outcome(make, MARKER, answers(args))
    for value in SHARPEST:
        check(make, value, baseline, answers(args))


WRONG_TYPES = (object(), 7.5, True, b"text", ["text", 7], {"a": 7}, {7: "a"}, [{"a": ["text"]}])


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, (_, args) in CALLS.items() for key in args], ids=str)
def test_an_argument_of_a_wrong_type_is_refused_or_taken_but_is_no_traceback(name: str, key: str) -> None:
    component, args = CALLS[name]
    for value in WRONG_TYPES:
        found = outcome(lambda each, opts: component("it", {**args, key: each}, opts), value, answers(args))  # type: ignore[arg-type]
        if isinstance(found, RefusedError):
            assert_clear(str(found))
            assert key in str(found)


@pytest.mark.parametrize("name", CALLS)
def test_a_components_name_is_refused_or_plain_data(name: str) -> None:
    component, args = CALLS[name]

    def make(value: str, opts: pulumi.ResourceOptions) -> Any:
        return component(value, args, opts)  # type: ignore[arg-type]

    baseline = outcome(make, MARKER, answers(args))
    assert isinstance(baseline, Built)
    for value in set(SHARPEST) - REFUSED_BY_PULUMI:
        check(make, value, baseline, answers(args))


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_key_is_refused_unseen_or_in_the_secret_alone(value: str) -> None:
    component, args = CALLS["VllmService"]
    found = outcome(lambda key, opts: component("it", {**args, API_KEY: key}, opts), value)  # type: ignore[arg-type]
    if isinstance(found, RefusedError):
        assert_clear(str(found))
        assert not value.strip() or value not in str(found)
    else:
        assert [token for token, _, inputs in found.made if value in str(inputs)] == ["kubernetes:core/v1:Secret"]


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
    with pytest.raises(inputs.ArgumentError) as refused:
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
