"""The Pulumi provider `aws` of the local cloud: the engine's questions about a resource, answered from its definition.

Values are plain Python here (see values.py); rpc.py is the door. The lifecycle is that of Pulumi's official provider:
`check` completes and refuses arguments, `diff` says what changed and what must be replaced, `read` tells what AWS has.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from local.aws import compare
from local.aws.cloud import Cloud, is_gone, local_endpoint
from local.aws.definition import Change, Resource
from local.aws.resources import RESOURCES
from local.aws.schema import Failure, Fields, Scalar, args_schema, failures
from local.aws.values import UNKNOWN, Secret, Value, Values, has_secret, has_unknown, reveal

if TYPE_CHECKING:
    from botocore.model import StructureShape

DEFAULTS = "__defaults"
"""The key in checked inputs, hidden from users, that lists the arguments which the provider filled in."""

_CONFIG_ARGUMENTS = frozenset(
    "region defaultTags allowedAccountIds forbiddenAccountIds accessKey secretKey token profile maxRetries retryMode "
    "skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId "
    "s3UsePathStyle stsRegion".split()
)
"""Provider settings that mean something here, or that cannot change what a local emulation does."""


class RefusedError(Exception):
    """What a program asked for cannot be done; the message says why, for a person to read."""


@dataclass
class Diff:
    changes: bool
    replaces: list[str] = field(default_factory=list)
    delete_before_replace: bool = False
    detailed: dict[str, str] = field(default_factory=dict)
    """Path to "add", "delete" or "update", with "-replace" where that forces replacement."""


class Provider:
    """One configured provider: a region, default tags, and the clouds of the regions that resources name."""

    def __init__(self) -> None:
        self._default_tags: dict[str, str] = {}
        self._region = ""
        self._clouds: dict[str, Cloud] = {}

    # Configuration

    def check_config(self, news: Values) -> tuple[Values, list[Failure]]:
        known = _settings(news)
        found = list(failures(args_schema("pulumi_aws.provider.ProviderArgs"), known))
        found += [
            Failure(name, "is not emulated by the local cloud's `aws` provider")
            for name in known
            if name not in _CONFIG_ARGUMENTS and not any(failure.path.startswith(name) for failure in found)
        ]
        if not known.get("region"):
            found.append(Failure("region", "required, but not given: set aws:region or AWS_REGION"))
        return news, found

    def configure(self, args: Values) -> None:
        endpoint = local_endpoint()
        settings = reveal(_settings(args))
        self._region = settings.get("region", "")
        tags = settings.get("defaultTags") or {}
        self._default_tags = tags.get("tags", {}) if not has_unknown(tags) else {}
        account = self._cloud({}).account_id if self._region else ""
        allowed, forbidden = settings.get("allowedAccountIds"), settings.get("forbiddenAccountIds", [])
        if (allowed and account not in allowed) or account in forbidden:
            raise RefusedError(f"the account {account} at {endpoint} is not one that this provider may use")

    def _cloud(self, inputs: Values) -> Cloud:
        region = inputs.get("region") or self._region
        if region not in self._clouds:
            self._clouds[region] = Cloud(region, self._default_tags)
        return self._clouds[region]

    # Resources

    def check(
        self, token: str, name: str, olds: Values, news: Values, random_seed: bytes
    ) -> tuple[Values, list[Failure]]:
        """The arguments, completed with defaults and a physical name, and everything that is wrong with them."""
        resource = _resource(token)
        inputs = {key: value for key, value in news.items() if value is not None and key != DEFAULTS}
        found = list(failures(resource.schema.arguments, inputs))
        found += [
            Failure(key, "is not emulated by the local cloud")
            for key in inputs
            if key in resource.schema.arguments.by_name and key not in _emulated(resource)
        ]
        if found:
            return news, found
        filled = {key: value for key, value in resource.defaults.items() if key not in inputs}
        filled |= _physical_name(resource, name, olds, inputs, random_seed)
        inputs |= filled
        if resource.retag is not None and (tags := self._all_tags(inputs)):
            inputs["tagsAll"] = tags
        plain = reveal(inputs)
        found += _model_failures(resource, plain)
        if resource.validate is not None:
            found += [Failure(path, reason) for path, reason in resource.validate(plain)]
        return {**inputs, DEFAULTS: sorted(filled)}, found

    def _all_tags(self, inputs: Values) -> Value:
        tags = inputs.get("tags") or {}
        if tags is UNKNOWN or isinstance(tags, Secret):
            return tags
        return {**self._default_tags, **tags}

    def diff(self, token: str, old_inputs: Values, new_inputs: Values) -> Diff:
        resource = _resource(token)
        old, new = _arguments(reveal(old_inputs)), _arguments(reveal(new_inputs))
        old.setdefault("region", self._region)
        new.setdefault("region", self._region)
        detailed: dict[str, str] = {}
        replaces = set()
        for path, kind in _differences(resource, old, new):
            replace = path == "region" or any(_within(path, forced) for forced in resource.replace_on)
            detailed[path] = f"{kind}-replace" if replace else kind
            if replace:
                replaces.add(path.split(".")[0].split("[")[0])
        return Diff(bool(detailed), sorted(replaces), _must_go_first(resource, old_inputs, new_inputs), detailed)

    def create(self, token: str, inputs: Values, *, preview: bool) -> tuple[str, Values]:
        resource = _resource(token)
        cloud = self._cloud(reveal(inputs))
        if preview:
            promised = _promised(resource.schema.arguments, _arguments(inputs))
            return "", {**dict.fromkeys(resource.schema.outputs, UNKNOWN), **promised, "region": cloud.region}
        plain = _arguments(reveal(inputs))
        id_ = resource.create(cloud, plain)
        try:
            if resource.settle is not None:
                resource.settle(cloud, id_, plain)
            state = resource.read(cloud, id_, plain)
            if state is None:
                raise RefusedError(f"AWS does not know {id_}, which it has just made")
        except Exception:
            resource.delete(cloud, id_, plain)  # nobody would ever learn of the half-made object
            raise
        return id_, self._outputs(resource, cloud, inputs, state)

    def read(self, token: str, id_: str, inputs: Values, state: Values) -> tuple[str, Values, Values]:
        """The id, inputs and outputs as they are in AWS now; an empty id if nothing is there."""
        resource = _resource(token)
        known = {**reveal(state), **_arguments(reveal(inputs))}
        cloud = self._cloud(known)
        actual = resource.read(cloud, id_, known)
        if actual is None:
            return "", {}, {}
        fresh = _refreshed(resource, inputs, actual, self._default_tags)
        return id_, fresh, self._outputs(resource, cloud, fresh, actual)

    def update(
        self, token: str, id_: str, old_inputs: Values, state: Values, new_inputs: Values, *, preview: bool
    ) -> Values:
        resource = _resource(token)
        cloud = self._cloud(reveal(new_inputs))
        if preview:
            unknown = {name: UNKNOWN for name in resource.changing if name not in new_inputs}
            given = _arguments(new_inputs)
            return {**state, **{name: compare.overlay(state.get(name), given[name]) for name in given}, **unknown}
        old, new, known = (_arguments(reveal(values)) for values in (old_inputs, new_inputs, state))
        if resource.retag is not None:
            before, after = known.get("tagsAll", {}), new.get("tagsAll", {})
            put = {key: value for key, value in after.items() if before.get(key) != value}
            drop = sorted(before.keys() - after.keys())
            if put or drop:
                resource.retag(cloud, id_, known, put, drop)
        if resource.update is not None:
            resource.update(Change(cloud, id_, old, new, known))
        actual = resource.read(cloud, id_, {**known, **new})
        if actual is None:
            raise RefusedError(f"{id_} is gone from AWS; run `pulumi refresh`")
        return self._outputs(resource, cloud, new_inputs, actual)

    def delete(self, token: str, id_: str, state: Values) -> None:
        resource = _resource(token)
        known = reveal(state)
        try:
            resource.delete(self._cloud(known), id_, known)
        except Exception as error:
            if not is_gone(error):
                raise

    def _outputs(self, resource: Resource, cloud: Cloud, inputs: Values, actual: Values) -> Values:
        """AWS's answer, in the program's own words where they mean the same, and as secret as the program said."""
        outputs = {name: value for name, value in actual.items() if value is not None}
        plain = _arguments(reveal(inputs))
        for name, given in plain.items():
            if name not in ("tags", "tagsAll") and (name in resource.provider_only or name in actual):
                shown = given if name in resource.provider_only else _project(resource, name, given, actual[name])
                outputs[name] = compare.overlay(actual.get(name), shown)
        if resource.retag is not None:
            outputs["tagsAll"] = _user_tags(actual)
            outputs["tags"] = _own_tags(plain, actual, self._default_tags)
        outputs["region"] = cloud.region
        outputs = {name: value for name, value in outputs.items() if name in resource.schema.outputs}
        secret = {name for name, value in inputs.items() if has_secret(value)} | resource.secret_outputs
        return {name: Secret(value) if name in secret else value for name, value in outputs.items()}

    # Functions

    def invoke(self, token: str, args: Values) -> tuple[Values, list[Failure]]:
        from local.aws.functions import FUNCTIONS

        if token not in FUNCTIONS:
            raise RefusedError(_unknown("function", token, FUNCTIONS))
        function = FUNCTIONS[token]
        plain = reveal(args)
        found = list(function.failures(plain))
        return ({}, found) if found else (function.call(self._cloud(plain), plain), [])


def _settings(values: Values) -> Values:
    """Provider arguments; the engine hands over as JSON text whatever is not a string."""
    fields = args_schema("pulumi_aws.provider.ProviderArgs").by_name
    settings = {}
    for name, value in values.items():
        if name in ("version", "pluginDownloadURL"):
            continue
        text = value.value if isinstance(value, Secret) else value
        if name in fields and fields[name].kind != Scalar(str) and isinstance(text, str):
            parsed = json.loads(text)
            value = Secret(parsed) if isinstance(value, Secret) else parsed
        settings[name] = value
    return settings


def _resource(token: str) -> Resource:
    if token not in RESOURCES:
        raise RefusedError(_unknown("type", token, RESOURCES))
    return RESOURCES[token]


def _unknown(kind: str, token: str, known: Any) -> str:
    close = get_close_matches(token, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"the local cloud does not emulate the {kind} {token}{hint} (docs/local-cloud.md lists what it does)"


def _emulated(resource: Resource) -> frozenset[str]:
    tags = {"tags"} if resource.retag is not None else set()
    return resource.arguments | {"region"} | tags


def _arguments(values: Values) -> Values:
    return {name: value for name, value in values.items() if name != DEFAULTS}


def _promised(fields: Fields, given: Values) -> Values:
    """What is known before AWS has answered: what was given, but within objects AWS adds members of its own."""
    promised = {}
    for name, value in given.items():
        kind = fields.by_name[name].kind if name in fields.by_name else None
        if isinstance(kind, Fields) and isinstance(value, dict):
            value = {**dict.fromkeys(kind.by_name, UNKNOWN), **_promised(kind, value)}
        promised[name] = value
    return promised


def _physical_name(resource: Resource, name: str, olds: Values, inputs: Values, random_seed: bytes) -> Values:
    naming = resource.naming
    if naming is None or naming.argument in inputs:
        return {}
    prefix = inputs.get(naming.prefix_argument or "")
    old_name = olds.get(naming.argument)
    same_prefix = prefix == olds.get(naming.prefix_argument or "")
    if old_name is not None and naming.argument in olds.get(DEFAULTS, ()) and same_prefix:
        return {naming.argument: old_name}
    if prefix is UNKNOWN:
        return {naming.argument: UNKNOWN}
    digits = hashlib.sha256(random_seed).hexdigest()
    if prefix:
        made = f"{prefix}{digits[:26]}"
    else:
        room = naming.max_length - len(naming.starts_with) - 8
        made = f"{naming.starts_with}{name[:room]}-{digits[:7]}"
    return {naming.argument: made.lower() if naming.lower else made}


@cache
def _input_shape(service: str, operation: str, *members: str) -> StructureShape:
    from botocore.session import get_session

    shape = get_session().get_service_model(service).operation_model(operation).input_shape
    for member in members:
        shape = shape.members[member]
    return shape


def _model_failures(resource: Resource, inputs: Values) -> list[Failure]:
    from local.aws.constraints import early_failures

    shape = _input_shape(*resource.operation)
    arguments = {name: value for name, value in inputs.items() if name in resource.arguments}
    return list(early_failures(shape, arguments, resource.renames))


def _project(resource: Resource, name: str, given: Value, actual: Value) -> Value:
    kind = resource.schema.arguments.by_name[name].kind
    return compare.project(kind, given, actual, document=name in resource.documents)


def _differences(resource: Resource, old: Values, new: Values) -> Iterator[tuple[str, str]]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield name, "add"
        elif name not in new:
            yield name, "delete"
        elif not compare.same(old[name], new[name], document=name in resource.documents):
            yield from compare.differences(old[name], new[name], name, resource.sets)


def _within(path: str, forced: str) -> bool:
    """Whether a changed path is, or lies in, or holds, one that forces replacement."""
    return path == forced or path.startswith((f"{forced}.", f"{forced}[")) or forced.startswith(f"{path}.")


def _must_go_first(resource: Resource, old: Values, new: Values) -> bool:
    """Whether AWS would refuse the replacement beside the old object, as both hold what must be unique."""
    naming = resource.naming
    if not resource.identity or (naming is not None and naming.argument in new.get(DEFAULTS, ())):
        return False
    before, after = reveal(old), reveal(new)
    return all(before.get(name) == after.get(name) for name in resource.identity)


def _user_tags(actual: Values) -> dict[str, str]:
    return {key: value for key, value in actual.get("tagsAll", {}).items() if not key.startswith("aws:")}


def _own_tags(inputs: Values, actual: Values, default_tags: dict[str, str]) -> dict[str, str]:
    """The tags of the resource itself: those that are not there just because the provider adds them."""
    given = inputs.get("tags", {})
    return {
        key: value for key, value in _user_tags(actual).items() if key in given or default_tags.get(key) != value
    }


def _refreshed(resource: Resource, inputs: Values, actual: Values, default_tags: dict[str, str]) -> Values:
    """The inputs that a program would have given for what AWS has, in the words of those that it gave."""
    plain = reveal(inputs)
    fresh: Values = {}
    for name, given in inputs.items():
        if name in (DEFAULTS, "region") or name in resource.provider_only:
            fresh[name] = given
        elif name not in ("tags", "tagsAll"):
            now = _project(resource, name, plain[name], actual.get(name))
            if now is not None:
                kept = now == plain[name]
                fresh[name] = given if kept else Secret(now) if has_secret(given) else now
    if resource.retag is not None:
        for name, tags in (("tags", _own_tags(plain, actual, default_tags)), ("tagsAll", _user_tags(actual))):
            if tags or name in inputs:
                same = tags == plain.get(name)
                fresh[name] = inputs[name] if same and name in inputs else tags
    if not inputs:  # an import: everything that can be given and is there
        given_by_aws = {name: value for name, value in actual.items() if name in resource.arguments and value}
        fresh |= {**given_by_aws, DEFAULTS: []}
    return fresh
