"""`paddock deploy` from preflight to the first answer, with a recorded engine: what steps say, do and refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from paddock.catalog.lookup import RefusedError
from paddock.cli.commands.deploy_copies import Images
from paddock.cli.commands.deploy_target import Target
from paddock.cli.parsing.images import asked
from paddock.cli.screens.deploy import last_lines
from paddock.operations.chat.conversation import Spoken
from paddock.operations.deploy.state import STORE, STORE_PARTS
from paddock.operations.images.manifest import OCI_MANIFEST
from paddock.operations.preflight.row import Report, Row, State
from paddock.weights.revision import SIGNATURE_FILE
from tests.hub import Hub, Repository
from tests.local.pushed import checkpoint
from tests.local.registries import MadeUp
from tests.unit.cli.account import ACCOUNT, REGION, client, empty_account, versioned_bucket
from tests.unit.cli.own import LICENSE, own_stack
from tests.unit.cli.registry import running_registry
from tests.unit.cli.running import Paddock, Ran
from tests.unit.operations.chat.test_conversation import piece, serving, stream
from tests.unit.operations.chat.test_way_opened import TUNNELLED

COMMIT = 40 * "a"
REVISION = f"bf16-{COMMIT[:12]}"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
FINE = Report((Row(name="identity", state=State.PASS, found="you"),))
Deploy = Callable[..., Ran]


class Engine:
    """Stands for Pulumi: `up` of the store's targets makes the store, any other all that is left."""

    project = "paddock"

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.done = endpoint, list[str]()
        self.resources: list[dict[str, Any]] = []
        self.fails = ""
        self.makes = True

    def recover(self, _: object) -> None:
        self.done.append("recover")

    def state(self) -> dict[str, Any]:
        return {"resources": self.resources}

    def stands(self, _digest: str, _file: Path) -> bool:
        return "all" in self.done

    def outputs(self) -> dict[str, Any]:
        text = {"endpoint": self.endpoint, "namespace": "llama", "cluster_name": "llama-own", "notice": "Built with us"}
        return {**text, "model": "Mine", "usd_per_hour": 1.5}

    def up(self, targets: Any = (), program: Any = None) -> None:
        if self.fails:
            raise RefusedError(self.fails)
        if not targets:
            self.done.append("all")
            return
        assert program is not None
        self.done.append("store")
        if self.makes:
            key = client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]
            inside = f"urn:pulumi:own::paddock::x${STORE}$"
            self.resources = [
                {"urn": f"{inside}{type_}::llama-signing-key", "type": type_, "id": versioned_bucket("llama-store-1")}
                for type_ in sorted(STORE_PARTS)
            ]
            self.resources.append({"urn": "u", "type": STORE, "outputs": {"signing_key_arn": key}})


@pytest.fixture
def engine() -> Iterator[Engine]:
    with serving(stream(piece("Hello\n there\x1b[2J"), {"choices": [], "usage": {"completion_tokens": 3}})) as (url, _):
        yield Engine(url)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub({"org/mine": Repository(checkpoint(9000), commit=COMMIT)}) as running:
        yield running


@pytest.fixture(autouse=True)
def file(tmp_path: Path) -> Path:
    """Stack file of `own`, whose image is in ECR already."""
    image = f"{ECR}/paddock/vllm@sha256:{64 * '0'}"
    named = {"vllm_image": image, "bastion": False, "peer_cidrs": ["10.9.0.0/16"]}
    return own_stack(tmp_path, license=LICENSE, **named)


@pytest.fixture
def deploy(
    engine: Engine, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paddock: Paddock
) -> Iterator[Deploy]:
    """`deploy()` runs the command for the stack `own` in an account that is empty but for its images."""
    for name, value in hub.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("paddock.operations.deploy.engine.StackEngine", lambda *_: engine)
    monkeypatch.setattr("paddock.operations.preflight.checks.preflight", lambda *_, **__: FINE)

    def ran(*words: str, stdin: str = "", typed: bool = False) -> Ran:
        return paddock("deploy", "own", "--folder", str(tmp_path), *words, stdin=stdin, typed=typed)

    with empty_account():
        client("ecr").create_repository(repositoryName="paddock/vllm")
        client("ecr").put_image(
            repositoryName="paddock/vllm",
            imageManifest='{"layers": []}',
            imageManifestMediaType=OCI_MANIFEST,
            imageTag="here",
            imageDigest=f"sha256:{64 * '0'}",
        )
        yield ran


def steps(ran: Ran) -> list[str]:
    """First words of the lines that begin or skip a step."""
    return [line.split(" (")[0] for line in ran.out.splitlines() if line.startswith("[")]


def stored() -> set[str]:
    listed = client("s3").list_objects_v2(Bucket="llama-store-1").get("Contents", ())
    return {each["Key"].rpartition("/")[2] for each in listed}


def test_from_an_empty_account_to_an_answer_and_then_nothing_is_done_twice(
    deploy: Deploy, engine: Engine, file: Path
) -> None:
    ran = deploy("--yes")
    assert ran.status == 0, ran.err
    begun = steps(ran)
    assert [each.split(" ")[:2] for each in begun] == [
        ["[1/6]", "preflight:"],
        ["[2/6]", "store:"],
        ["[3/6]", "images:"],
        ["[4/6]", "weights:"],
        ["[5/6]", "up:"],
        ["[6/6]", "request:"],
    ]
    assert begun[2].startswith("[3/6] images: done already, ")
    assert "in llama-store-1" not in begun[1]
    assert engine.done == ["recover", "store", "all"]
    assert SIGNATURE_FILE in stored()
    assert yaml.safe_load(file.read_text())["config"]["paddock:weights_revision"] == REVISION
    for said in (
        "      store: the bucket llama-store-1 is there",
        f"        paddock:weights_revision is set in {file}",
        f"      weights: revision {REVISION} is in the store, complete and signed",
        "      request: “Hello there?[2J”",
        "It costs $1.50 an hour on AWS until it is removed.",
        f"Endpoint: {engine.endpoint}",
        "To be shown to users: Built with us",
        "Talk to it: paddock chat own",
        "Remove it:  pulumi destroy --stack own",
        f"      then  paddock leftovers --stack-file {file}",
    ):
        assert said in ran.out
    assert "Mine answers: 3 tokens, the first after" in ran.out

    again = deploy("--yes")
    assert again.status == 0, again.err
    skipped = [each for each in steps(again) if "done already" in each]
    assert [each.split(" ")[1] for each in skipped] == ["store:", "images:", "weights:", "up:"]
    assert engine.done == ["recover", "store", "all", "recover"]


def test_a_stack_behind_a_tunnel_is_removed_through_it() -> None:
    lines = last_lines(TUNNELLED, Spoken(text="a", tokens=2, ttft_ms=5.0, seconds=1.0), Path("stacks/Pulumi.dev.yaml"))
    removal = "paddock tunnel --stack-file stacks/Pulumi.dev.yaml -- pulumi destroy --stack dev"
    assert f"Remove it:  {removal}" in lines


def test_it_asks_once_before_it_bills_and_begins_nothing_without_a_yes(deploy: Deploy, engine: Engine) -> None:
    declined = deploy(stdin="n\n", typed=True)
    assert declined.status == 2
    assert "an hour, $" in declined.out
    assert "nothing was begun that bills; run it again when you want it, --yes does not ask" in declined.err
    assert engine.done == ["recover"]
    agreed = deploy(stdin="y\n", typed=True)
    assert (agreed.status, agreed.out.count("Go on?")) == (0, 1)


def test_a_preflight_that_fails_begins_nothing_and_says_what_mends_it(
    deploy: Deploy, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Row(name="vCPUs", state=State.FAIL, found="0 of 4", needed="4", mend="aws service-quotas ...")
    monkeypatch.setattr("paddock.operations.preflight.checks.preflight", lambda *_, **__: Report((failed,)))
    ran = deploy("--yes")
    assert ran.status == 2
    assert "        vCPUs: 0 of 4; needed: 4\n          aws service-quotas ...\n" in ran.out
    assert "1 of 1 would fail; nothing was begun, and `paddock preflight own` shows the whole table" in ran.err
    assert engine.done == ["recover"]


def test_a_store_that_is_not_whole_ends_it_before_the_weights(deploy: Deploy, engine: Engine) -> None:
    engine.makes = False
    ran = deploy("--yes")
    assert (ran.status, "the store is not whole after its update; run it again" in ran.err) == (2, True)
    assert engine.done == ["recover", "store"]


def test_what_pulumi_refuses_is_one_message_and_ctrl_c_says_how_to_go_on(
    deploy: Deploy, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.fails = "pulumi failed on the stack own: no credentials"
    ran = deploy("--yes")
    assert ran.status == 2
    assert ran.err.splitlines()[-1] == "Error: pulumi failed on the stack own: no credentials"
    assert "Traceback" not in ran.err

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "up", stopped)
    ran = deploy("--yes")
    assert (ran.status, "Stopped; `paddock deploy own` goes on from here." in ran.err) == (130, True)


def test_an_answer_without_a_word_is_refused(deploy: Deploy, engine: Engine) -> None:
    with serving(stream({"choices": [], "usage": {"completion_tokens": 0}})) as (url, _):
        engine.endpoint = url
        ran = deploy("--yes")
    assert (ran.status, "the model answered with nothing; `paddock chat` asks again" in ran.err) == (2, True)
    assert "all" in engine.done


def test_a_bucket_of_the_companys_is_taken_and_its_weights_are_pushed_by_hand(
    deploy: Deploy, engine: Engine, file: Path
) -> None:
    versioned_bucket("company-store")
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
    adopted = {"paddock:weights_bucket": "company-store", "paddock:weights_key_arn": key}
    file.write_text(yaml.safe_dump({"config": yaml.safe_load(file.read_text())["config"] | adopted}))
    ran = deploy("--yes")
    assert "[2/6] store: done already, the bucket company-store is named by paddock:weights_bucket" in ran.out
    assert ran.status == 2
    assert "no signing key for it is known; push by `paddock weights push`" in " ".join(ran.err.split())
    assert engine.done == ["recover"]


def test_images_that_ecr_lacks_are_to_be_copied(deploy: Deploy, engine: Engine, file: Path) -> None:
    step = Images(Target("own", file, file.parent, engine))  # type: ignore[arg-type]  # stands for Pulumi's own
    assert deploy is not None
    assert step.look().done
    listed = client("ecr").list_images(repositoryName="paddock/vllm")["imageIds"]
    client("ecr").batch_delete_image(repositoryName="paddock/vllm", imageIds=listed)
    assert not step.look().done
    client("ecr").delete_repository(repositoryName="paddock/vllm", force=True)
    look = step.look()
    assert not look.done
    assert "which the registry lacks" in look.text
    assert f"{ECR}/paddock/vllm@sha256:000" in look.text
    assert step.own_command == f"paddock images sync --stack-file {file} --create-repositories"


def test_images_that_the_stack_file_does_not_name_are_copied_and_named_in_it(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    file = own_stack(tmp_path, license=LICENSE)
    told = list[str]()
    with running_registry() as source, running_registry() as target:
        made = MadeUp(source.host, "vllm/vllm-openai").image(b"a layer", tag="v1")["digest"]
        here: dict[str, Any] = {
            "registry": target.host,
            "sources": [f"vllm={source.host}/vllm/vllm-openai:v1"],
            "also": [],
        }
        step = Images(Target("own", file, tmp_path, engine))  # type: ignore[arg-type]  # stands for Pulumi's own
        monkeypatch.setattr(step, "_asked", lambda tell: asked(file, plain_http=True, announce=tell, **here))
        assert f"copies vllm into ECR and names them in {file}" in step.look().text
        assert step.do(told.append) == f"1 image in {target.host}"
        assert ("paddock/vllm/vllm-openai", made) in target.manifests
        named = f"{target.host}/paddock/vllm/vllm-openai@{made}"
        assert yaml.safe_load(file.read_text())["config"]["paddock:vllm_image"] == named
        assert f"paddock:vllm_image is set in {file}" in told
        assert step.look().text == f"1 image by digest in {target.host}"


def test_an_image_that_the_stack_file_does_not_want_by_now_is_not_named_in_it(engine: Engine, tmp_path: Path) -> None:
    file = own_stack(tmp_path, license=LICENSE, vllm_version="0.32.0")
    step = Images(Target("own", file, tmp_path, engine))  # type: ignore[arg-type]  # stands for Pulumi's own
    before = step._asked(print)
    file.write_text(file.read_text().replace("0.32.0", "0.33.0"))
    copied: Any = [SimpleNamespace(image=each) for each in before.images]
    with pytest.raises(
        RefusedError, match=r"edited meanwhile and wants another vllm than .*v0\.32\.0, which was copied"
    ):
        step.pin(before, copied, print)
    assert "vllm_image" not in file.read_text()
