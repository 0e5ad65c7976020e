"""Push of a checkpoint into the store: what is copied, the files, then what the revision is, and its signature last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from paddock.catalog.lookup import RefusedError, shown
from paddock.choices import REVISION_NAME
from paddock.operations.weights.choose import ADAPTER_CONFIG, CONFIG, Selection, choose
from paddock.operations.weights.journal import journal_folder, opened_journal
from paddock.operations.weights.signing import Signer, sign
from paddock.operations.weights.sources.source import Listing, Source, read_small
from paddock.operations.weights.target import Target
from paddock.operations.weights.upload import Counts, Uploader
from paddock.weights.revision import (
    REVISION_FILE,
    SIGNATURE_FILE,
    AcceptedLicense,
    Revision,
    WeightFile,
    strict_object,
    to_json,
)

PROVENANCE = "paddock-derived.json"
LORA = "lora"
"""Stands for the quantization of adapters."""
DEFAULT_WORKERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A person's word that the license is accepted."""

    license: str
    by: str
    on: str
    """The day, as ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Checkpoint, as it is at its source and as it is to be in the store."""

    model: str
    quantization: str
    revision: str
    listing: Listing
    selection: Selection
    license_text_sha256: str
    use_policy_sha256: str
    base_model: str = ""
    """Model of an adapter: the one that it adapts, in its own words."""
    derived_from: str = ""
    """Source of weights that `paddock weights quantize` made, by the file that it leaves beside them."""

    @cached_property
    def prefix(self) -> str:
        return f"models/{self.model}/{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """Outcome of a push."""

    revision: Revision | None
    """None where the revision was complete before."""
    counts: Counts
    was_complete: bool = False


def look(source: Source, model: str, quantization: str = "", revision: str = "") -> Wanted:
    """Content of a push. Empty texts are derived: the quantization of `config.json`, the revision's name of the
    commit, or of the listing. Raises `RefusedError`."""
    listing = source.listing()
    selection = choose(listing, lambda file: read_small(source, file))
    config = _object(source, listing, ADAPTER_CONFIG if selection.is_adapter else CONFIG)
    if selection.is_adapter:
        quantization = LORA
    elif not quantization:
        quantization = stated(config, listing.address)
    name = revision or f"{quantization}-{(listing.commit or listing.fingerprint)[:12]}"
    for what, text in (("model", model), ("revision", name)):
        if not REVISION_NAME.fullmatch(text):
            raise RefusedError(
                f"the {what} is {shown(text)}; allowed are up to 128 lower-case letters, digits, dots, hyphens and "
                f"underscores, a letter or digit first"
            )
    return Wanted(
        model=model,
        quantization=quantization,
        revision=name,
        listing=listing,
        selection=selection,
        license_text_sha256=_text_sha256(source, selection, ("license", "licence", "copying")),
        use_policy_sha256=_text_sha256(source, selection, ("use_policy",)),
        base_model=str(config.get("base_model_name_or_path") or "") if selection.is_adapter else "",
        derived_from=str(_object(source, listing, PROVENANCE).get("derived_from") or ""),
    )


def stated(config: Mapping[str, Any], where: str) -> str:
    """Quantization that `config.json` states, as paddock names it."""
    from paddock.sizing.checkpoints.quantization_config import stated_quantization

    return str(stated_quantization(Path(where), config).quantization)


def refuse_license(wanted: Wanted, license_id: str, accepted: Acceptance | None, url: str = "") -> Acceptance:
    """The acceptance, if it is of this license; raises `RefusedError`."""
    if not license_id and accepted is not None:
        # Neither the catalog nor the source names one: what was accepted is what there is.
        license_id = accepted.license
    where = f" ({url})" if url else ""
    if accepted is None:
        raise RefusedError(
            f"nobody accepted the license of {wanted.model}, {license_id or 'which nobody names'}{where}; "
            f"read it, then say --accept-license {license_id or 'NAME'}, or set paddock:license in the stack file"
        )
    if accepted.license != license_id:
        raise RefusedError(
            f"accepted is {shown(accepted.license)}, but {wanted.model} comes under {license_id}{where}; read that "
            f"one, then say --accept-license {license_id}"
        )
    if not accepted.by.strip():
        raise RefusedError("an acceptance needs a name; say --accepted-by NAME")
    return accepted


def push(
    source: Source,
    wanted: Wanted,
    accepted: Acceptance,
    target: Target,
    signer: Signer,
    *,
    workers: int = DEFAULT_WORKERS,
    tell: Callable[[int, bool], None] = lambda _count, _is_new: None,
    folder: Path | None = None,
) -> Pushed:
    """Copies what is not there yet and signs it. Killed at any byte and called again, it goes on."""
    counts = Counts(tell=tell)
    with opened_journal(folder or journal_folder(), target.bucket, target.prefix) as journal:
        stored = target.stored()
        if SIGNATURE_FILE in stored:
            _end_uploads(target)
            journal.forget()
            return Pushed(revision=None, counts=counts, was_complete=True)
        names = {each.name for each in wanted.selection.files}
        if others := sorted(set(stored) - names - {REVISION_FILE}):
            raise RefusedError(
                f"s3://{target.bucket}/{target.prefix} has {shown(others[0])}, which is no file of "
                f"{wanted.listing.address}; what is signed has no other, so push to another --revision, or remove it"
            )
        uploader = Uploader(
            source=source,
            target=target,
            journal=journal,
            workers=workers,
            counts=counts,
            stored=stored,
            unfinished=target.uploads(),
        )
        files = uploader.run(wanted.selection.files)
        _refuse_changed(target, files)
        _end_uploads(target)
        revision = _revision(wanted, accepted, files)
        _seal(target, revision, signer)
        journal.forget()
    return Pushed(revision=revision, counts=counts)


def _seal(target: Target, revision: Revision, signer: Signer) -> None:
    """Writes what the revision is, and then its signature: before it, there is no revision."""
    text = to_json(revision)
    digest = sha256(text)
    answer = target.put(REVISION_FILE, text, digest.digest())
    if answer.was_there and (kept := target.checksum(REVISION_FILE)) not in (None, answer.checksum):
        raise RefusedError(
            f"{REVISION_FILE} of {target.prefix} was written by another push, SHA-256 {kept}, and says something else, "
            f"such as who accepted the license; give the same again, or push to another --revision"
        )
    signed = {each.name: each.sha256 for each in revision.files} | {REVISION_FILE: digest.hexdigest()}
    bundle = sign(signed, f"{revision.model}/{revision.name}", signer)
    target.put(SIGNATURE_FILE, bundle, sha256(bundle).digest())


def _refuse_changed(target: Target, files: list[WeightFile]) -> None:
    """Lists the folder once more: every file there, by the size and version that are about to be signed."""
    stored = target.stored()
    for each in files:
        there = stored.get(each.name)
        if there is None or (there.size_bytes, there.version_id) != (each.size_bytes, each.version_id):
            raise RefusedError(
                f"{each.name} in s3://{target.bucket}/{target.prefix} is not the version that was uploaded; "
                f"somebody else writes there, so push to another --revision"
            )


def _end_uploads(target: Target) -> None:
    for name, upload_ids in target.uploads().items():
        for upload_id in upload_ids:
            target.abort(name, upload_id)


def _revision(wanted: Wanted, accepted: Acceptance, files: list[WeightFile]) -> Revision:
    details = {"use_policy_sha256": wanted.use_policy_sha256, "adapts": wanted.base_model}
    return Revision(
        model=wanted.model,
        name=wanted.revision,
        quantization=wanted.quantization,
        source=wanted.listing.address,
        source_commit=wanted.listing.commit,
        license=AcceptedLicense(
            license=accepted.license, text_sha256=wanted.license_text_sha256, by=accepted.by, on=accepted.on
        ),
        files=tuple(files),
        derived_from=wanted.derived_from,
        details={key: value for key, value in details.items() if value},
    )


def _object(source: Source, listing: Listing, name: str) -> dict[str, Any]:
    file = listing.named(name)
    if file is None:
        return {}
    try:
        return strict_object(read_small(source, file))
    except (ValueError, TypeError, RecursionError):
        raise RefusedError(f"{name} of {listing.address} is no JSON object; name a checkpoint that is whole") from None


def _text_sha256(source: Source, selection: Selection, beginnings: tuple[str, ...]) -> str:
    for each in sorted(selection.files, key=lambda file: file.name):
        if "/" not in each.name and each.name.lower().startswith(beginnings):
            return sha256(read_small(source, each)).hexdigest()
    return ""
