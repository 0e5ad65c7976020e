"""Weights of a deployment: what is in the store, and the push of what is not."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.operations.aws_errors import aws_errors
from paddock.operations.deploy.steps import Look, Tell
from paddock.operations.weights.progress import Meter, duration
from paddock.weights.bucket import weights_prefix
from paddock.weights.revision import REVOKED_FILE, SIGNATURE_FILE

if TYPE_CHECKING:
    import boto3

    from paddock.catalog import Model
    from paddock.operations.weights.signing import KmsSigner
    from paddock.plan.plan import Plan

GB = 10**9
TELL_SECONDS = 5.0
REVISION = "paddock:weights_revision"
PUBLIC_KEY = "paddock:weights_public_key"


def found(plan: Plan, bucket: str, names: Collection[str], usd_per_month: float, file: str, how: str = "") -> Look:
    """Meaning for the step of a folder of the store, by the names of its files; raises `RefusedError` where it is
    revoked. `how` says how weights would come."""
    model = plan.model
    where = f"s3://{bucket}/{folder_of(plan)}"
    if REVOKED_FILE in names:
        raise RefusedError(f"{where} is revoked and is not served; set {REVISION} in {file} to another revision")
    if SIGNATURE_FILE in names:
        return Look(done=True, text=f"the signed revision {model.weights_revision} is in {where}")
    if model.weights_revision is None and any(name.endswith(".safetensors") for name in names):
        return Look(
            done=True, text=f"{where} has weights, which nobody signed; `paddock weights push` makes a revision"
        )
    return to_copy(plan, usd_per_month, how)


def to_copy(plan: Plan, usd_per_month: float, how: str = "") -> Look:
    """A copy that is still to be made."""
    size = f"{plan.model.weights_bytes / GB:.1f} GB"
    text = f"copies {size} from {plan.model.checkpoint} into the store, signs them and sets {REVISION}"
    return Look(done=False, text=f"{text}{how and f'; {how}'}", cost=f"${usd_per_month:,.2f} a month for them in S3")


def folder_of(plan: Plan) -> str:
    """Folder that pods read."""
    return weights_prefix(plan.model.name, plan.model.weights_folder)


@dataclass
class Copy:
    """One push, with what it takes beside the plan."""

    plan: Plan
    model: Model
    """The catalog's, or the one of the stack's own checkpoint."""
    session: boto3.Session
    bucket: str
    signing_key: str | None
    environment: Mapping[str, str]
    clock: Callable[[], float] = monotonic

    @classmethod
    def of(cls, plan: Plan, model: Model, session: boto3.Session, bucket: str, signing_key: str | None) -> Copy:
        return cls(plan, model, session, bucket, signing_key, os.environ)

    def names(self) -> list[str]:
        """Names of the files in the folder that pods read."""
        prefix = f"{folder_of(self.plan)}/"
        with aws_errors(f"listing the weights in {self.bucket}"):
            pages = (
                self.session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            )
            return [str(each["Key"]).removeprefix(prefix) for page in pages for each in page.get("Contents", ())]

    def signer(self) -> KmsSigner:
        """The stack's signing key; raises `RefusedError` where pods would not trust what it signs."""
        from paddock.operations.weights.signing import KmsSigner, fingerprint, load_public_key

        if self.signing_key is None:
            raise RefusedError(
                f"{self.bucket} is not of this stack, so no signing key for it is known; push by "
                f"`paddock weights push`, then set {REVISION} and {PUBLIC_KEY}"
            )
        signer, pinned = KmsSigner.of(self.session.client("kms"), self.signing_key), self.plan.model.weights_public_key
        if pinned and fingerprint(load_public_key(pinned, PUBLIC_KEY)) != fingerprint(signer.public_key):
            raise RefusedError(
                f"{PUBLIC_KEY} is of another key than the stack's own, {self.signing_key}, which would sign the "
                f"weights, so that pods would refuse them; remove the setting, or push by `paddock weights push "
                f"--signing-key` with the key that it is of"
            )
        return signer

    def run(self, tell: Tell) -> str:
        """Push, and give the name of the revision; raises `RefusedError`."""
        from paddock.operations.checkpoint.read import source_of
        from paddock.operations.weights.push import DEFAULT_WORKERS, Acceptance, look, push, refuse_license
        from paddock.operations.weights.target import Target, s3_client

        model, signer = self.plan.model, self.signer()
        accepted = Acceptance(**model.license) if model.license else None
        source = source_of(model.source, lambda: self.session, self.environment, tell)
        tell(f"asking for the files of {model.checkpoint}")
        wanted = look(source, model.name, str(model.quantization), model.weights_revision or "")
        refuse_license(wanted, self.model.license, accepted, self.model.license_url)
        if accepted is None:
            raise RefusedError(f"nobody accepted the license of {model.name}; set paddock:license")
        total = wanted.selection.size_bytes
        tell(f"{len(wanted.selection.files)} files, {total / GB:.2f} GB, as revision {wanted.revision}")
        target = Target(s3_client(self.session, DEFAULT_WORKERS), self.bucket, wanted.prefix)
        push(source, wanted, accepted, target, signer, tell=self._told(total, tell))
        return wanted.revision

    def _told(self, total_bytes: int, tell: Tell) -> Callable[[int, bool], None]:
        meter, last = Meter(total_bytes, self.clock()), self.clock()

        def told(count: int, is_new: bool) -> None:
            nonlocal last
            now = self.clock()
            meter.add(count, is_new=is_new, now=now)
            if now - last >= TELL_SECONDS:
                last = now
                at = meter.at(now)
                left = "" if at.seconds_left is None else f", {duration(at.seconds_left)} left"
                tell(
                    f"{at.done_bytes / GB:.1f} of {total_bytes / GB:.1f} GB, "
                    f"{at.bytes_per_second / 10**6:,.0f} MB/s{left}"
                )

        return told


def signing_key_of(resources: Collection[Mapping[str, Any]]) -> str | None:
    """ARN of the key that signs revisions of the stack's own store."""
    for each in resources:
        if each["type"] == "paddock:index:WeightsBucket":
            arn = (each.get("outputs") or {}).get("signing_key_arn")
            return arn if isinstance(arn, str) else None
    return None
