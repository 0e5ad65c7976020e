"""MIG slices, each a card of its own: `fit` takes them, no instance type offers one."""

from __future__ import annotations

from paddock.catalog.gpus import SLICE, Gpu, all_gpus, whole_gpu_of_text
from paddock.catalog.lookup import UnknownNameError, shown, toml


def slice_of_text(text: str) -> Gpu | None:
    """The slice that `H100 1g.20gb` or `NVIDIA A100-SXM4-80GB MIG 3g.40gb` names; None where none is named.

    Raises `UnknownNameError` for a slice that is not known, so that it is never taken for the whole card.
    """
    found = SLICE.search(text)
    if found is None:
        return None
    data = toml("mig.toml")
    as_of, source = data.pop("as_of"), data.pop("source")
    name, rest = found["name"].lower(), f"{text[: found.start()]} {text[found.end() :]}"
    card = whole_gpu_of_text(rest)
    cards = [each for each in data if each == (card.name if card else each) and name in data[each]]
    named = [each for each in cards if card or each.partition("-")[0].lower() in rest.lower()]
    if len(named) != 1:
        offered = {card.name: data[card.name]} if card and card.name in data else data
        known = "; ".join(f"{each} {', '.join(slices)}" for each, slices in offered.items())
        raise UnknownNameError(f"unknown MIG slice {shown(text)}; known are {known}; or give --gpu-memory-gib alone")
    whole, cut = all_gpus()[named[0]], data[named[0]][name]
    share = cut["sms"] / whole.streaming_multiprocessors
    return whole._replace(
        name=f"{whole.name} {name}",
        display_name=f"{whole.display_name}, MIG {name}",
        usable_mib=cut["usable_mib"],
        usable_source=cut.get("source", source),
        driver_mib=None,
        ec2_mib=None,
        memory_bandwidth_gb_per_second=round(
            whole.memory_bandwidth_gb_per_second * cut["usable_mib"] / whole.usable_mib
        ),
        nvlink_gb_per_second=None,
        bf16_dense_tflops=_part(whole.bf16_dense_tflops, share),
        fp8_dense_tflops=_part(whole.fp8_dense_tflops, share),
        streaming_multiprocessors=cut["sms"],
        as_of=as_of,
    )


def _part(tflops: float | None, share: float) -> float | None:
    return None if tflops is None else tflops * share
