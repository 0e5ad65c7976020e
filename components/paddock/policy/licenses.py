"""Acceptance of the license of each model that is served."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from paddock import catalog
from paddock.catalog import UnknownNameError
from paddock.policy.model_fit import model_and_scheme, served
from paddock.privacy.predicates.values import annotation
from paddock.privacy.resource import Resource

SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["model", "license", "by", "on"],
        "properties": {key: {"type": "string", "minLength": 1} for key in ("model", "license", "by", "on")},
    },
}


ANNOTATIONS: Mapping[str, str] = {
    "license": "paddock.dev/license",
    "by": "paddock.dev/license-accepted-by",
    "on": "paddock.dev/license-accepted-on",
}
"""Annotations by which a deployment itself says who accepted; in the cluster too, where auditors look."""

CHECKPOINT = "paddock.dev/checkpoint"
OWN = "own"


def unaccepted(resources: Iterable[Resource], accepted: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """vLLM deployments of a catalog model whose license nobody accepted, as (URN, fault).

    An acceptance is `model`, `license` as the catalog names it, `by` and `on` (YYYY-MM-DD); one by the deployment's own
    annotations is for the model that it serves.
    """
    resources = list(resources)
    by_urn = {each.urn: each.values for each in resources}
    for urn, arguments in served(resources):
        name = catalog_name(arguments)
        if name is None and _is_own(by_urn[urn]):
            continue
        if name is None:
            text = "the model is not known, so its license is not; serve a model of `paddock models`, or your own by"
            yield urn, f"{text} paddock:checkpoint"
            continue
        model = catalog.model(name)
        own = {key: annotation(by_urn[urn], note) for key, note in ANNOTATIONS.items()}
        if not any(_accepts(each, model.name, model.license) for each in [*accepted, {"model": model.name, **own}]):
            text = (
                f"nobody accepted the license of {model.name}, {model.license} ({model.license_url}); "
                f"set paddock:license, or record model, license, by and on in the pack's configuration"
            )
            yield urn, text


def _is_own(deployment: Any) -> bool:
    """True of a checkpoint of one's own whose license somebody accepted; its program holds the two together."""
    own = {key: annotation(deployment, note) for key, note in ANNOTATIONS.items()}
    stated = annotation(deployment, CHECKPOINT)
    return isinstance(stated, str) and stated != "" and _accepts({**own, "model": OWN}, OWN, str(own["license"] or ""))


def own_checkpoint(source: str) -> dict[str, str]:
    """Annotation by which a deployment says whence a checkpoint comes that is no repository of the catalog."""
    return {CHECKPOINT: source} if "://" in source else {}


def catalog_name(arguments: Sequence[object]) -> str | None:
    try:
        known = model_and_scheme(arguments)
        return catalog.model(known[0]).name if known else None
    except (UnknownNameError, ValueError):
        return None


def _accepts(record: Mapping[str, object], model: str, name: str) -> bool:
    try:
        date.fromisoformat(str(record.get("on", "")))
    except ValueError:
        return False
    by = str(record.get("by") or "").strip()
    return record.get("model") == model and record.get("license") == name != "" and bool(by)
