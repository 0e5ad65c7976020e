"""Checkov's Kubernetes checks on every object that the program registers, from every template in `manifests/`.

Proved: the objects are as checkov (at the version of `tools/checkers.lock`) wants them, or the difference is argued.
Not proved: that a cluster accepts them; `tests/local` does.
"""

import copy
from typing import Any

import jinja2
import pytest

from paddock.common import manifests
from tests.outside.checkers import checkov
from tests.outside.kept import held
from tests.unit.components.recorder import Built
from tests.unit.components.variants import VARIANTS, built_platform
from tests.unit.operations.quantize.test_job import quantize_objects


class Seen:
    """Objects that every variant registers in Kubernetes, and the templates that they were rendered from."""

    def __init__(self) -> None:
        self.templates: set[str] = set()
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, variant: str, built: Built) -> None:
        for token, name, inputs in built.made:
            if token.startswith("kubernetes:"):
                self.objects[variant, name] = inputs


@pytest.fixture(scope="module")
def seen() -> Seen:
    found = Seen()
    load = jinja2.FileSystemLoader.get_source

    def noted(loader: jinja2.FileSystemLoader, environment: jinja2.Environment, template: str) -> Any:
        found.templates.add(template)
        return load(loader, environment, template)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jinja2.FileSystemLoader, "get_source", noted)
        for variant, args in VARIANTS.items():
            found.add(variant, built_platform(args))
        for each in quantize_objects():
            found.objects["a Job that quantizes", each["kind"]] = each
    return found


def test_every_template_is_rendered_in_some_variant(seen: Seen) -> None:
    folder = manifests.templates_folder()
    assert seen.templates == {str(path.relative_to(folder)) for path in folder.rglob("*.j2")}


def test_every_variant_is_checked_as_kubernetes_would_read_it(seen: Seen) -> None:
    assert {variant for variant, _ in seen.objects} == {*VARIANTS, "a Job that quantizes"}
    assert all({"apiVersion", "kind", "metadata"} <= set(each) for each in seen.objects.values())


def test_checkov_finds_nothing_but_what_is_kept_and_nothing_is_kept_in_vain(seen: Seen) -> None:
    passed, found = checkov(list(seen.objects.values()))
    left, unused = held("checkov", found)
    assert passed > len(seen.objects)
    assert left == []
    assert unused == []


def test_a_privileged_container_is_found(seen: Seen) -> None:
    deployment = copy.deepcopy(seen.objects["as it comes", "llama-vllm-deployment"])
    deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]["privileged"] = True
    before = checkov([seen.objects["as it comes", "llama-vllm-deployment"]])[1]
    assert {each.rule for each in checkov([deployment])[1] - before} == {"CKV_K8S_16"}
