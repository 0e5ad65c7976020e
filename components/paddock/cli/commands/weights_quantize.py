"""`weights quantize`: parse the arguments, ask the library, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_STACK_FILE = Path("stacks/Pulumi.dev.yaml")
PLATFORM = "llama"


def quantize(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The stack's model, at bf16.")],
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="fp8-dynamic or w4a16.")],
    image: Annotated[
        str | None,
        typer.Option(metavar="IMAGE", help="By digest, in the account's registry, with llmcompressor 0.14.0.1."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="S3", help="s3://…; default: the stack's, in paddock:weights_bucket."),
    ] = None,
    calibration: Annotated[Path | None, typer.Option(metavar="FILE", help='For w4a16: lines of {"text": "…"}.')] = None,
    stack_file: Annotated[Path, typer.Option(help="The stack on whose GPUs it runs.")] = DEFAULT_STACK_FILE,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the Job there. Default: print it.")] = None,
    script: Annotated[bool, typer.Option("--script", help="Print the program alone, to run it elsewhere.")] = False,
) -> None:
    """Render a Job that makes a smaller checkpoint of a published one, by llmcompressor. It never ran on a GPU yet."""
    import yaml

    from paddock.catalog.lookup import RefusedError, known
    from paddock.cli.console import print_text, write_file
    from paddock.cli.parsing.stack_file import settings_of_file
    from paddock.operations.quantize import job
    from paddock.plan.plan import make_plan
    from paddock.weights.bucket import weights_prefix

    target = job.Target(known("target", to, list(job.Target)))
    if script:
        print_text(job.script().rstrip("\n"))
        return
    settings = settings_of_file(stack_file)
    plan = make_plan(settings)
    if model != plan.model.name:
        raise RefusedError(f"{stack_file} serves {plan.model.name}, not {model}; name a stack of that model")
    if image is None:
        raise RefusedError(
            f"--image is missing; make one with {job.IMAGE_HAS} and boto3 on CUDA's torch, push it to the account's "
            "registry and name it by digest (docs/ingest.md)"
        )
    if source is None and plan.model.weights_bucket is None:
        raise RefusedError("--from is missing; it is what `pulumi stack output weights_uri` says")
    source = source or f"s3://{plan.model.weights_bucket}/{weights_prefix(model, plan.model.weights_folder)}"
    try:
        texts = None if calibration is None else calibration.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RefusedError(f"cannot read {calibration}: {error}; name a text file by --calibration") from None
    made = job.objects(plan, target, platform=PLATFORM, image=image, source=source, calibration=texts)
    text = yaml.safe_dump_all(made, sort_keys=False)
    if out is None:
        print_text(text.rstrip("\n"))
    else:
        write_file(out, text, "--out")
    typer.echo("This Job has never run on a GPU. It needs one that is free; then, one after another:", err=True)
    for line in job.afterwards(plan, target, PLATFORM):
        typer.echo(f"  {line.replace('FILE', str(out or 'FILE'))}", err=True)
