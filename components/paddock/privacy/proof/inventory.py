"""Inventory of resources, looked up by type, by what names them, and by what refers to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from paddock.privacy.predicates.types import BUCKETS
from paddock.privacy.predicates.values import has_unknown
from paddock.privacy.resource import Resource


@dataclass(frozen=True, eq=False)
class Inventory:
    """Resources of a stack, and what makes the list itself doubtful. Looks everything up by an index."""

    resources: tuple[Resource, ...]
    doubts: tuple[str, ...] = ()
    read_from: str = ""
    """Command of Pulumi that printed it, where one did."""
    _targets: dict[tuple[int, str], list[Resource]] = field(default_factory=dict)
    _referring: dict[tuple[str, str], Mapping[str, list[Resource]]] = field(default_factory=dict)

    @property
    def stacks(self) -> list[str]:
        """Projects and stacks of the resources, as `project/stack`; a URN is `urn:pulumi:stack::project::…`."""
        parts = {tuple(each.urn.removeprefix("urn:pulumi:").split("::")[:2]) for each in self.resources}
        return sorted("/".join(reversed(each)) for each in parts)

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        return {each.urn: each for each in self.resources}

    @cached_property
    def by_type(self) -> Mapping[str, list[Resource]]:
        """Resources by type; a component, whatever it calls its type, is none of AWS's or of a cluster's."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for each in self.resources:
            if each.custom:
                found[each.type].append(each)
        return found

    @cached_property
    def named(self) -> Mapping[str, Mapping[str, Resource]]:
        """Resources by id, ARN or a bucket's name, then by type: what is called like another does not hide it."""
        found: dict[str, dict[str, Resource]] = defaultdict(dict)
        for each in self.resources:
            # Its public access block has a bucket's name as its id too: only the bucket itself is meant by it.
            if each.custom and (each.type in BUCKETS or not each.type.startswith("aws:s3/bucket")):
                names = (each.id, each.values.get("arn"), each.values.get("bucket"))
                for name in {name for name in names if isinstance(name, str) and name}:
                    found[name][each.type] = each
        return found

    def of(self, *types: str) -> Iterator[Resource]:
        return (each for type_ in types for each in self.by_type.get(type_, ()))

    def targets(self, resource: Resource, key: str) -> list[Resource]:
        """Resources that an input refers to; by its value where that is known, else by what it was made of."""
        value = resource.values.get(key)
        if value is None:
            return []
        asked = (id(resource), key)
        if asked not in self._targets:
            found = [one for each in _texts(value) for one in self.named.get(each, {}).values()]
            # What is known of a value is taken at its word; the rest is what it was made of.
            if has_unknown(value):
                found += [self.by_urn[urn] for urn in resource.links.get(key, ()) if urn in self.by_urn]
            self._targets[asked] = list({id(each): each for each in found}.values())
        return self._targets[asked]

    def referring(self, target: Resource, key: str, *types: str) -> Iterator[Resource]:
        """Resources of these types whose input refers to the target."""
        for type_ in types:
            if (type_, key) not in self._referring:
                found: dict[str, list[Resource]] = defaultdict(list)
                for each in self.of(type_):
                    for urn in {one.urn for one in self.targets(each, key)}:
                        found[urn].append(each)
                self._referring[type_, key] = found
            yield from self._referring[type_, key].get(target.urn, ())


def _texts(value: object) -> Iterator[str]:
    """Texts in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | Mapping):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
