"""Quantizes a checkpoint by llmcompressor 0.14.0.1, on one GPU: read from S3 or a folder, written to a folder.

    python quantize.py SOURCE TARGET SCHEME [CALIBRATION]

SCHEME is FP8_DYNAMIC, which needs no data, or W4A16, by GPTQ, which needs CALIBRATION: lines of JSON with a `text`.
After llmcompressor's own examples quantization_w8a8_fp8/llama3_example.py and quantization_w4a16/llama3_example.py,
read 2026-11-29.
"""

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path

SCHEMES = ("FP8_DYNAMIC", "W4A16")
SAMPLES, TOKENS = 512, 2048
"""Samples and tokens of each, as in llmcompressor's example of W4A16."""
PROVENANCE = "paddock-derived.json"
TAKEN_ALONG = ("LICENSE*", "USE_POLICY*", "chat_template.jinja", "generation_config.json")
NOT_TAKEN = ("model.sig", "paddock-revision.json", "revoked.json")


def say(text: str) -> None:
    """A line of the log, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fetched(source: str, folder: Path) -> Path:
    """Folder of the checkpoint; from S3 what is not there yet is copied."""
    if not source.startswith("s3://"):
        return Path(source)
    import boto3

    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    client = boto3.client("s3")
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/"):
        for each in page.get("Contents", ()):
            name = each["Key"].removeprefix(f"{prefix.rstrip('/')}/")
            file = folder / name
            if not name or name.endswith("/") or (file.exists() and file.stat().st_size == each["Size"]):
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            say(f"reading {name}, {each['Size']} bytes")
            client.download_file(bucket, each["Key"], str(file))
    return folder


def main(source: str, target: str, scheme: str, calibration: str | None = None) -> None:
    """Quantize, and say of what the result was made."""
    if scheme not in SCHEMES:
        raise SystemExit(f"SCHEME is {scheme!r}; it is {' or '.join(SCHEMES)}")
    if (scheme == "W4A16") != (calibration is not None):
        raise SystemExit("W4A16 needs texts to calibrate by, and FP8_DYNAMIC takes none")
    import llmcompressor
    from llmcompressor import oneshot
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out = Path(target)
    folder = fetched(source, out.parent / "source")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    provenance = {"derived_from": source, "by": f"llmcompressor {llmcompressor.__version__}", "scheme": scheme}
    if calibration is None:
        from llmcompressor.modifiers.quantization import QuantizationModifier

        oneshot(model=model, recipe=QuantizationModifier(targets="Linear", scheme=scheme, ignore=["lm_head"]))
    else:
        from datasets import Dataset
        from llmcompressor.modifiers.gptq import GPTQModifier

        text = Path(calibration).read_bytes()
        provenance["calibration_sha256"] = sha256(text).hexdigest()
        texts = [json.loads(line)["text"] for line in text.decode().split("\n") if line.strip()][:SAMPLES]
        rows = [
            dict(tokenizer(each, padding=False, max_length=TOKENS, truncation=True, add_special_tokens=False))
            for each in texts
        ]
        oneshot(
            model=model,
            dataset=Dataset.from_list(rows),
            recipe=GPTQModifier(targets="Linear", scheme=scheme, ignore=["lm_head"]),
            max_seq_length=TOKENS,
            num_calibration_samples=len(rows),
        )
    model.save_pretrained(out, save_compressed=True)
    tokenizer.save_pretrained(out)
    for pattern in TAKEN_ALONG:
        for file in folder.glob(pattern):
            if file.name not in NOT_TAKEN and not (out / file.name).exists():
                shutil.copyfile(file, out / file.name)
    (out / PROVENANCE).write_text(json.dumps(provenance, indent=1, sort_keys=True) + "\n")
    say(f"done: {out}, {sum(file.stat().st_size for file in out.iterdir())} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
