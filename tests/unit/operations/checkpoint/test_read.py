"""Own checkpoints are read where they are, by their headers alone, and planned as the catalog's are."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from paddock import catalog
from paddock.catalog.lookup import RefusedError
from paddock.cli.app import run
from paddock.cli.parsing.weights_push import asked
from paddock.operations.checkpoint.read import read_own
from paddock.operations.checkpoint.stack_file import with_checkpoint
from paddock.operations.weights.sources.folder import FolderSource
from paddock.operations.weights.sources.source import Listing, Reader, SourceFile
from paddock.plan.plan import Plan, make_plan
from paddock.settings import SettingsError, parse_settings
from paddock.settings.own_checkpoint import as_settings, model_of, own_checkpoint, scheme_of
from paddock.sizing.checkpoints.checkpoint import read_checkpoint
from tests.unit.sizing.checkpoints import fp8_tensors, gptq_tensors, plain_tensors, write_checkpoint
from tests.unit.sizing.test_checkpoint import FP8, GPTQ

COMMIT = "a" * 40
STACK = """\
# A remark.
config:
  aws:region: us-east-1
  # The model.
  paddock:model: llama-3.2-3b
  paddock:checkpoint:
    source: hf://old/one
    layers: 2
  paddock:concurrent_requests: 4
"""


class Counted:
    """A source that says how many bytes of weights were asked for, and that a hub would name a license."""

    def __init__(self, folder: Path) -> None:
        self.source, self.bytes_read = FolderSource(folder), 0

    def listing(self) -> Listing:
        found = self.source.listing()
        return Listing(address="hf://org/mine", commit=COMMIT, files=found.files, license="llama3.1")

    def open(self, file: SourceFile, offset: int) -> Reader:
        reader, counted = self.source.open(file, offset), self

        class Inner:
            def readinto(self, buffer: memoryview) -> int:
                count = reader.readinto(buffer)
                counted.bytes_read += count
                return count

            def close(self) -> None:
                reader.close()

        return Inner()


def planned(**changes: Any) -> Plan:
    values = {"model": "llama-3.1-8b", "concurrent_requests": 2, **changes}
    return make_plan(parse_settings(values, region="us-east-1", to_deploy=False, today=datetime.now(UTC).date()))


@pytest.mark.parametrize(
    ("tensors", "config", "quantization"),
    [(plain_tensors(), {}, "bf16"), (fp8_tensors(plain_layers=(1,)), FP8, "fp8"), (gptq_tensors(), GPTQ, "gptq")],
)
def test_a_checkpoint_far_away_has_the_figures_that_its_folder_has(
    tmp_path: Path, tensors: Any, config: Any, quantization: str
) -> None:
    folder = write_checkpoint(tmp_path / "there", tensors, shards=2, **config)
    source = Counted(folder)
    own = read_own(source)
    here = read_checkpoint(folder)
    assert (own.source, own.license, own.quantization) == (f"hf://org/mine@{COMMIT}", "llama3.1", quantization)
    model, scheme = model_of(own, "llama-mine"), scheme_of(own)
    for name in ("layers", "hidden", "intermediate", "vocab", "parameters", "rope_cache_tokens", "tied_embeddings"):
        assert getattr(model, name) == getattr(here.model, name)
    assert scheme.unquantized == here.scheme.unquantized
    assert scheme.group_size == here.scheme.group_size
    whole = sum(path.stat().st_size for path in folder.iterdir())
    assert source.bytes_read < whole / 20


def test_it_goes_through_yaml_and_back(tmp_path: Path) -> None:
    own = read_own(Counted(write_checkpoint(tmp_path / "a", fp8_tensors(plain_layers=(1,)), **FP8)))
    text = with_checkpoint(STACK, own, "llama-mine", "Pulumi.dev.yaml")
    config = yaml.safe_load(text)["config"]
    assert config["paddock:model"] == "llama-mine"
    assert config["paddock:checkpoint"] == as_settings(own)
    assert list(config) == ["aws:region", "paddock:model", "paddock:checkpoint", "paddock:concurrent_requests"]
    assert text.startswith("# A remark.\n")
    assert "  # The model.\n" in text
    settings = parse_settings(
        {"model": "llama-mine", "max_model_len": 4096, "checkpoint": config["paddock:checkpoint"]},
        region="us-east-1",
        to_deploy=False,
    )
    assert settings.model.checkpoint == own
    assert settings.model.quantization == "fp8"


HOW_WRITTEN = {
    "ends of lines": "config:\r\n  paddock:model: a\r\n  paddock:replicas: 2\r\n",
    "quotes": 'config:\n  "paddock:model": a\n',
    "a text with such a line": "config:\n  paddock:model: a\n  o:t: |\n    x\n    paddock:model: b\n",
    "the checkpoint first": "config:\n  paddock:checkpoint:\n    source: b\n  # why\n  paddock:model: a  # what\n",
    "the checkpoint last": "config:\n  paddock:model: a\n  paddock:checkpoint:\n    source: b",
    "no end of the last line": "config:\n  paddock:model: a",
}


@pytest.mark.parametrize("how", HOW_WRITTEN)
def test_it_is_written_into_any_stack_file_and_all_else_stays(how: str) -> None:
    own = own_checkpoint(
        catalog.model("llama-3.1-8b"), catalog.scheme(catalog.Quantization.BF16), None, "s3://mine/copy", "x"
    )
    text = HOW_WRITTEN[how]
    once = with_checkpoint(text, own, "mine", "x")
    config = yaml.safe_load(text)["config"] | {"paddock:model": "mine", "paddock:checkpoint": as_settings(own)}
    assert yaml.safe_load(once)["config"] == config
    assert ("\r\n" in once) == ("\r\n" in text)
    assert once.count("#") == text.count("#")
    assert with_checkpoint(once, own, "mine", "x") == once, "a second time changes nothing"


DENSE = [each for each in catalog.all_models().values() if each.experts is None and each.vision is None]


@pytest.mark.parametrize("model", DENSE, ids=lambda each: each.name)
def test_a_copy_of_a_model_of_the_catalog_is_planned_and_priced_as_that_is(model: catalog.Model) -> None:
    scheme = catalog.scheme(catalog.Quantization.BF16)
    own = own_checkpoint(model, scheme, None, "s3://mine/copy", model.license)
    name = f"llama-{model.name.removeprefix('llama-')}-mine"
    theirs = planned(model=model.name, max_model_len=2048)
    ours = planned(model=name, checkpoint=as_settings(own), max_model_len=2048)
    assert (ours.model.name, ours.model.checkpoint) == (name, "s3://mine/copy")
    assert asdict(ours.model.placement) == asdict(theirs.model.placement)
    for part in ("memory", "kv_cache", "performance", "pod", "probes", "weights_bytes", "disk_gib"):
        assert getattr(ours.model, part) == getattr(theirs.model, part)
    assert ours.price == theirs.price
    assert ours.quotas == theirs.quotas
    assert "--served-model-name" in ours.model.engine.args
    assert name in ours.model.engine.args


OWN = as_settings(
    own_checkpoint(
        catalog.model("llama-3.1-8b"), catalog.scheme(catalog.Quantization.BF16), None, "s3://mine/copy", "llama3.1"
    )
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "mine"}, "wants 'Llama' at the beginning of the name"),
        ({"model": "llama-3.1-8b"}, "is one of the catalog"),
        ({"model": "Llama Mine"}, "must be lower-case letters"),
        ({"model": "llama-mine", "checkpoint": None}, "unknown model 'llama-mine'"),
        ({"checkpoint": {**OWN, "license": "llama3"}, "model": "llama-mine"}, "wants 'Llama 3' at the beginning"),
        ({"checkpoint": {**OWN, "source": "https://example.com"}}, "must be hf://…, s3://… or file://…"),
        ({"checkpoint": {**OWN, "layers": 0}}, "checkpoint[layers] must be"),
        ({"checkpoint": {**OWN, "kv_heads": 7}}, "no whole multiple of 7 KV heads"),
        ({"checkpoint": {**OWN, "unquantized": ["99.q_proj"]}}, "leaves '99.q_proj' unquantized"),
        ({"checkpoint": {key: each for key, each in OWN.items() if key != "vocab"}}, "checkpoint[vocab] is missing"),
        ({"quantization": "fp8-static"}, "no such checkpoint of llama-mine is known"),
        ({"quality_floor": "full"}, "remove the floor"),
        ({"license": {"license": "llama3.3", "by": "Legal", "on": "2026-11-24"}}, "comes under llama3.1"),
        ({"max_model_len": 10**6}, "llama-mine reads at most"),
    ],
)
def test_what_does_not_go_together_is_refused_and_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        planned(**{"model": "llama-mine", "checkpoint": OWN, **changes})
    assert said in str(refused.value)


def test_an_adapter_and_a_checkpoint_without_a_license_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "plain", plain_tensors())
    with pytest.raises(RefusedError, match="names no license; say by --license"):
        read_own(FolderSource(folder))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    with pytest.raises(RefusedError, match="merge it into its model first"):
        read_own(FolderSource(adapter))


def test_a_cut_header_is_named_by_its_place_at_the_source(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "cut", plain_tensors())
    (folder / "model.safetensors").write_bytes((1 << 60).to_bytes(8, "little") + b"{}")
    with pytest.raises(RefusedError, match=r"model\.safetensors is no safetensors file"):
        read_own(Counted(folder))


def test_other_tensors_than_the_configuration_says_are_told_without_the_temporary_folder(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "other", plain_tensors(), vocab_size=999)
    with pytest.raises(RefusedError) as refused:
        read_own(Counted(folder))
    assert "hf://org/mine" in str(refused.value)
    assert "paddock-" not in str(refused.value)


def test_a_push_of_the_stack_takes_the_checkpoint_its_license_and_its_name(tmp_path: Path) -> None:
    own = read_own(Counted(write_checkpoint(tmp_path / "a", plain_tensors())))
    stack = tmp_path / "Pulumi.dev.yaml"
    stack.write_text(with_checkpoint(STACK, own, "llama-mine", "Pulumi.dev.yaml") + "  paddock:max_model_len: 2048\n")
    given: dict[str, Any] = dict.fromkeys(
        ("model", "source", "bucket", "signing_key", "revision", "accept_license", "accepted_by")
    )
    request = asked(stack, **given, project="paddock", platform="llama", workers=1, announce=lambda _: None)
    assert (request.model, request.address) == ("llama-mine", f"hf://org/mine@{COMMIT}")
    assert (request.license, request.quantization) == ("llama3.1", "bf16")


def test_the_command_prints_the_lines_and_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_checkpoint(tmp_path / "mine", plain_tensors())
    stack = tmp_path / "Pulumi.dev.yaml"
    stack.write_text(STACK)
    arguments = ["checkpoint", f"file://{folder}", "--name", "llama-mine", "--license", "llama3.2"]
    with pytest.raises(SystemExit) as ended:
        run([*arguments, "--stack-file", str(stack), "--write"])
    assert not ended.value.code
    printed = yaml.safe_load(capsys.readouterr().out)
    written = yaml.safe_load(stack.read_text())["config"]
    assert printed == {key: written[key] for key in ("paddock:model", "paddock:checkpoint")}
    assert run([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checkpoint"] == printed["paddock:checkpoint"]
