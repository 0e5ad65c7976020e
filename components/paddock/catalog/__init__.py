"""Dated, sourced facts: models, GPUs, instances, prices, vLLM and EKS versions. Read from `data/` on first use."""

from typing import TYPE_CHECKING

from paddock.lazy import lazy

if TYPE_CHECKING:
    from paddock.catalog.eks import EksVersion, eks_versions, newest_eks_version, supported_eks_versions
    from paddock.catalog.gpus import Gpu, all_gpus, gpu
    from paddock.catalog.instances import (
        CapacityType,
        Instance,
        Purchase,
        all_instances,
        excluded_instances,
        instance,
        regions,
    )
    from paddock.catalog.lookup import UnknownNameError, suggestion
    from paddock.catalog.models import Experts, Model, Vision, all_models, model
    from paddock.catalog.names import model_of_repository, scheme_of_text
    from paddock.catalog.quantizations import Quality, Quantization, Runtime, Scheme, scheme
    from paddock.catalog.vllm import Batch, Engine, engine, newest_version

__getattr__ = lazy(
    __name__,
    {
        "eks": "EksVersion eks_versions newest_eks_version supported_eks_versions",
        "gpus": "Gpu all_gpus gpu",
        "instances": "CapacityType Instance Purchase all_instances excluded_instances instance regions",
        "lookup": "UnknownNameError suggestion",
        "models": "Experts Model Vision all_models model",
        "names": "model_of_repository scheme_of_text",
        "quantizations": "Quality Quantization Runtime Scheme scheme",
        "vllm": "Batch Engine engine newest_version",
    },
)
__all__ = [
    "Batch",
    "CapacityType",
    "EksVersion",
    "Engine",
    "Experts",
    "Gpu",
    "Instance",
    "Model",
    "Purchase",
    "Quality",
    "Quantization",
    "Runtime",
    "Scheme",
    "UnknownNameError",
    "Vision",
    "all_gpus",
    "all_instances",
    "all_models",
    "eks_versions",
    "engine",
    "excluded_instances",
    "gpu",
    "instance",
    "model",
    "model_of_repository",
    "newest_eks_version",
    "newest_version",
    "regions",
    "scheme",
    "scheme_of_text",
    "suggestion",
    "supported_eks_versions",
]
