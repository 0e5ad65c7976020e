"""Rendering: what a template may hold, what a value can never do, and how Outputs pass through."""

from pathlib import Path
from typing import Any

import jinja2
import pulumi
import pytest

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
