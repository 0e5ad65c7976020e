"""Rendering: what a template may hold, what a value can never do, and how Outputs pass through."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import pulumi
import pytest
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from paddock.common import manifests
from paddock.common.manifests import render


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(manifests, "templates_folder", lambda: tmp_path)

    def write(text: str) -> str:
        (tmp_path / "t.yaml.j2").write_text(text)
        return "t.yaml.j2"

    return write


HOSTILE = [
    '"; rm -rf /',
    "a: b\n- c",
    "{{ 7 * 7 }}",
    "!!python/object:os.system",
    "'",
    "# gone",
    "«output:0»x",
    "\u2028",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_can_break_out_of_its_place(template: Any, value: str) -> None:
    (got,) = render(template("kind: A\nname: {{ name }}\nlast: 1\n"), {"name": value})
    assert got == {"kind": "A", "name": value, "last": 1}


def test_lists_and_maps_are_values_too(template: Any) -> None:
    (got,) = render(template("args: {{ args }}\nlabels: {{ labels }}\n"), {"args": ["-a", 1], "labels": {"a/b": "c"}})
    assert got == {"args": ["-a", 1], "labels": {"a/b": "c"}}


def test_a_missing_value_is_an_error_and_not_an_empty_string(template: Any) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'image' is undefined"):
        render(template("image: {{ image }}\n"), {})


def test_an_output_keeps_its_place_until_it_is_known(template: Any) -> None:
    later = pulumi.Output.from_input("s3://bucket")
    (got,) = render(template("args: {{ args }}\nuri: {{ uri }}\n"), {"args": [later, "--x"], "uri": later})
    assert got["args"] == [later, "--x"]
    assert got["uri"] is later


def test_every_document_is_an_object_in_the_order_written(template: Any) -> None:
    assert [each["kind"] for each in render(template("kind: A\n---\nkind: B\n---\n"), {})] == ["A", "B"]


def test_templates_print_and_never_decide() -> None:
    """Values and loops only: a default, a condition or arithmetic would be a second home for a decision."""
    environment = jinja2.Environment(autoescape=True)
    allowed = (
        jinja2.nodes.Output,
        jinja2.nodes.TemplateData,
        jinja2.nodes.Name,
        jinja2.nodes.For,
        jinja2.nodes.Getattr,
    )
    texts = sorted(manifests.templates_folder().rglob("*.j2"))
    assert texts
    for path in texts:
        tree = environment.parse(path.read_text())
        strangers = [type(n).__name__ for n in tree.find_all(jinja2.nodes.Node) if not isinstance(n, allowed)]
        assert strangers == [], path


REGISTERS = """
import json, sys
import pulumi
from pulumi.runtime import mocks

class Mocks(mocks.Mocks):
    def new_resource(self, args):
        seen.append((args.typ, args.name, args.inputs))
        return f"{args.name}-id", args.inputs
    def call(self, args):
        return {}

seen, secret = [], []
mocks.set_mocks(Mocks())
import paddock.platform
from paddock.common.manifests import register

@mocks.test
def run():
    objects = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "k"}, "stringData": {"key": "sk-1"}},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"}},
    ]

    def note(each):
        if each.name == "m-secret":
            secret.append(each.opts.additional_secret_outputs)

    parent = pulumi.ComponentResource("x:y:Z", "z", opts=pulumi.ResourceOptions(transformations=[note]))
    register("m", objects, parent, ready_within_seconds=60)

run()
print(json.dumps([seen, secret, [name for name in sys.modules if name.startswith("pulumi_kubernetes.core.")]]))
"""


def test_objects_are_registered_as_the_provider_names_them_without_its_classes() -> None:
    done = subprocess.run([sys.executable, "-c", REGISTERS], capture_output=True, text=True, check=True, timeout=120)
    seen, secret, loaded = json.loads(done.stdout.splitlines()[-1])
    types = {name: kind for kind, name, _ in seen}
    assert types["m-secret"] == "kubernetes:core/v1:Secret"
    assert types["m-networkpolicy"] == "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    inputs = {name: given for _, name, given in seen}["m-secret"]
    assert inputs["stringData"] == {_special_sig_key: _special_secret_sig, "value": {"key": "sk-1"}}
    assert secret == [["data", "stringData"]]
    assert loaded == []
