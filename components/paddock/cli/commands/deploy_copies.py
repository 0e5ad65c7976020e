"""Steps of `paddock deploy` that copy images and weights into the account, by this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy.steps import Look, Tell

if TYPE_CHECKING:
    from paddock.cli.commands.deploy_target import Target
    from paddock.cli.parsing.images import Asked
    from paddock.operations.deploy.weights import Copy
    from paddock.operations.images.inventory import WantedImage
    from paddock.operations.images.resolve import Tree
    from paddock.plan.plan import Plan


@dataclass
class Images:
    """The platform's images in the registry that nodes pull from."""

    target: Target
    how: str = ""
    """Way on which they come, for whoever reads the step's line."""
    name: str = "images"

    @property
    def own_command(self) -> str:
        return f"paddock images sync --stack-file {self.target.file} --create-repositories"

    def look(self) -> Look:
        from paddock.operations.images.reference import ECR_HOST, Reference

        asked = self._asked(lambda _: None)
        named = self._named(asked)
        lacking = [each for each in asked.images if each.setting and each.setting not in named]
        if not lacking:
            missing = []
            for text in named.values():
                image = Reference.parse(text)
                if ECR_HOST.fullmatch(image.registry) and not self._has(image):
                    missing.append(text)
            if not missing:
                hosts = sorted({Reference.parse(text).registry for text in named.values()})
                return Look(done=True, text=f"{_counted(len(named), 'image')} by digest in {', '.join(hosts)}")
            text = f"copies {', '.join(missing)}, which the registry lacks"
        else:
            text = f"copies {', '.join(each.name for each in lacking)} into ECR and names them in {self.target.file}"
        text += self.how and f"; {self.how}"
        return Look(done=False, text=text, cost="ECR bills what is stored there; the transfer in is free")

    def do(self, tell: Tell) -> str:
        from paddock.cli.screens.images import ProgressScreen
        from paddock.operations.images.plan import plan_copy
        from paddock.operations.images.sync import copy, default_work_folder, look

        asked, trees = self.wanted(tell)
        endpoint = asked.target_endpoint()
        for repository in asked.ready_repositories(create=asked.registry is None or "ecr" in asked.host, kms_key=None):
            tell(f"made the repository {repository}")
        plan = plan_copy(trees, look(trees, endpoint))
        with ProgressScreen(plan.download_bytes) as watcher:
            copy(plan, asked.source_endpoints(), endpoint, default_work_folder(), watcher)
        return self.pin(asked, trees, tell)

    def wanted(self, tell: Tell) -> tuple[Asked, Sequence[Tree]]:
        """Images by the digests that their sources name now."""
        asked = self._asked(tell)
        tell(f"asking {', '.join(asked.source_hosts)} for digests")
        return asked, asked.resolve(signatures=True)

    def are_there(self, asked: Asked, trees: Sequence[Tree]) -> bool:
        """True where the registry has every image, whole and by its digest."""
        from paddock.operations.images.plan import plan_copy
        from paddock.operations.images.sync import look

        return plan_copy(trees, look(trees, asked.target_endpoint())).nothing_to_do

    def pin(self, asked: Asked, trees: Sequence[Tree], tell: Tell) -> str:
        """Name what was copied in the stack file, by digest."""
        from paddock.cli.screens.images import target_of
        from paddock.operations.stack_file import set_key
        from paddock.settings import key_of

        now = self._asked(tell)
        named = self._named(now)
        for tree in trees:
            setting = tree.image.setting
            if setting and setting not in named:
                if tree.image not in now.images:
                    raise RefusedError(
                        f"{self.target.file} was edited meanwhile and wants another {tree.image.name} than "
                        f"{tree.image.source}, which was copied; nothing is set, and run again it copies that one"
                    )
                set_key(self.target.file, key_of(setting), target_of(asked, tree))
                tell(f"{key_of(setting)} is set in {self.target.file}")
        return f"{_counted(len(trees), 'image')} in {asked.host}"

    def _asked(self, tell: Tell) -> Asked:
        from paddock.cli.parsing.images import asked

        return asked(self.target.file, registry=None, sources=[], also=[], plain_http=False, announce=tell)

    def _named(self, asked: Asked) -> dict[str, str]:
        """Images that the stack file names, by their settings."""
        config = self.target.config

        def of(image: WantedImage) -> str:
            return str(config.get(f"paddock:{image.setting}") or "")

        return {each.setting: of(each) for each in asked.images if each.setting and of(each)}

    def _has(self, image: Any) -> bool:
        from paddock.operations.aws_errors import aws_errors

        ecr = self.target.session.client("ecr", region_name=self.target.settings.region)
        with aws_errors(f"looking for the image {image}"):
            try:
                found = ecr.batch_get_image(
                    registryId=image.registry.partition(".")[0],
                    repositoryName=image.repository,
                    imageIds=[{"imageDigest": image.digest}],
                )
            except ecr.exceptions.RepositoryNotFoundException:
                return False
        return bool(found["images"])


@dataclass
class Weights:
    """The checkpoint in the store, signed, and pinned in the stack file."""

    target: Target
    how: str = ""
    """Way on which they come, for whoever reads the step's line."""
    name: str = "weights"

    @property
    def own_command(self) -> str:
        return f"paddock weights push --from {self.target.plan.model.source} --stack-file {self.target.file}"

    def look(self) -> Look:
        from paddock.operations.deploy.weights import found, to_copy

        copy, plan = self._copy(), self.target.plan
        if copy is None:
            return to_copy(plan, self._usd(), self.how)
        return found(plan, copy.bucket, copy.names(), self._usd(), str(self.target.file), self.how)

    def do(self, tell: Tell) -> str:
        copy = self.copy()
        return self.pin(copy.run(tell), copy.plan, tell)

    def copy(self) -> Copy:
        copy = self._copy()
        if copy is None:
            raise RefusedError("there is no store for the weights; run it again")
        return copy

    def arrived(self, copy: Copy) -> str | None:
        """Name of the revision that a build brought, verified; None where none is there yet.

        Raises `RefusedError` for one that is not as it was signed, or signed by another key than the stack's.
        """
        from paddock.operations.deploy.arrived import arrived
        from paddock.operations.weights.store import Store as Revisions

        there = arrived(Revisions.of(copy.session, copy.bucket), copy.plan.model, copy.signer().public_key)
        if there is None:
            return None
        name, verdict = there
        if verdict.problems:
            raise RefusedError(
                f"{verdict.address} is in the store and is not served: {verdict.problems[0].says}; remove it by "
                f"`paddock weights rm {verdict.address} --stack-file {self.target.file}`, then run this again"
            )
        return name

    def pin(self, revision: str, of: Plan, tell: Tell) -> str:
        """Name the revision of a plan's checkpoint in the stack file, where that still is the stack's."""
        from paddock.operations.deploy.weights import REVISION
        from paddock.operations.stack_file import set_key

        copied, now = (
            (each.model.name, each.model.source, str(each.model.quantization)) for each in (of, self.target.plan)
        )
        if copied != now:
            raise RefusedError(
                f"{self.target.file} was edited meanwhile and names {' '.join(now)}; revision {revision} of "
                f"{' '.join(copied)} is in the store and is not set, and run again it copies the other"
            )
        if self.target.settings.model.weights_revision != revision:
            set_key(self.target.file, REVISION, revision)
            tell(f"{REVISION} is set in {self.target.file}")
        return f"revision {revision} is in the store, complete and signed"

    def _usd(self) -> float:
        return self.target.usd_per_month("weights in S3")

    def _copy(self) -> Copy | None:
        from paddock.operations.deploy.weights import Copy, signing_key_of

        plan = self.target.plan
        bucket = plan.model.weights_bucket or self.target.bucket()
        if bucket is None:
            return None
        key = signing_key_of(self.target.resources())
        return Copy.of(plan, self.target.settings.model.entry, self.target.session, bucket, key)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
