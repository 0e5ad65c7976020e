"""Kubernetes objects from templates: rendered, parsed, and registered one Pulumi resource an object."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pulumi
import yaml

_MARK = re.compile(r"«output:(\d+)»")
_NOT_ASCII = re.compile(r"[\x7f-\uffff]")
"""Some of these YAML refuses, and at some it breaks a line; all of them it reads from JSON's `\\uXXXX`."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""`yaml.safe_load`, in an eighth of its time where PyYAML has libyaml, as its wheels do."""
_FIELD_MANAGER = {"pulumi.com/patchFieldManager": "paddock"}
"""Server-side apply refuses to change a field that another manager owns. By default the provider makes up a manager for
each object that it creates, so one that a killed `up` left unrecorded would belong to two, and could not be changed."""


_SECRETS = {"Secret": ("data", "stringData")}
"""Keys whose values are encrypted in the state, by kind, as the classes of `pulumi_kubernetes` do it."""


def templates_folder() -> Path:
    """Folder of the templates: inside the package in a wheel, beside it in a checkout."""
    packaged = Path(str(files("paddock") / "manifests"))
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "manifests"


def render(template: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of one template, in its order. Values may be plain data or Pulumi Outputs.

    Every `{{ value }}` is printed as JSON, which YAML reads as the same data: no value can break out of its place,
    whatever it holds. An Output cannot be printed before it is known, so a mark stands for it until the text is
    parsed. A missing value raises `jinja2.UndefinedError`.
    """
    outputs: list[Any] = []

    def printed(value: Any) -> str:
        # JSON itself would write what lies beyond as two halves, which YAML does not put together.
        text = json.dumps(_with_marks(value, outputs), ensure_ascii=False)
        return _NOT_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

    environment = jinja2.Environment(  # noqa: S701  JSON in `finalize` is our escaping; HTML's would spoil YAML
        loader=jinja2.FileSystemLoader(templates_folder()),
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, jinja2.Undefined) else printed(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(template).render(values)
    return [_without_marks(parsed, outputs) for parsed in yaml.load_all(text, _LOADER) if parsed]


def register(
    name: str,
    objects: Sequence[Mapping[str, Any]],
    parent: pulumi.Resource,
    ready_within_seconds: int,
    updated_within_seconds: int | None = None,
) -> dict[str, pulumi.CustomResource]:
    """Register each object as `<name>-<kind>`, each after the one before it; returned by kind in lower case.

    Where a template has several of a kind, the object's own name follows: `<name>-<kind>-<its name>`. One after
    another, as a namespace must be there before what it holds and a service account before its pods. An update replaces
    pods one after another and may take longer. Default: as long as making them.
    """
    updated = ready_within_seconds if updated_within_seconds is None else updated_within_seconds
    patience = pulumi.CustomTimeouts(create=f"{ready_within_seconds}s", update=f"{updated}s")
    made: dict[str, pulumi.CustomResource] = {}
    previous: list[pulumi.Resource] = []
    count = Counter(each["kind"] for each in objects)
    for each in objects:
        kind = str(each["kind"])
        label = kind.lower() if count[kind] == 1 else f"{kind.lower()}-{each['metadata']['name']}"
        annotations = {**each["metadata"].get("annotations", {}), **_FIELD_MANAGER}
        secret = _SECRETS.get(kind, ())
        managed = {
            **each,
            "metadata": {**each["metadata"], "annotations": annotations},
            **{key: pulumi.Output.secret(each[key]) for key in secret if key in each},
        }
        made[label] = resource = pulumi.CustomResource(
            type_token(str(each["apiVersion"]), kind),
            f"{name}-{label}",
            managed,
            pulumi.ResourceOptions(
                parent=parent,
                depends_on=list(previous),
                custom_timeouts=patience,
                additional_secret_outputs=list(secret),
            ),
        )
        previous = [resource]
    return made


def type_token(api_version: str, kind: str) -> str:
    """The type as `pulumi_kubernetes` names it. Its classes are not loaded: those of `core/v1` take half a second."""
    return f"kubernetes:{api_version if '/' in api_version else f'core/{api_version}'}:{kind}"


def _with_marks(value: Any, outputs: list[Any]) -> Any:
    # A text that looks like a mark gets one of its own, and comes back as it was.
    if isinstance(value, pulumi.Output) or (isinstance(value, str) and _MARK.fullmatch(value)):
        outputs.append(value)
        return f"«output:{len(outputs) - 1}»"
    if isinstance(value, Mapping):
        return {key: _with_marks(each, outputs) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_marks(each, outputs) for each in value]
    return value


def _without_marks(value: Any, outputs: Sequence[Any]) -> Any:
    if isinstance(value, str) and (found := _MARK.fullmatch(value)):
        return outputs[int(found[1])]
    if isinstance(value, dict):
        return {key: _without_marks(each, outputs) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_marks(each, outputs) for each in value]
    return value
