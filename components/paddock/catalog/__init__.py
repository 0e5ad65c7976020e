"""Dated, sourced facts: models, GPUs, instances, prices, vLLM and EKS versions. Read from `data/` on first use."""

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
