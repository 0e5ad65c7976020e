"""Acceptance of the licence of each model that is served."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from paddock import catalog
from paddock.catalog import UnknownNameError
from paddock.policy.model_fit import model_and_scheme, served
from paddock.privacy.predicates.findings import value_at
from paddock.privacy.resource import Resource

SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["model", "licence", "by", "on"],
        "properties": {key: {"type": "string", "minLength": 1} for key in ("model", "licence", "by", "on")},
    },
}


ANNOTATIONS: Mapping[str, str] = MappingProxyType(
    {
        "licence": "paddock.dev/licence",
        "by": "paddock.dev/licence-accepted-by",
        "on": "paddock.dev/licence-accepted-on",
    }
)
"""Annotations by which a deployment itself says who accepted; in the cluster too, where auditors look."""


def unaccepted(resources: Iterable[Resource], accepted: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """vLLM deployments of a catalog model whose licence nobody accepted, as (URN, fault).

    An acceptance is `model`, `licence` as the catalog names it, `by` and `on` (YYYY-MM-DD); one by the deployment's own
    annotations is for the model that it serves.
    """
    resources = list(resources)
    by_urn = {each.urn: each.values for each in resources}
    for urn, arguments in served(resources):
        name = catalog_name(arguments)
        if name is None:
            yield urn, "the model is not known, so its licence is not; serve a model of `paddock models`"
            continue
        model = catalog.model(name)
        notes = value_at(by_urn[urn], "metadata.annotations", {})
        own = {key: notes.get(note) for key, note in ANNOTATIONS.items()} if isinstance(notes, Mapping) else {}
        if not any(_accepts(each, model.name, model.licence) for each in [*accepted, {"model": model.name, **own}]):
            text = (
                f"nobody accepted the licence of {model.name}, {model.licence} ({model.licence_url}); "
                f"set paddock:licence, or record model, licence, by and on in the pack's configuration"
            )
            yield urn, text


def catalog_name(arguments: Sequence[object]) -> str | None:
    known = model_and_scheme(arguments)
    try:
        return catalog.model(known[0]).name if known else None
    except UnknownNameError:
        return None


def _accepts(record: Mapping[str, object], model: str, licence: str) -> bool:
    try:
        date.fromisoformat(str(record.get("on", "")))
    except ValueError:
        return False
    return (
        record.get("model") == model and record.get("licence") == licence and bool(str(record.get("by") or "").strip())
    )
