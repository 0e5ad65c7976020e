"""`size`, `fit`, `explain`, `finetune`, `accuracy` and `calibrate`: parse the arguments, ask the library, print."""

from typing import TYPE_CHECKING, Annotated, Any

from paddock.cli import options
from paddock.cli.console import end, print_json, print_screen, print_text
from paddock.cli.declare import Argument, Option

if TYPE_CHECKING:
    from paddock.sizing.memory.changes import Change


def size(
    model: options.ModelArgument,
    quantization: options.Quantization = None,
    dtype: options.Dtype = "auto",
    quality_floor: Annotated[
        str | None,
        Option(metavar="FLOOR", help="All as good: full, near-lossless, four-bit, or a scheme."),
    ] = None,
    max_model_len: Annotated[str, Option(help="Tokens of the longest conversation; 32k is 32768.")] = "8k",
    concurrency: Annotated[
        int | None, Option(help="Conversations of that length at once, a replica. Default: 4.")
    ] = None,
    requests_per_second: Annotated[float | None, Option(help="Instead of --concurrency, with lengths.")] = None,
    input_tokens: Annotated[int | None, Option(help="Prompt of an average request.")] = None,
    output_tokens: Annotated[int | None, Option(help="Answer of an average request.")] = None,
    max_ttft_ms: Annotated[float | None, Option(help="Longest mean time to the first token.")] = None,
    max_itl_ms: Annotated[float | None, Option(help="Longest mean time between tokens.")] = None,
    max_loras: options.MaxLoras = None,
    max_lora_rank: options.MaxLoraRank = None,
    kv_cache_dtype: options.KvCacheDtype = "auto",
    rank_by: Annotated[str, Option(metavar="ORDER", help="cost, cost-per-token or latency.")] = "cost",
    purchase: Annotated[
        str | None, Option(metavar="WAY", help="on-demand, spot, savings-plan or reserved. Default: on-demand.")
    ] = None,
    spot: Annotated[bool, Option("--spot", help="The same as --purchase spot.")] = False,
    replicas: Annotated[str, Option(metavar="N", help="At least so many copies, or `any`.")] = "1",
    region: options.Region = "us-east-1",
    vllm_version: options.VllmVersion = None,
    top: Annotated[int, Option(help="How many placements to show.")] = 5,
    roofline: Annotated[bool, Option("--roofline", help="No measured tables, even where installed.")] = False,
    plot: Annotated[str | None, Option(metavar="FILE", help="Draw it too, as .png or .svg.")] = None,
    as_json: options.Json = False,
) -> None:
    """List the instances that hold a model, cheapest first, why cheaper ones do not, and what would change that."""
    from paddock.catalog.lookup import RefusedError
    from paddock.catalog.lookup import shown as quoted
    from paddock.cli.parsing import values
    from paddock.cli.parsing.size import Wishes, demand_of_options
    from paddock.sizing import search
    from paddock.sizing.performance.operator_tables import installed
    from paddock.sizing.placement.alternatives import alternatives
    from paddock.sizing.placement.candidate import one_an_instance_type
    from paddock.sizing.placement.search import by_tables

    values.within("--top", top, 1, values.MAX_SHOWN)
    if spot and purchase not in (None, "spot"):
        raise RefusedError(f"--spot is --purchase spot, and --purchase says {quoted(purchase)}; leave one of them out")
    if plot is not None:
        from pathlib import Path

        from paddock.cli.screens.plot import refuse_what_cannot_be_drawn

        refuse_what_cannot_be_drawn(Path(plot))
    wishes = Wishes(
        quantization=quantization,
        dtype=dtype,
        quality_floor=quality_floor,
        max_model_len=max_model_len,
        concurrency=concurrency,
        requests_per_second=requests_per_second,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        max_ttft_ms=max_ttft_ms,
        max_itl_ms=max_itl_ms,
        max_loras=max_loras,
        max_lora_rank=max_lora_rank,
        kv_cache_dtype=kv_cache_dtype,
        rank_by=rank_by,
        purchase="spot" if spot else purchase or "on-demand",
        replicas=replicas,
        region=region,
        vllm_version=vllm_version,
    )
    demand = demand_of_options(model, wishes)
    placements = search(demand)
    best = placements.candidates[0] if placements.candidates else None
    changes = alternatives(demand, best)
    shown = one_an_instance_type(placements.candidates)[:top]
    if not roofline and installed():
        shown = by_tables(demand, shown)
    if plot is not None and best is not None:
        from paddock.cli.screens.plot import draw

        draw(demand, shown, Path(plot))
    if as_json:
        from paddock.cli.json_output import size_data

        print_json(size_data(demand, shown, placements.rejected, changes))
    else:
        from paddock.cli.screens.size import size_screen

        print_screen(size_screen(demand, shown, placements, changes, values.taken_as(model, demand.model)))
        if plot is not None and best is not None:
            print_text(f"\n  wrote {plot}")
    if best is None:
        end(1)


def fit(
    model: options.ModelArgument,
    gpu: options.Gpu = None,
    gpu_memory_gib: options.GpuMemoryGib = None,
    quantization: options.Quantization = None,
    dtype: options.Dtype = "auto",
    tensor_parallel_size: options.TensorParallelSize = 1,
    pipeline_parallel_size: options.PipelineParallelSize = 1,
    max_model_len: options.MaxModelLen = None,
    gpu_memory_utilization: options.GpuMemoryUtilization = None,
    kv_cache_dtype: options.KvCacheDtype = "auto",
    max_num_batched_tokens: options.MaxNumBatchedTokens = None,
    max_num_seqs: options.MaxNumSeqs = None,
    enforce_eager: options.EnforceEager = False,
    enable_lora: options.EnableLora = False,
    max_loras: options.MaxLoras = None,
    max_lora_rank: options.MaxLoraRank = None,
    vllm_version: options.VllmVersion = None,
    speculative_config: options.SpeculativeConfig = None,
    cpu_offload_gb: options.CpuOffloadGb = None,
    kv_cache_memory_bytes: options.KvCacheMemoryBytes = None,
    data_parallel_size: options.DataParallelSize = 1,
    flashinfer: options.FlashInfer = True,
    concurrency: options.Concurrency = 1,
    held_by_others_mib: options.HeldByOthers = 0,
    as_json: options.Json = False,
) -> None:
    """Predict if vLLM starts with these flags on these GPUs, and its KV cache. Exit status 1: it does not.

    A draft model: --speculative-config '{"model": "meta-llama/Llama-3.2-1B", "num_speculative_tokens": 5}'
    """
    stated = _stated(locals())
    from paddock.cli.json_output import fit_data
    from paddock.cli.parsing.fit import fixed_placement
    from paddock.sizing.memory.verdict import StartVerdict, fit_range

    asked = fixed_placement(model, **stated)
    if asked.refusal is not None:
        if as_json:
            print_json(fit_data(asked, None, ()))
        else:
            from paddock.cli.screens.fit import refused_screen

            print_screen(refused_screen(asked))
        end(1)
    found = fit_range(asked.setup, concurrent_requests=asked.concurrent_requests)
    changes: tuple[Change, ...] = ()
    if found.verdict is not StartVerdict.STARTS:
        from paddock.sizing.memory.changes import changes_to_start

        changes = changes_to_start(asked.setup)
    if as_json:
        print_json(fit_data(asked, found, changes))
    else:
        from paddock.cli.screens.fit import fit_screen

        print_screen(fit_screen(asked, found, changes))
    if not found.verdict.starts:
        end(1)


def explain(
    model: options.ModelArgument,
    gpu: options.Gpu = None,
    gpu_memory_gib: options.GpuMemoryGib = None,
    quantization: options.Quantization = None,
    dtype: options.Dtype = "auto",
    tensor_parallel_size: options.TensorParallelSize = 1,
    pipeline_parallel_size: options.PipelineParallelSize = 1,
    max_model_len: options.MaxModelLen = None,
    gpu_memory_utilization: options.GpuMemoryUtilization = None,
    kv_cache_dtype: options.KvCacheDtype = "auto",
    max_num_batched_tokens: options.MaxNumBatchedTokens = None,
    max_num_seqs: options.MaxNumSeqs = None,
    enforce_eager: options.EnforceEager = False,
    enable_lora: options.EnableLora = False,
    max_loras: options.MaxLoras = None,
    max_lora_rank: options.MaxLoraRank = None,
    vllm_version: options.VllmVersion = None,
    speculative_config: options.SpeculativeConfig = None,
    cpu_offload_gb: options.CpuOffloadGb = None,
    kv_cache_memory_bytes: options.KvCacheMemoryBytes = None,
    data_parallel_size: options.DataParallelSize = 1,
    flashinfer: options.FlashInfer = True,
    concurrency: options.Concurrency = 1,
    held_by_others_mib: options.HeldByOthers = 0,
    as_json: options.Json = False,
) -> None:
    """Every term of `paddock fit`: its formula with the numbers in it, how sure it is, and who says so.

    A draft model: --speculative-config '{"model": "meta-llama/Llama-3.2-1B", "num_speculative_tokens": 5}'
    """
    stated = _stated(locals())
    from paddock.cli.json_output import explain_data
    from paddock.cli.parsing.fit import fixed_placement
    from paddock.sizing.memory.explain import explain as explained

    asked = fixed_placement(model, **stated)
    if asked.refusal is not None:
        from paddock.catalog.lookup import RefusedError

        raise RefusedError(f"vLLM would not start, so there is nothing to explain: {asked.refusal}")
    found = explained(asked.setup, concurrent_requests=asked.concurrent_requests)
    if as_json:
        print_json(explain_data(asked, found))
        return
    from paddock.cli.screens.explain import explain_screen

    print_screen(explain_screen(asked, found))


def finetune(
    model: options.ModelArgument,
    method: Annotated[str, Option(metavar="METHOD", help="full, lora or qlora.")] = "lora",
    gpu: options.Gpu = None,
    gpu_memory_gib: options.GpuMemoryGib = None,
    gpus: Annotated[int, Option(help="GPUs that train together.")] = 1,
    sequence: Annotated[str, Option(help="Tokens of one example; 4k is 4096.")] = "4k",
    batch: Annotated[int, Option(help="Examples on each GPU in one step.")] = 1,
    lora_rank: Annotated[int, Option(help="Rank of the adapters.")] = 16,
    optimizer: Annotated[str, Option(metavar="NAME", help="adamw or adamw-8bit.")] = "adamw",
    checkpointing: Annotated[bool, Option(help="Compute activations again instead of keeping them.")] = True,
    sharded: Annotated[bool, Option(help="Divide weights and optimizer over the GPUs (FSDP, ZeRO-3).")] = True,
    region: options.Region = "us-east-1",
    purchase: Annotated[str, Option(metavar="WAY", help="on-demand, spot or reserved.")] = "on-demand",
    top: Annotated[int, Option(help="How many instance types to show.")] = 5,
    as_json: options.Json = False,
) -> None:
    """Memory that fine-tuning takes of each GPU, and where it fits. Exit status 1: not on the GPU that was named."""
    from paddock.catalog import Purchase
    from paddock.cli.parsing import values
    from paddock.cli.screens.finetune import finetune_data, finetune_screen
    from paddock.sizing.training.memory import Method, Optimizer
    from paddock.sizing.training.search import Training, holds, training_instances

    values.within("--gpus", gpus, 1, values.MAX_PARALLEL)
    values.within("--batch", batch, 1, values.MAX_BATCH)
    values.within("--lora-rank", lora_rank, 1, values.MAX_TRAINED_RANK)
    values.within("--top", top, 1, values.MAX_SHOWN)
    training = Training(
        model=values.model_and_scheme(model, None)[0],
        method=values.choice("method", method, Method),
        sequence_tokens=values.tokens(sequence, "--sequence"),
        batch=batch,
        lora_rank=lora_rank,
        checkpointing=checkpointing,
        sharded=sharded,
        optimizer=values.choice("optimizer", optimizer, Optimizer),
    )
    card = None if gpu is None and gpu_memory_gib is None else values.gpu_of_options(gpu, gpu_memory_gib)
    memory = training.memory(gpus)
    instances = training_instances(training, values.region(region), values.choice("purchase", purchase, Purchase))[:top]
    if as_json:
        print_json(finetune_data(training, gpus, card, memory, instances))
    else:
        print_screen(finetune_screen(training, gpus, card, memory, instances))
    if card is not None and not holds(memory, card):
        end(1)


def accuracy(
    file: Annotated[str, Argument(metavar="FILE.csv", help="Start-ups, with the columns of docs/sizing.md.")],
    as_json: options.Json = False,
) -> None:
    """Our figures beside those that vLLM printed at real start-ups, with the error of each row."""
    from pathlib import Path

    from paddock.sizing.startups.accuracy import predict
    from paddock.sizing.startups.accuracy_summary import report_data, summarise
    from paddock.sizing.startups.rows import read_rows

    reports = [predict(row) for row in read_rows(Path(file))]
    summary = summarise(reports)
    if as_json:
        print_json({"rows": [report_data(each) for each in reports], "summary": summary})
        return
    from paddock.cli.screens.accuracy import accuracy_screen

    print_screen(accuracy_screen(reports, summary))


def calibrate(
    from_logs: Annotated[str, Option(metavar="FILE|-", help="A vLLM start-up log; - reads standard input.")],
    model: Annotated[str | None, Option(help="Where the log does not name it, or by a local path.")] = None,
    quantization: Annotated[str | None, Option(help="Where the log leaves it open.")] = None,
    gpu: options.Gpu = None,
    gpu_memory_gib: options.GpuMemoryGib = None,
    tensor_parallel_size: Annotated[int | None, Option(help="Instead of the log's.")] = None,
    pipeline_parallel_size: Annotated[int | None, Option(help="Instead of the log's.")] = None,
    gpu_memory_utilization: Annotated[float | None, Option(metavar="SHARE", help="Instead of the log's.")] = None,
    vllm_version: Annotated[str | None, Option(metavar="VERSION", help="Instead of the log's.")] = None,
    as_json: options.Json = False,
) -> None:
    """A vLLM start-up log beside the plan: each figure printed and predicted, and catalog constants to paste."""
    from paddock.cli.parsing.calibrate import log_lines, overrides
    from paddock.sizing.startups.calibration import calibrate as calibrated
    from paddock.sizing.startups.log_parser import parse_startup_log

    better = overrides(
        model=model,
        quantization=quantization,
        gpu=gpu,
        gpu_memory_gib=gpu_memory_gib,
        tensor_parallel_size=tensor_parallel_size,
        pipeline_parallel_size=pipeline_parallel_size,
        gpu_memory_utilization=gpu_memory_utilization,
        vllm_version=vllm_version,
    )
    found = calibrated(parse_startup_log(log_lines(from_logs)), better)
    if as_json:
        from paddock.cli.screens.calibrate import calibrate_data

        print_json(calibrate_data(found))
        return
    from paddock.cli.screens.calibrate import calibrate_screen

    print_screen(calibrate_screen(found))


def _stated(arguments: dict[str, Any]) -> dict[str, Any]:
    """Options of a command that `fixed_placement` takes."""
    return {name: value for name, value in arguments.items() if name not in {"model", "as_json"}}


COMMANDS = (size, fit, explain, finetune, accuracy, calibrate)
