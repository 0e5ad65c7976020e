"""Reading of what is served: images, the store's folder and its signature, the certificate."""

from __future__ import annotations

import re
from collections.abc import Mapping

from paddock.catalog.lookup import RefusedError
from paddock.common.labels import STACK_TAG
from paddock.operations.leftovers.found import Owner
from paddock.operations.preflight.facts import Certificate, Folder, Signature
from paddock.operations.preflight.reader import Reader
from paddock.operations.preflight.reading import client_config
from paddock.operations.preflight.row import Unseen
from paddock.operations.weights.find import find
from paddock.operations.weights.signing import kms_public_key, load_public_key
from paddock.operations.weights.store import Address, Store
from paddock.operations.weights.verify import judge
from paddock.privacy.predicates.images import ecr_home
from paddock.weights.bucket import weights_prefix
from paddock.weights.revision import SIGNATURE_FILE

DIGEST = re.compile(r"(?P<host>[^/]+)/(?P<repository>[^@:]+)(?::[^@]+)?@(?P<digest>sha256:[0-9a-f]{64})")
UNREAD = "unread"
"""The kind of problem that `paddock weights verify` has with files that it may not read."""


class Contents(Reader):
    def images(self) -> Mapping[str, bool | Unseen]:
        plan = self._asked.plan
        named = [image for image in (plan.model.engine.image, plan.cluster.device_plugin_image) if image]
        return {image: self.see(lambda i=image: self._has_image(i)) for image in named}  # type: ignore[misc]

    def _has_image(self, image: str) -> bool | Unseen:
        owner, region = ecr_home(image)[:2]
        parts = DIGEST.fullmatch(image)
        if parts is None or not owner:
            return Unseen(f"{image.partition('/')[0][:60]} is no ECR registry; `paddock images verify` asks others")
        ecr = self._session.client("ecr", region_name=region or self._asked.region, config=client_config())
        try:
            ecr.describe_images(
                registryId=owner,
                repositoryName=parts["repository"],
                imageIds=[{"imageDigest": parts["digest"]}],
            )
        except (ecr.exceptions.RepositoryNotFoundException, ecr.exceptions.ImageNotFoundException):
            return False
        return True

    def folder(self) -> Folder:
        model = self._asked.plan.model
        prefix = weights_prefix(model.name, model.weights_revision or str(model.quantization))
        bucket = model.weights_bucket or self._store()
        if bucket is None:
            return Folder(bucket=None, prefix=prefix)
        found = self._pages_of_folder(bucket, f"{prefix}/")
        return Folder(bucket=bucket, prefix=prefix, files=found)

    def _pages_of_folder(self, bucket: str, folder: str) -> dict[str, int]:
        pages = self._of("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
        return {
            str(each["Key"]).removeprefix(folder): int(each["Size"])
            for page in pages
            for each in page.get("Contents", ())
        }

    def _store(self) -> str | None:
        """Bucket of the stack, by its tags."""
        wanted = [
            {"Key": STACK_TAG, "Values": [self._asked.tag]},
            {"Key": "Name", "Values": [f"{self._asked.name}-store"]},
        ]
        found = self._pages(
            "resourcegroupstaggingapi",
            "get_resources",
            "ResourceTagMappingList",
            TagFilters=wanted,
            ResourceTypeFilters=["s3"],
        )
        return str(found[0]["ResourceARN"]).rpartition(":")[2] if found else None

    def signature(self, folder: Folder | Unseen) -> Signature | None:
        """Signature, names, sizes, versions and S3's checksums of the pinned revision, as far as they show here."""
        model = self._asked.plan.model
        if isinstance(folder, Unseen) or folder.bucket is None or model.weights_revision is None:
            return None
        if SIGNATURE_FILE not in folder.files:
            return None
        pem = model.weights_public_key
        if pem is None:
            owner = Owner(
                project=self._asked.project, stack=self._asked.stack, name=self._asked.name, retain_weights=True
            )
            key_arn = find(self._session, owner).signing_key_arn
            if key_arn is None:
                raise RefusedError("the stack's signing key is not there yet; `pulumi up` makes it")
            pem = kms_public_key(self._of("kms"), key_arn)
        seen = Store(self._of("s3"), folder.bucket).look(Address(model.name, model.weights_revision))
        verdict = judge(seen, load_public_key(pem), model.license.get("license"))
        return Signature(
            problems=tuple(each.says for each in verdict.problems if each.kind != UNREAD),
            unread=(*(each.says for each in verdict.problems if each.kind == UNREAD), *verdict.unseen),
            checked=verdict.checked,
        )

    def certificate(self) -> Certificate | None:
        balanced = self._asked.plan.load_balancer
        if balanced is None or balanced.certificate_arn is None:
            return None
        found = self._of("acm").describe_certificate(CertificateArn=balanced.certificate_arn)["Certificate"]
        expires = found.get("NotAfter")
        names = (found.get("DomainName", ""), *found.get("SubjectAlternativeNames", ()))
        return Certificate(
            status=str(found["Status"]),
            names=tuple(sorted({str(name) for name in names if name})),
            expires=expires.date() if expires else None,
        )

    def authority(self) -> str | None:
        balanced = self._asked.plan.load_balancer
        if balanced is None or balanced.certificate_authority_arn is None:
            return None
        answer = self._of("acm-pca").describe_certificate_authority(
            CertificateAuthorityArn=balanced.certificate_authority_arn
        )
        return str(answer["CertificateAuthority"]["Status"])
