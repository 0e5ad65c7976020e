"""Revision that a build put into the store: found by its source, verified, and only then believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddock.operations.weights.sources.address import HubAddress, parse_address
from paddock.operations.weights.store import State, Store
from paddock.operations.weights.verify import Verdict, judge
from paddock.weights.revision import COMMIT, Revision, from_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from paddock.plan.parts import ModelPlan


def arrived(store: Store, model: ModelPlan, key: EllipticCurvePublicKey) -> tuple[str, Verdict] | None:
    """Name of the newest signed revision of the plan's checkpoint, and the verdict on it; None where there is none.

    A pinned revision is looked for by its name.
    """
    listed = [each for each in store.revisions() if each.address.model == model.name and each.state is State.SIGNED]
    for each in sorted(listed, key=lambda one: str(one.signed_on), reverse=True):
        wanted = model.weights_revision
        if each.address.name == wanted or (wanted is None and _is_of(store.manifest(each.address), model)):
            return each.address.name, judge(store.look(each.address), key, model.license.get("license"))
    return None


def _is_of(manifest: bytes, model: ModelPlan) -> bool:
    """True where a manifest says that it is of the plan's checkpoint; whether that is so, its verdict says."""
    try:
        revision = from_json(manifest)
    except ValueError:
        return False
    return revision.quantization == str(model.quantization) and _is_from(revision, model.source)


def _is_from(revision: Revision, source: str) -> bool:
    address = parse_address(source)
    if not isinstance(address, HubAddress):
        return revision.source == source.rstrip("/")
    # A branch or a tag may have moved on: what came of it earlier serves.
    commit = address.revision if COMMIT.fullmatch(address.revision) else revision.source_commit
    return (revision.source, revision.source_commit) == (f"hf://{address.repository}", commit)
