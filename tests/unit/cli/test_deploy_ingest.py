"""`paddock deploy` by a build of AWS: one is started, or the one that runs is followed; what came is verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
import yaml

from paddock.catalog.lookup import RefusedError
from paddock.cli.commands.deploy_copies import Images, Weights
from paddock.cli.commands.deploy_ingest import Ingest
from paddock.cli.commands.deploy_steps import steps_of
from paddock.cli.commands.deploy_store import Store
from paddock.cli.commands.deploy_target import Target
from paddock.operations.deploy.state import BUILD, STORE, STORE_PARTS
from paddock.operations.deploy.steps import Look, Tell
from paddock.operations.ingest import run as ingest_run
from paddock.operations.ingest.builds import variables_of
from paddock.operations.weights.push import Acceptance, look, push
from paddock.operations.weights.signing import KmsSigner, to_pem
from paddock.operations.weights.sources.folder import FolderSource
from paddock.operations.weights.sources.source import Listing
from paddock.operations.weights.target import Target as Folder
from paddock.operations.weights.target import s3_client
from tests.emulated import account
from tests.unit.cli.own import LICENSE, SOURCE, own_stack
from tests.unit.operations.ingest.fake import Fake, state
from tests.unit.operations.weights.keys import KEY
from tests.unit.sizing.checkpoints import plain_tensors, write_checkpoint

PACKAGE = f"paddock[images] @ https://example.com/paddock-0.1.0-py3-none-any.whl#sha256={64 * '0'}"
WENT = [state("IN_PROGRESS", "BUILD"), state("SUCCEEDED", "BUILD")]
ADDRESS, _, COMMIT = SOURCE.partition("@")


class Hub(FolderSource):
    """A folder that says it is the stack's repository."""

    commit = COMMIT

    def listing(self) -> Listing:
        return replace(super().listing(), address=ADDRESS, commit=self.commit)


@dataclass
class FakeImages:
    """Images that are there once a build has copied them."""

    there: bool = False
    pinned: bool = False

    def look(self) -> Look:
        return Look(done=self.pinned, text="images by digest" if self.pinned else "copies vllm into ECR")

    def wanted(self, _: Tell) -> tuple[str, tuple[str, ...]]:
        return "asked", ("vllm",)

    def are_there(self, *_: object) -> bool:
        return self.there

    def pin(self, *_: object) -> str:
        self.pinned = True
        return "1 image in ECR"


@dataclass
class Engine:
    """An engine whose stack has these resources, and the updates that it was asked for."""

    resources: list[dict[str, Any]]
    updates: list[list[str]] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        return {"resources": self.resources}

    def up(self, targets: list[str], _: Callable[[], None]) -> None:
        self.updates.append(targets)


@dataclass
class Account:
    """Session of an emulated account whose CodeBuild is `builds`; a build that is started does `copy`."""

    real: boto3.Session
    builds: Fake
    copy: Callable[[dict[str, str]], object] = lambda _: None

    def client(self, service: str, **more: Any) -> Any:
        if service not in ("codebuild", "logs"):
            return self.real.client(service, **more)
        client = self.builds.client(service)
        begin = client.do_start_build

        def started(**asked: Any) -> Any:
            self.copy({each["name"]: each["value"] for each in asked["environmentVariablesOverride"]})
            return begin(**asked)

        client.do_start_build = started
        return client


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with account() as url:
        yield url


@dataclass
class Deployment:
    """A stack with a store and a build's project, just before the step."""

    file: Path
    account: Account
    engine: Engine
    bucket: str
    signing_key: str
    checkpoint: Path
    images: FakeImages = field(default_factory=FakeImages)
    said: list[str] = field(default_factory=list)

    @property
    def step(self) -> Ingest:
        target = Target("dev", self.file, self.file.parent, cast("Any", self.engine))
        target.__dict__["session"] = self.account
        store = Store(target, with_build=True)
        return Ingest(target, store, cast("Images", self.images), Weights(target), "by a build of AWS, as set")

    def run(self) -> str:
        return self.step.do(self.said.append)

    def push(self, signer: Any = None, source: FolderSource | None = None) -> str:
        """Put the checkpoint into the store as `paddock weights push` does; the revision's name."""
        kms = self.account.real.client("kms")
        source, signer = source or Hub(self.checkpoint), signer or KmsSigner.of(kms, self.signing_key)
        wanted = look(source, "mine", "bf16")
        target = Folder(s3_client(self.account.real, 2), self.bucket, wanted.prefix)
        push(source, wanted, Acceptance(**LICENSE), target, signer, folder=self.file.parent / "journal")
        return wanted.revision

    def copy(self, variables: dict[str, str]) -> None:
        """Copies that a build makes."""
        self.images.there |= variables["PADDOCK_IMAGES"] == "yes"
        if variables["PADDOCK_WEIGHTS"] == "yes":
            self.push()

    @property
    def revision(self) -> str | None:
        return cast("str | None", yaml.safe_load(self.file.read_text())["config"].get("paddock:weights_revision"))


@pytest.fixture
def deployment(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deployment:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(ingest_run, "POLL_SECONDS", 0.0)
    real = boto3.Session(region_name="us-east-1")
    bucket = f"store-{tmp_path.name.replace('_', '-')}"[:60].rstrip("-")
    real.client("s3").create_bucket(Bucket=bucket)
    real.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    key = real.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    checkpoint = write_checkpoint(tmp_path / "checkpoint", plain_tensors())
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (checkpoint / name).write_text("{}")
    made = [
        {"urn": f"urn:pulumi:dev::paddock::x${STORE}${type_}::llama-signing-key", "type": type_, "id": bucket}
        for type_ in sorted(STORE_PARTS)
    ]
    store = {"urn": f"urn:pulumi:dev::paddock::x${STORE}::llama", "type": STORE, "outputs": {"signing_key_arn": key}}
    build, name = "aws:codebuild/project:Project", "llama-dev-ingest"
    project = {
        "urn": f"urn:x${BUILD}${build}::llama",
        "type": build,
        "id": "arn",
        "inputs": {"name": "llama-dev-ingest"},
    }
    stack = own_stack(tmp_path, license=LICENSE, ingest_package=PACKAGE)
    found = Deployment(stack, Account(real, Fake([*WENT])), Engine([*made, store, project]), bucket, key, checkpoint)
    found.account.copy = found.copy
    return found


def names(steps: list[Any]) -> list[str]:
    return [each.name for each in steps]


def test_the_build_copies_where_the_stack_has_one_and_this_machine_where_it_does_not(tmp_path: Path) -> None:
    def steps(*, from_laptop: bool = False, **values: Any) -> list[Any]:
        file = own_stack(tmp_path, license=LICENSE, **values)
        return steps_of(Target("own", file, tmp_path, cast("Any", Engine([]))), from_laptop=from_laptop)

    by_aws = steps(ingest_package=PACKAGE)
    assert names(by_aws) == ["preflight", "store", "ingest", "up", "request"]
    assert by_aws[1].with_build
    for here in (steps(), steps(ingest_package=PACKAGE, from_laptop=True)):
        assert names(here) == ["preflight", "store", "images", "weights", "up", "request"]
        assert not here[1].with_build
    assert "this machine, as paddock:ingest_package is not set, 2 min to 21 min at 1 Gbit/s" in steps()[3].look().text
    assert "as --from-laptop says" in steps(ingest_package=PACKAGE, from_laptop=True)[3].look().text


def test_a_folder_of_this_machine_is_copied_by_it(deployment: Deployment, tmp_path: Path) -> None:
    config = yaml.safe_load(deployment.file.read_text())
    config["config"]["paddock:checkpoint"]["source"] = f"file://{deployment.checkpoint}"
    deployment.file.write_text(yaml.safe_dump(config))
    steps = steps_of(Target("own", deployment.file, tmp_path, cast("Any", deployment.engine)))
    assert names(steps)[2:4] == ["images", "weights"]
    assert "is a folder of it" in steps[3].look().text


def test_the_steps_line_says_the_way_the_bytes_the_time_of_this_wire_and_the_cost(deployment: Deployment) -> None:
    shown = deployment.step.look()
    assert not shown.done
    for part in ("by a build of AWS, as set: copies vllm", "16.1 GB from hf://org/mine", "2 min to 21 min at 1 Gbit/s"):
        assert part in shown.text
    assert shown.cost == "$0.35 a month for them in S3; CodeBuild bills the build by the minute"


def test_one_build_copies_images_and_weights_which_are_verified_and_pinned(deployment: Deployment) -> None:
    deployment.account.builds.lines = ["one line of the log"]
    said = deployment.run()
    (build,) = deployment.account.builds.builds
    given = {each["name"]: each["value"] for each in build["environment"]["environmentVariables"]}
    assert (given["PADDOCK_IMAGES"], given["PADDOCK_WEIGHTS"]) == ("yes", "yes")
    assert deployment.revision == f"bf16-{COMMIT[:12]}"
    assert said == f"1 image in ECR; revision {deployment.revision} is in the store, complete and signed"
    assert deployment.said[1:5] == [
        "started build llama:0",
        "one line of the log",
        "-- BUILD …",
        "-- BUILD succeeded",
    ]
    assert deployment.engine.updates == [["**paddock:index:LlamaPlatform::llama", f"**{STORE}**", f"**{BUILD}**"]]
    again = deployment.step.look()
    assert (again.done, again.text.split(";")[0]) == (True, "images by digest")


def test_a_build_that_runs_is_followed_and_no_second_is_started(deployment: Deployment) -> None:
    """Case after Ctrl-C, a kill or a lost connection; the stack file may have changed since."""
    other = variables_of({"paddock:license": LICENSE}, source=None, revision=None, images=False, weights=True)
    deployment.account.client("codebuild").start_build(
        projectName="llama-dev-ingest",
        environmentVariablesOverride=[{"name": key, "value": value} for key, value in other.items()],
    )
    deployment.images.pinned = True
    deployment.account.builds.states = [state("IN_PROGRESS", "BUILD"), *WENT]
    deployment.run()
    assert len(deployment.account.builds.builds) == 1
    assert "joined build llama:0" in deployment.said
    assert deployment.revision == f"bf16-{COMMIT[:12]}"


def test_what_the_running_build_left_out_is_copied_by_one_more(deployment: Deployment) -> None:
    only = variables_of({"paddock:license": LICENSE}, source=None, revision=None, images=True, weights=False)
    deployment.account.client("codebuild").start_build(
        projectName="llama-dev-ingest",
        environmentVariablesOverride=[{"name": key, "value": value} for key, value in only.items()],
    )
    deployment.account.builds.states = [*WENT, state("SUCCEEDED", "BUILD")]
    deployment.run()
    _, second = deployment.account.builds.builds
    given = {each["name"]: each["value"] for each in second["environment"]["environmentVariables"]}
    assert (given["PADDOCK_IMAGES"], given["PADDOCK_WEIGHTS"]) == ("no", "yes")
    assert deployment.revision


def test_cut_off_after_the_builds_end_it_pins_and_starts_none(deployment: Deployment) -> None:
    revision, deployment.images.there = deployment.push(), True
    deployment.run()
    assert (deployment.account.builds.builds, deployment.revision) == ([], revision)
    assert deployment.images.pinned


def test_a_build_that_fails_ends_it_in_the_builds_words_and_is_started_anew_by_the_next_run(
    deployment: Deployment,
) -> None:
    failed = state("FAILED", "BUILD")
    failed["phases"][-1]["contexts"] = [{"message": "Error while executing command: paddock weights push"}]
    deployment.account.builds.states, deployment.account.copy = [failed], lambda _: None
    with pytest.raises(RefusedError, match="failed in phase BUILD: Error while executing command: paddock weights"):
        deployment.run()
    assert deployment.revision is None
    assert not deployment.images.pinned
    deployment.account.builds.states, deployment.account.copy = [failed, state("SUCCEEDED", "BUILD")], deployment.copy
    deployment.run()
    assert len(deployment.account.builds.builds) == 2


def test_a_build_that_succeeded_without_bringing_what_it_was_to_is_not_believed(deployment: Deployment) -> None:
    deployment.account.copy = lambda _: None
    with pytest.raises(RefusedError, match="the images and the weights are not there"):
        deployment.run()
    assert deployment.revision is None


def test_weights_that_another_key_signed_are_not_pinned(deployment: Deployment) -> None:
    deployment.account.copy = lambda _: deployment.push(KEY)
    deployment.images.pinned = True
    with pytest.raises(RefusedError, match=r"mine/bf16-a+ is in the store and is not served: .*key"):
        deployment.run()
    assert deployment.revision is None


def test_another_checkpoint_in_the_store_is_not_taken_for_the_stacks(deployment: Deployment) -> None:
    hub = Hub(deployment.checkpoint)
    hub.commit = 40 * "b"
    other = deployment.push(source=hub)
    deployment.images.pinned = True
    deployment.run()
    assert len(deployment.account.builds.builds) == 1
    assert deployment.revision == f"bf16-{COMMIT[:12]}" != other


def test_a_stack_file_that_names_another_checkpoint_by_now_is_left_alone(deployment: Deployment) -> None:
    def copied_while_somebody_edits(variables: dict[str, str]) -> None:
        deployment.copy(variables)
        deployment.file.write_text(deployment.file.read_text().replace(COMMIT, 40 * "c"))

    deployment.account.copy = copied_while_somebody_edits
    deployment.images.pinned = True
    with pytest.raises(RefusedError, match=r"was edited meanwhile and names mine hf://org/mine@c{40} bf16; revision"):
        deployment.run()
    assert deployment.revision is None


def test_a_public_key_that_is_not_the_stacks_is_refused_before_a_build(deployment: Deployment) -> None:
    config = yaml.safe_load(deployment.file.read_text())
    config["config"] |= {"paddock:weights_revision": "bf16-1", "paddock:weights_public_key": to_pem(KEY.public_key)}
    deployment.file.write_text(yaml.safe_dump(config))
    with pytest.raises(RefusedError, match="paddock:weights_public_key is of another key than the stack's own"):
        deployment.run()
    assert deployment.account.builds.builds == []


def test_ctrl_c_leaves_the_build_running_and_says_so(deployment: Deployment) -> None:
    deployment.account.builds.states = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        deployment.run()
    assert deployment.said[-1] == "a build that was started goes on in AWS; `paddock ingest follow dev` shows it"


def test_the_store_is_whole_with_the_builds_project_alone_where_it_is_to_have_one(deployment: Deployment) -> None:
    step = deployment.step.store
    assert step.look().done
    *deployment.engine.resources, _ = deployment.engine.resources
    assert not deployment.step.store.look().done
    assert Store(step.target).look().done
    with pytest.raises(RefusedError, match="not whole"):
        deployment.step.store.do(lambda _: None)
