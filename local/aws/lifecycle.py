"""The Pulumi provider `aws` of the local cloud: the engine's questions about a resource, answered from its definition.

Values are plain Python here (see values.py); rpc.py is the door. The lifecycle is that of Pulumi's official provider:
`check` completes and refuses arguments, `diff` says what changed and what must be replaced, `read` tells what AWS has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from local.aws import compare
from local.aws.cloud import Cloud, is_gone, local_endpoint
from local.aws.configuration import setting_failures, settings
from local.aws.definition import DEFAULTS, Change, Resource, arguments_of
from local.aws.naming import NameTooLongError, physical_name
from local.aws.projection import outputs, promised, refreshed_inputs
from local.aws.resources import RESOURCES
from local.aws.schema import Failure, failures
from local.aws.values import UNKNOWN, Secret, Value, Values, reveal

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel, StructureShape


class FailedError(Exception):
    """An object that was made and is of no use: the state keeps it, and says so."""

    def __init__(self, reason: str, id_: str, outputs: Values) -> None:
        super().__init__(reason)
        self.id, self.outputs = id_, outputs


class RefusedError(Exception):
    """A program's request that cannot be met; the message says why, for a person to read."""


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
        return news, list(setting_failures(news))

    def configure(self, args: Values) -> None:
        endpoint = local_endpoint()
        given = reveal(settings(args))
        self._region = given.get("region", "")
        self._default_tags = given.get("defaultTags", {}).get("tags", {})
        account = self._cloud({}).account_id
        allowed, forbidden = given.get("allowedAccountIds"), given.get("forbiddenAccountIds", [])
        if (allowed and account not in allowed) or account in forbidden:
            raise RefusedError(f"the account {account} at {endpoint} is not one that this provider may use")

    def _cloud(self, inputs: Values) -> Cloud:
        region = inputs.get("region") or self._region
        if region not in self._clouds:
            self._clouds[region] = Cloud(region)
        return self._clouds[region]

    # Resources

    def check(
        self, pulumi_type: str, name: str, olds: Values, news: Values, random_seed: bytes
    ) -> tuple[Values, list[Failure]]:
        """The arguments, completed with defaults and a physical name, and everything that is wrong with them."""
        resource = _resource(pulumi_type)
        inputs = {key: value for key, value in news.items() if value is not None and key != DEFAULTS}
        found = list(failures(resource.schema.arguments, inputs))
        found += [
            Failure(key, "is not emulated by the local cloud")
            for key in inputs
            if key in resource.schema.arguments.by_name and key not in resource.emulated
        ]
        if found:
            return news, found
        filled = {key: value for key, value in resource.defaults.items() if key not in inputs}
        if (naming := resource.naming) is not None and naming.argument not in inputs:
            try:
                filled[naming.argument] = physical_name(naming, name, olds, inputs, random_seed)
            except NameTooLongError as error:
                return news, [Failure(naming.argument, f"could not make instance of '{resource.pulumi_type}': {error}")]
        inputs |= filled
        if resource.retag is not None and (tags := self._all_tags(inputs)):
            inputs["tagsAll"] = tags
        plain = reveal(inputs)
        found += _model_failures(resource, plain)
        found += [Failure(name, "required, but not given") for name in sorted(resource.required) if name not in inputs]
        if resource.validate is not None:
            found += [Failure(path, reason) for path, reason in resource.validate(plain)]
        return {**inputs, DEFAULTS: sorted(filled)}, found

    def _all_tags(self, inputs: Values) -> Value:
        tags = inputs.get("tags") or {}
        if tags is UNKNOWN or isinstance(tags, Secret):
            return tags
        return {**self._default_tags, **tags}

    def diff(self, pulumi_type: str, old_inputs: Values, new_inputs: Values, state: Values) -> Diff:
        resource = _resource(pulumi_type)
        old, new, known = (arguments_of(reveal(values)) for values in (old_inputs, new_inputs, state))
        for name in resource.computed & known.keys():
            old[name] = known[name]
            new.setdefault(name, known[name])
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

    def create(self, pulumi_type: str, inputs: Values, *, preview: bool) -> tuple[str, Values]:
        resource = _resource(pulumi_type)
        cloud = self._cloud(reveal(inputs))
        if preview:
            known = promised(resource.schema.arguments, arguments_of(inputs))
            return "", {**dict.fromkeys(resource.schema.outputs, UNKNOWN), **known, "region": cloud.region}
        plain = arguments_of(reveal(inputs))
        id_ = resource.create(cloud, plain)
        try:
            if resource.settle is not None:
                resource.settle(cloud, id_, plain)
            state = _present(resource, cloud, id_, plain)
        except Exception as error:
            _undo(resource, cloud, id_, plain, error)
            raise
        made = outputs(resource, inputs, state, self._default_tags, cloud.region)
        if resource.failure is not None and (reason := resource.failure(cloud, id_)):
            raise FailedError(reason, id_, made)
        return id_, made

    def read(self, pulumi_type: str, id_: str, inputs: Values, state: Values) -> tuple[str, Values, Values]:
        """The id, inputs and outputs as they are in AWS now; an empty id if nothing is there."""
        resource = _resource(pulumi_type)
        known = {**reveal(state), **arguments_of(reveal(inputs))}
        cloud = self._cloud(known)
        if not known and not resource.importable:
            raise RefusedError(f"{pulumi_type} cannot be imported in the local cloud: its id says too little")
        try:
            actual = resource.read(cloud, id_, known)
        except Exception as error:
            if is_gone(error):
                return "", {}, {}
            raise
        fresh = refreshed_inputs(resource, inputs, actual, self._default_tags)
        return id_, fresh, outputs(resource, fresh, actual, self._default_tags, cloud.region)

    def update(
        self, pulumi_type: str, id_: str, old_inputs: Values, state: Values, new_inputs: Values, *, preview: bool
    ) -> Values:
        resource = _resource(pulumi_type)
        cloud = self._cloud(reveal(new_inputs))
        if preview:
            unknown = {name: UNKNOWN for name in resource.changing if name not in new_inputs}
            given = arguments_of(new_inputs)
            return {**state, **{name: compare.overlay(state.get(name), given[name]) for name in given}, **unknown}
        old, new, known = (arguments_of(reveal(values)) for values in (old_inputs, new_inputs, state))
        if resource.retag is not None:
            before, after = known.get("tagsAll", {}), new.get("tagsAll", {})
            put = {key: value for key, value in after.items() if before.get(key) != value}
            drop = sorted(before.keys() - after.keys())
            if put or drop:
                resource.retag(cloud, id_, known, put, drop)
        if resource.update is not None:
            resource.update(Change(cloud, id_, old, new, known))
        actual = _present(resource, cloud, id_, {**known, **new})
        return outputs(resource, new_inputs, actual, self._default_tags, cloud.region)

    def delete(self, pulumi_type: str, id_: str, state: Values) -> None:
        resource = _resource(pulumi_type)
        known = reveal(state)
        try:
            resource.delete(self._cloud(known), id_, known)
        except Exception as error:
            if not is_gone(error):
                raise

    # Functions

    def invoke(self, token: str, args: Values) -> tuple[Values, list[Failure]]:
        from local.aws.functions import FUNCTIONS

        if token not in FUNCTIONS:
            raise RefusedError(_unknown("function", token, FUNCTIONS))
        function = FUNCTIONS[token]
        plain = reveal(args)
        found = list(function.failures(plain))
        return ({}, found) if found else (function.call(self._cloud(plain), plain), [])


def _resource(pulumi_type: str) -> Resource:
    if pulumi_type not in RESOURCES:
        raise RefusedError(_unknown("type", pulumi_type, RESOURCES))
    return RESOURCES[pulumi_type]


def _unknown(kind: str, token: str, known: Any) -> str:
    close = get_close_matches(token, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"the local cloud does not emulate the {kind} {token}{hint} (docs/local-cloud.md lists what it does)"


def _present(resource: Resource, cloud: Cloud, id_: str, known: Values) -> Values:
    try:
        return resource.read(cloud, id_, known)
    except Exception as error:
        if is_gone(error):
            raise RefusedError(f"AWS does not know {id_} any more; `pulumi refresh` takes note of it") from error
        raise


def _undo(resource: Resource, cloud: Cloud, id_: str, inputs: Values, error: Exception) -> None:
    """Delete a half-made object, of which nobody would ever learn; if that fails too, say where it is."""
    try:
        resource.delete(cloud, id_, inputs)
    except Exception as failed:
        raise RefusedError(f"{error}; moreover {id_}, half made, is still there: {failed}") from error


_loading = Lock()


@cache
def _loader() -> Loader:
    from botocore.session import get_session

    return get_session().get_component("data_loader")


def _service_model(service: str) -> ServiceModel:
    """EC2's model alone takes a third of a second to parse: one loader, which remembers, and one thread at a time."""
    from botocore.model import ServiceModel

    with _loading:
        return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@cache
def _input_shape(service: str, operation: str, *members: str) -> StructureShape:
    shape = _service_model(service).operation_model(operation).input_shape
    for member in members:
        shape = shape.members[member]
    return shape


def _model_failures(resource: Resource, inputs: Values) -> list[Failure]:
    from local.aws.constraints import early_failures

    shape = _input_shape(*resource.operation)
    arguments = {name: value for name, value in inputs.items() if name in resource.arguments}
    return list(early_failures(shape, arguments, resource.renames))


def _differences(resource: Resource, old: Values, new: Values) -> Iterator[tuple[str, str]]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield name, "add"
        elif name not in new:
            yield name, "delete"
        elif not compare.same(old[name], new[name], document=name in resource.documents):
            yield from compare.differences(old[name], new[name], name, resource.sets)


def _within(path: str, forced: str) -> bool:
    """True if a changed path is, or lies in, or holds, one that forces replacement."""
    return path == forced or path.startswith((f"{forced}.", f"{forced}[")) or forced.startswith(f"{path}.")


def _must_go_first(resource: Resource, old: Values, new: Values) -> bool:
    """True if AWS would refuse the replacement beside the old object, as both hold what must be unique."""
    naming = resource.naming
    if not resource.identity or (naming is not None and naming.argument in new.get(DEFAULTS, ())):
        return False
    before, after = reveal(old), reveal(new)
    return all(before.get(name) == after.get(name) for name in resource.identity)
