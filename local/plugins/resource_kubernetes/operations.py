"""What each call of the engine does to the cluster, in plain values: no protocol, no process."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeVar

from local.plugins.resource_kubernetes import outputs
from local.plugins.resource_kubernetes.api import Api, ApiError, Object, UnknownKindError, UnreachableError
from local.plugins.resource_kubernetes.changes import (
    Difference,
    differences,
    is_ignored,
    must_delete_first,
    refreshed_inputs,
)
from local.plugins.resource_kubernetes.objects import (
    DELETION_PROPAGATION,
    FIELD_MANAGER,
    PATCH_FORCE,
    SKIP_AWAIT,
    Address,
    Kind,
    address_of,
    address_of_id,
    annotation,
    automatic_name,
    is_set,
    kind_of,
    metadata_of,
    refuse_unsupported,
    with_metadata,
    with_name,
)
from local.plugins.resource_kubernetes.settings import Settings
from local.plugins.resource_kubernetes.values import UNKNOWN, conceal, has_unknown, reveal
from local.plugins.resource_kubernetes.waiting import NotReadyError, Report, Waiter, timeout_seconds

_MANAGER = "pulumi-kubernetes"
_IMMUTABLE = "field is immutable"
_ARRIVAL_SECONDS = 20.0
"""How long to wait for a definition or namespace that another part of the program creates."""
_ARRIVAL_PAUSE_SECONDS = 0.5
_PREVIEW_NAMESPACE = "default"
_PROPAGATION = {"foreground": "Foreground", "background": "Background", "orphan": "Orphan"}

Inputs = Mapping[str, Any]
T = TypeVar("T")


class RefusedError(Exception):
    """The request cannot be carried out; the message says what to change."""


class UnhealthyError(Exception):
    """The object is in the cluster and must be remembered, but it is not as it should be."""

    def __init__(self, resource_id: str, state: dict[str, Any], inputs: Inputs, said: list[str]) -> None:
        super().__init__("; ".join(said))
        self.resource_id = resource_id
        self.state = state
        self.inputs = inputs
        self.said = said


@dataclass(frozen=True, slots=True)
class Comparison:
    differences: list[Difference]
    delete_first: bool


@dataclass(frozen=True, slots=True)
class Reading:
    resource_id: str
    state: dict[str, Any]
    inputs: dict[str, Any]


class Operations:
    """One cluster, as one provider of the program sees it."""

    def __init__(self, api: Api, settings: Settings, default_namespace: str, cancelled: threading.Event) -> None:
        self._api = api
        self._settings = settings
        self._default_namespace = settings.namespace or default_namespace
        self._waiter = Waiter(api, cancelled)
        self._cancelled = cancelled

    def check(
        self, token: str, logical_name: str, old: Inputs, new: Inputs, seed: bytes, proposed: str | None
    ) -> dict[str, Any]:
        """The inputs with everything in them that the program left to us: kind, name, namespace."""
        kind = kind_of(new, token)
        refuse_unsupported(new)
        named = with_name(new, old, proposed or automatic_name(logical_name, seed))
        return {"apiVersion": kind.api_version, "kind": kind.name, **self._placed(named, kind)}

    def _placed(self, inputs: dict[str, Any], kind: Kind) -> dict[str, Any]:
        if not self._is_namespaced(kind):
            return with_metadata(inputs, {"namespace": None})
        if metadata_of(inputs).get("namespace"):
            return inputs
        return with_metadata(inputs, {"namespace": self._default_namespace})

    def _is_namespaced(self, kind: Kind) -> bool:
        """A custom resource whose definition is still to come is taken for namespaced, as most are."""
        try:
            return self._api.served(kind).namespaced
        except UnknownKindError:
            if kind.is_built_in:
                raise
            return True

    def diff(self, token: str, old: Inputs, new: Inputs, ignore: Sequence[str] = ()) -> Comparison:
        kind = kind_of(new, token)
        before, after = reveal(old), reveal(new)
        every = differences(before, after, kind, self._settings.mutable)
        found = [difference for difference in every if not is_ignored(difference, ignore)]
        if found and not any(difference.replaces for difference in found):
            found = self._with_refusals(found, after, kind)
        replaced = any(difference.replaces for difference in found)
        return Comparison(found, replaced and must_delete_first(before, after, kind))

    def _with_refusals(self, found: list[Difference], after: Inputs, kind: Kind) -> list[Difference]:
        """Let the API server say which of these changes it takes for impossible."""
        if has_unknown(after):
            return found
        try:
            self._apply(address_of(after, kind), after, dry_run=True)
        except ApiError as error:
            if error.status == HTTPStatus.UNPROCESSABLE_ENTITY and _IMMUTABLE in str(error):
                refused = [d for d in found if any(str(d).startswith(field) for field in error.fields)]
                return [replace(d, replaces=d in (refused or found)) for d in found]
        except (RefusedError, UnknownKindError, UnreachableError):
            # The update itself will say so, with the right resource's name.
            pass
        return found

    def preview_creation(self, token: str, inputs: Inputs) -> dict[str, Any]:
        kind, plain = kind_of(inputs, token), reveal(inputs)
        unverified = outputs.with_secrets({**plain, "status": UNKNOWN}, inputs, kind)
        if has_unknown(plain):
            return unverified
        try:
            dry_run = self._dry_run_creation(address_of(plain, kind), plain)
        except UnknownKindError:
            if kind.is_built_in:
                raise
            return unverified
        except ApiError as error:
            # Admission plugins refuse what refers to something the same program will create, e.g. a service account.
            if error.status == HTTPStatus.FORBIDDEN and "not found" in str(error):
                return unverified
            raise
        return outputs.preview_of_creation(dry_run, inputs, kind)

    def _dry_run_creation(self, address: Address, plain: dict[str, Any]) -> Object:
        metadata = plain["metadata"]
        try:
            return self._apply(address, plain, dry_run=True)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND and address.namespace not in (None, _PREVIEW_NAMESPACE):
                # The namespace is still to come; what the object is does not depend on it.
                elsewhere = {"namespace": _PREVIEW_NAMESPACE}
            elif error.status == HTTPStatus.UNPROCESSABLE_ENTITY and _IMMUTABLE in str(error):
                # The object that this one replaces is still there.
                elsewhere = {"name": automatic_name(address.name, b"preview")}
            else:
                raise
        moved = with_metadata(plain, elsewhere)
        found = self._apply(address_of(moved, address.kind), moved, dry_run=True)
        return with_metadata(found, {key: metadata[key] for key in elsewhere})

    def create(self, token: str, inputs: Inputs, timeout: float, report: Report) -> tuple[str, dict[str, Any]]:
        kind, plain = kind_of(inputs, token), reveal(inputs)
        self._patiently(lambda: self._api.served(kind), report)
        # The definition may have come since the check, and have said that the kind has no namespace.
        plain = self._placed(plain, kind)
        address = address_of(plain, kind)
        if not self._settings.upsert and self._api.get(address) is not None:
            raise RefusedError(
                f"{address} already exists; import it, delete it, "
                "or set upsert_existing_objects on the provider to take it over"
            )
        live = self._patiently(lambda: self._apply(address, plain), report)
        return address.resource_id, self._settled(address, live, inputs, timeout, report)

    def update(self, token: str, inputs: Inputs, timeout: float, report: Report) -> dict[str, Any]:
        kind, plain = kind_of(inputs, token), reveal(inputs)
        address = address_of(plain, kind)
        return self._settled(address, self._apply(address, plain), inputs, timeout, report)

    def preview_update(self, token: str, old_state: Inputs, inputs: Inputs) -> dict[str, Any]:
        kind, plain = kind_of(inputs, token), reveal(inputs)
        dry_run = None if has_unknown(plain) else self._apply(address_of(plain, kind), plain, dry_run=True)
        return outputs.preview_of_update(dry_run, old_state, inputs, kind)

    def _settled(
        self, address: Address, live: Object, inputs: Inputs, timeout: float, report: Report
    ) -> dict[str, Any]:
        """The state to remember, once the object is ready."""
        if is_set(inputs, SKIP_AWAIT):
            return outputs.state(live, inputs, address.kind)
        seconds = timeout_seconds(timeout, inputs, address.kind)
        try:
            ready = self._waiter.until_ready(address, live, seconds, report)
        except NotReadyError as error:
            state = outputs.state(error.object, inputs, address.kind)
            raise UnhealthyError(address.resource_id, state, inputs, error.said) from error
        return outputs.state(ready, inputs, address.kind)

    def read(self, token: str, resource_id: str, inputs: Inputs, old_state: Inputs) -> Reading | None:
        """The object as it is now; None where it is gone."""
        kind = kind_of(inputs or old_state, token)
        try:
            namespaced = self._api.served(kind).namespaced
        except UnknownKindError:
            if kind.is_built_in:
                raise
            return None
        address = address_of_id(resource_id, kind, namespaced=namespaced, default_namespace=self._default_namespace)
        live = self._api.get(address)
        if live is None:
            return None
        if not inputs:
            imported = outputs.with_secrets(outputs.imported_inputs(live), {}, kind)
            return Reading(address.resource_id, outputs.state(live, {}, kind), imported)
        plain = reveal(inputs)
        before, now = _with_string_data(reveal(old_state), plain, kind), _with_string_data(live, plain, kind)
        found = conceal(refreshed_inputs(plain, before, now), inputs)
        state = outputs.state(live, inputs, kind)
        said = [] if is_set(inputs, SKIP_AWAIT) else self._waiter.why_not_ready(address, live)
        if said:
            raise UnhealthyError(address.resource_id, state, found, said)
        return Reading(address.resource_id, state, found)

    def delete(self, token: str, resource_id: str, state: Inputs, timeout: float, report: Report) -> None:
        kind = kind_of(state, token)
        try:
            namespaced = self._api.served(kind).namespaced
        except UnknownKindError:
            if kind.is_built_in:
                raise
            # Its definition is gone, and with it every object of the kind.
            return
        address = address_of_id(resource_id, kind, namespaced=namespaced, default_namespace=self._default_namespace)
        wish = (annotation(state, DELETION_PROPAGATION) or "foreground").lower()
        if wish not in _PROPAGATION:
            raise RefusedError(f"{address}: {DELETION_PROPAGATION} is {wish!r}; it can be {', '.join(_PROPAGATION)}")
        there = self._api.delete(address, _PROPAGATION[wish])
        if there and not is_set(state, SKIP_AWAIT):
            self._waiter.until_gone(address, timeout_seconds(timeout, state, kind), report)

    def _apply(self, address: Address, plain: Inputs, *, dry_run: bool = False) -> Object:
        """Others' fields are taken over only where the user asked for it, and in dry runs, which change nothing."""
        wish = annotation(plain, PATCH_FORCE)
        force = dry_run or (self._settings.patch_force if wish is None else wish.lower() == "true")
        manager = annotation(plain, FIELD_MANAGER) or _MANAGER
        try:
            return self._api.apply(address, plain, manager=manager, force=force, dry_run=dry_run)
        except ApiError as error:
            if error.status == HTTPStatus.CONFLICT:
                hint = f'to take the fields over, annotate the object with {PATCH_FORCE}: "true"'
                raise RefusedError(f"{address} is also managed by others: {error}; {hint}") from error
            raise

    def _patiently(self, attempt: Callable[[], T], report: Report) -> T:
        """Try until what the object needs has arrived: its definition, or its namespace."""
        ends_at = time.monotonic() + _ARRIVAL_SECONDS
        while True:
            try:
                return attempt()
            except (UnknownKindError, ApiError) as error:
                missing = isinstance(error, UnknownKindError) or error.status == HTTPStatus.NOT_FOUND
                if not missing or time.monotonic() > ends_at or self._cancelled.wait(_ARRIVAL_PAUSE_SECONDS):
                    raise
                report(f"waiting: {error}")


def _with_string_data(obj: Mapping[str, Any], inputs: Inputs, kind: Kind) -> Mapping[str, Any]:
    """A Secret with its content also as the text that it was given as, which the API server does not show."""
    written = inputs.get("stringData")
    if (kind.group, kind.name) != ("", "Secret") or not isinstance(written, dict):
        return obj
    data = obj.get("data") or {}
    texts = {key: base64.b64decode(data[key]).decode(errors="replace") for key in written if key in data}
    return {**obj, "stringData": texts}
