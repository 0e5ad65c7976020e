"""Steps of `paddock deploy`, put together of the library's parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy.state import STORE, bucket_of
from paddock.operations.deploy.steps import Look, Tell

if TYPE_CHECKING:
    import boto3

    from paddock.cli.parsing.images import Asked
    from paddock.operations.chat.conversation import Spoken
    from paddock.operations.chat.deployed import Deployed
    from paddock.operations.deploy.engine import StackEngine
    from paddock.operations.deploy.weights import Copy
    from paddock.operations.images.inventory import WantedImage
    from paddock.plan.plan import Plan
    from paddock.settings import Settings

PLATFORM = "llama"
"""Name of the LlamaPlatform in __main__.py."""
PLATFORM_TYPE = "paddock:index:LlamaPlatform"
FIRST_PROMPT = "Say hello in one short sentence."
FIRST_TOKENS = 64


@dataclass
class Target:
    """The stack that is deployed: its file, read anew when a step has written to it."""

    stack: str
    file: Path
    folder: Path
    """Folder of the project."""
    engine: StackEngine

    @property
    def settings(self) -> Settings:
        from paddock.cli.parsing.stack_file import settings_of_file

        return settings_of_file(self.file)

    @property
    def config(self) -> dict[str, object]:
        from paddock.cli.parsing.stack_file import config_of_file

        return config_of_file(self.file)

    @property
    def plan(self) -> Plan:
        from paddock.plan.plan import make_plan

        return make_plan(self.settings)

    @cached_property
    def session(self) -> boto3.Session:
        """Session as the identity by which the stack's provider signs."""
        from paddock.operations.aws_session import session_of_config

        return session_of_config(self.config)

    def resources(self) -> list[dict[str, Any]]:
        return list(self.engine.state().get("resources") or ())

    def bucket(self) -> str | None:
        """The stack's own store, once all of it is there."""
        return bucket_of(self.resources(), locked=self.settings.model.weights_lock_days is not None)

    def usd_per_month(self, part: str) -> float:
        """Price of the plan's lines with these words in their names."""
        return sum(line.usd_per_month for line in self.plan.price.lines if part in line.name)


@dataclass
class Preflight:
    """All that would fail, before anything bills."""

    target: Target
    name: str = "preflight"

    @property
    def own_command(self) -> str:
        return f"paddock preflight {self.target.stack}"

    def look(self) -> Look:
        return Look(done=False, text="checks account, place, contents and way; reads only")

    def do(self, tell: Tell) -> str:
        from paddock.cli.parsing.stack import asked_of
        from paddock.operations.preflight.checks import STEPS_TO_COME, preflight

        asked, session = asked_of(self.target.stack, self.target.file)
        report = preflight(asked, session, later=STEPS_TO_COME)
        for row in report.failed:
            tell(f"{row.name}: {row.found}{f'; needed: {row.needed}' if row.needed else ''}")
            if row.mend:
                tell(f"  {row.mend}")
        if report.failed:
            raise RefusedError(f"{report.summary}; nothing was begun, and `{self.own_command}` shows the whole table")
        return report.summary


@dataclass
class Store:
    """Bucket and key, and nothing else of the platform."""

    target: Target
    name: str = "store"

    @property
    def own_command(self) -> str:
        return f"pulumi up --stack {self.target.stack}"

    def look(self) -> Look:
        adopted = self.target.settings.model.weights_bucket
        if adopted:
            return Look(done=True, text=f"the bucket {adopted} is named by paddock:weights_bucket")
        if bucket := self.target.bucket():
            return Look(done=True, text=f"the bucket {bucket} is there")
        keys = self.target.usd_per_month("KMS keys")
        return Look(
            done=False,
            text="makes the encrypted bucket for the weights and its key, and nothing else yet",
            cost=f"up to ${keys:,.2f} a month for keys, and S3 for what is put there",
        )

    def do(self, tell: Tell) -> str:
        plan = self.target.plan
        tell("by a program of its own, for these objects alone")

        def program() -> None:
            import pulumi

            from paddock.weights.planned import weights_store

            # The URNs that the project's own program gives them.
            parent = pulumi.ComponentResource(PLATFORM_TYPE, PLATFORM)
            weights_store(PLATFORM, plan, pulumi.ResourceOptions(parent=parent))

        self.target.engine.up([f"**{PLATFORM_TYPE}::{PLATFORM}", f"**{STORE}**"], program)
        bucket = self.target.bucket()
        if bucket is None:
            raise RefusedError("the store is not whole after its update; run it again")
        return f"the bucket {bucket} is there"


@dataclass
class Images:
    """The platform's images in the registry that nodes pull from."""

    target: Target
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
        return Look(done=False, text=text, cost="ECR bills what is stored there; the transfer in is free")

    def do(self, tell: Tell) -> str:
        from paddock.cli.screens.images import ProgressScreen, target_of
        from paddock.operations.deploy.stack_file import set_key
        from paddock.operations.images.plan import plan_copy
        from paddock.operations.images.sync import copy, default_work_folder, look
        from paddock.settings import key_of

        asked = self._asked(tell)
        tell(f"asking {', '.join(asked.source_hosts)} for digests")
        trees = asked.resolve(signatures=True)
        endpoint = asked.target_endpoint()
        for repository in asked.ready_repositories(create=asked.registry is None or "ecr" in asked.host, kms_key=None):
            tell(f"made the repository {repository}")
        plan = plan_copy(trees, look(trees, endpoint))
        with ProgressScreen(plan.download_bytes) as watcher:
            copy(plan, asked.source_endpoints(), endpoint, default_work_folder(), watcher)
        named = self._named(asked)
        for tree in trees:
            setting = tree.image.setting
            if setting and setting not in named:
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
    name: str = "weights"

    @property
    def own_command(self) -> str:
        return f"paddock weights push --from {self.target.plan.model.source} --stack-file {self.target.file}"

    def look(self) -> Look:
        from paddock.operations.deploy.weights import found

        copy, plan = self._copy(), self.target.plan
        if copy is None:
            text = f"copies {plan.model.weights_bytes / 10**9:.1f} GB from {plan.model.checkpoint} and signs them"
            return Look(done=False, text=text, cost=f"${self._usd():,.2f} a month for them in S3")
        return found(plan, copy.bucket, copy.names(), self._usd(), str(self.target.file))

    def do(self, tell: Tell) -> str:
        from paddock.operations.deploy.stack_file import set_key
        from paddock.operations.deploy.weights import REVISION

        copy = self._copy()
        if copy is None:
            raise RefusedError("there is no store for the weights; run it again")
        revision = copy.run(tell)
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


@dataclass
class Up:
    """All of the platform, by the project's own program."""

    target: Target
    name: str = "up"

    @property
    def own_command(self) -> str:
        return f"pulumi up --stack {self.target.stack}"

    def look(self) -> Look:
        plan = self.target.plan
        if self.target.engine.stands(plan.digest, self.target.file):
            return Look(done=True, text="it stands as planned; `pulumi up` finds changes of the program itself")
        placement = plan.model.placement
        minutes = (plan.model.pull_seconds + plan.model.probes.startup_seconds) // 60
        return Look(
            done=False,
            text=f"network, cluster, {placement.nodes} x {placement.instance_type}, {plan.model.display_name}; EKS "
            f"takes about ten minutes, the model up to {minutes} more",
            cost=f"${plan.price.usd_per_hour:,.2f} an hour from here on",
        )

    def do(self, tell: Tell) -> str:
        from paddock.operations.chat.way import opened_tunnel

        settings = self.target.settings
        port = settings.tunnel_port if settings.has_bastion else None
        with opened_tunnel(self.target.stack, settings.region, port, lambda text: tell(f"tunnel: {text}"), wait=True):
            self.target.engine.up()
        return "it stands"


@dataclass
class FirstRequest:
    """One real completion through the way that clients of this machine take."""

    target: Target
    name: str = "request"
    spoken: Spoken | None = field(default=None)
    deployed: Deployed | None = field(default=None)

    @property
    def own_command(self) -> str:
        return f"paddock chat {self.target.stack} --prompt TEXT"

    def look(self) -> Look:
        return Look(done=False, text=f"asks the model: “{FIRST_PROMPT}”")

    def do(self, tell: Tell) -> str:
        from paddock.operations.chat.conversation import Conversation
        from paddock.operations.chat.deployed import api_key_of, deployed_of
        from paddock.operations.chat.way import reached

        target = self.target
        config = target.config
        self.deployed = deployed_of(target.stack, target.engine.outputs(), target.settings, config)
        key = api_key_of(target.stack, target.folder, config)
        with reached(self.deployed, lambda text: tell(f"tunnel: {text}")) as url:
            talk = Conversation(url, self.deployed.model, key, FIRST_TOKENS)
            self.spoken = talk.ask(FIRST_PROMPT, lambda _: None)
        if self.spoken.stopped:
            raise KeyboardInterrupt
        if not self.spoken.text:
            raise RefusedError("the model answered with nothing; `paddock chat` asks again")
        return f"“{' '.join(self.spoken.text.split())}”"


def require_license(target: Target) -> None:
    """Raises `RefusedError` where nobody accepted the model's license: nothing is fetched or served before."""
    model = target.settings.model.entry
    if not target.plan.model.license:
        raise RefusedError(
            f"nobody accepted the license of {model.name}, {model.license} ({model.license_url}); read it, then set "
            f"paddock:license in {target.file}: license: {model.license}, by: <name>, on: <day>"
        )


def steps_of(target: Target) -> list[Any]:
    """All steps, in order."""
    return [Preflight(target), Store(target), Images(target), Weights(target), Up(target), FirstRequest(target)]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


Agree = Callable[[], bool]
