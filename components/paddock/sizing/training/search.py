"""Search for the instance types that a fine-tuning fits on, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass

from paddock.catalog import Gpu, Instance, Model, Purchase, all_instances
from paddock.sizing.training.memory import Method, Optimizer, TrainingMemory, training_memory

BF16_FROM = (8, 0)
"""Training at bf16 needs Ampere or newer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Fine-tuning of a model: the method, and its settings."""

    model: Model
    method: Method
    sequence_tokens: int
    batch: int
    """Sequences on each GPU in one step."""
    lora_rank: int = 16
    checkpointing: bool = True
    sharded: bool = True
    optimizer: Optimizer = Optimizer.ADAMW

    def memory(self, gpus: int) -> TrainingMemory:
        """Memory of each of so many GPUs; raises `RefusedError`."""
        return training_memory(
            self.model,
            self.method,
            sequence_tokens=self.sequence_tokens,
            batch=self.batch,
            gpus=gpus,
            lora_rank=self.lora_rank,
            checkpointing=self.checkpointing,
            sharded=self.sharded,
            optimizer=self.optimizer,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingInstance:
    """An instance type that holds it, all of its GPUs at work."""

    instance: Instance
    memory: TrainingMemory
    usd_per_hour: float

    @property
    def surely(self) -> bool:
        """True where it fits at the high end of the band, and not only as expected."""
        return surely_holds(self.memory, self.instance.gpu)


def holds(memory: TrainingMemory, gpu: Gpu) -> bool:
    """True where a GPU is expected to hold it."""
    return obstacle(memory, gpu) is None


def obstacle(memory: TrainingMemory, gpu: Gpu) -> str | None:
    """Reason why a GPU is not expected to hold it, or None."""
    if gpu.compute_capability < BF16_FROM:
        return "it has no bf16, in which all of this is counted"
    return "training takes more" if memory.expected_mib > gpu.usable_mib else None


def surely_holds(memory: TrainingMemory, gpu: Gpu) -> bool:
    """True where it fits at the high end of the band, however it is loaded."""
    return obstacle(memory, gpu) is None and max(memory.high_mib, memory.loading_mib) <= gpu.usable_mib


def training_instances(training: Training, region: str, purchase: Purchase) -> tuple[TrainingInstance, ...]:
    """The single nodes that are expected to hold it, of each number of each GPU the cheapest type.

    Those that surely hold it come first, then by price and name.
    """
    found: dict[tuple[str, int], TrainingInstance] = {}
    for instance in all_instances().values():
        price = instance.price(purchase)
        if region not in instance.regions or price is None:
            continue
        memory = training.memory(instance.gpus)
        kind = (instance.gpu.name, instance.gpus)
        cheaper = kind not in found or price.usd_per_hour < found[kind].usd_per_hour
        if holds(memory, instance.gpu) and cheaper:
            found[kind] = TrainingInstance(instance=instance, memory=memory, usd_per_hour=price.usd_per_hour)
    return tuple(
        sorted(found.values(), key=lambda each: (not each.surely, each.usd_per_hour, each.instance.instance_type))
    )
