"""AWS's view of a resource in the terms of a program: its outputs, and the inputs that it amounts to."""

from __future__ import annotations

from local.aws.compare import overlay, project
from local.aws.definition import DEFAULTS, Resource, arguments_of
from local.aws.schema import Fields
from local.aws.values import UNKNOWN, Secret, Value, Values, has_secret, reveal

_TAGS = ("tags", "tagsAll")


def promised(fields: Fields, given: Values) -> Values:
    """Outputs known before AWS has answered: those given, but within objects AWS adds members of its own."""
    known = {}
    for name, value in given.items():
        kind = fields.by_name[name].kind if name in fields.by_name else None
        if isinstance(kind, Fields) and isinstance(value, dict):
            known[name] = {**dict.fromkeys(kind.by_name, UNKNOWN), **promised(kind, value)}
        else:
            known[name] = value
    return known


def outputs(resource: Resource, inputs: Values, actual: Values, default_tags: dict[str, str], region: str) -> Values:
    """AWS's answer, in the program's own words where they mean the same, and as secret as the program said."""
    shown = {name: value for name, value in actual.items() if value is not None}
    plain = arguments_of(reveal(inputs))
    for name, given in plain.items():
        if name in resource.provider_only:
            shown[name] = given
        elif name in actual and name not in _TAGS:
            shown[name] = overlay(actual[name], _as_given(resource, name, given, actual[name]))
    if resource.retag is not None:
        shown["tagsAll"] = _user_tags(actual)
        shown["tags"] = _own_tags(plain, actual, default_tags)
    shown["region"] = region
    secret = {name for name, value in inputs.items() if has_secret(value)} | resource.secret_outputs
    known = resource.schema.outputs
    return {name: Secret(value) if name in secret else value for name, value in shown.items() if name in known}


def refreshed_inputs(resource: Resource, inputs: Values, actual: Values, default_tags: dict[str, str]) -> Values:
    """The inputs that a program would have given for what AWS has, in the words of those that it gave."""
    if not inputs:  # an import: everything that can be given and is there
        shown = {name: value for name, value in actual.items() if name in resource.arguments and value}
        return {**shown, **_fresh_tags(resource, inputs, actual, default_tags), DEFAULTS: []}
    plain = reveal(inputs)
    fresh: Values = {}
    for name, given in inputs.items():
        if name in (DEFAULTS, "region") or name in resource.provider_only:
            fresh[name] = given
        elif name not in _TAGS:
            now = _as_given(resource, name, plain[name], actual.get(name))
            if now == plain[name]:
                fresh[name] = given
            elif now is not None:
                fresh[name] = Secret(now) if has_secret(given) else now
    return fresh | _fresh_tags(resource, inputs, actual, default_tags)


def _fresh_tags(resource: Resource, inputs: Values, actual: Values, default_tags: dict[str, str]) -> Values:
    """Tags show even if none were given: nobody but a program, or somebody behind its back, sets them."""
    if resource.retag is None:
        return {}
    plain = reveal(inputs)
    fresh = {"tags": _own_tags(plain, actual, default_tags), "tagsAll": _user_tags(actual)}
    return {
        name: inputs[name] if name in inputs and tags == plain[name] else tags
        for name, tags in fresh.items()
        if tags or name in inputs
    }


def _as_given(resource: Resource, name: str, given: Value, actual: Value) -> Value:
    kind = resource.schema.arguments.by_name[name].kind
    return project(kind, given, actual, document=name in resource.documents)


def _user_tags(actual: Values) -> dict[str, str]:
    return {key: value for key, value in actual.get("tagsAll", {}).items() if not key.startswith("aws:")}


def _own_tags(inputs: Values, actual: Values, default_tags: dict[str, str]) -> dict[str, str]:
    """The tags of the resource itself: those that are not there just because the provider adds them."""
    given = inputs.get("tags", {})
    return {key: value for key, value in _user_tags(actual).items() if key in given or default_tags.get(key) != value}
