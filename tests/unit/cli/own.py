"""A stack file with a checkpoint of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from paddock import catalog
from paddock.settings.own_checkpoint import as_settings, own_checkpoint

SOURCE = f"hf://org/mine@{40 * 'a'}"
LICENSE = {"license": "ours-1.0", "by": "someone", "on": "2026-11-24"}


def own_stack(folder: Path, **values: Any) -> Path:
    """The file of the stack `own`."""
    scheme = catalog.scheme(catalog.Quantization.BF16)
    own = as_settings(own_checkpoint(catalog.model("llama-3.1-8b"), scheme, None, SOURCE, "ours-1.0"))
    given = {"model": "mine", "max_model_len": 2048, "concurrent_requests": 2, "checkpoint": own, **values}
    config = {"aws:region": "us-east-1"} | {f"paddock:{key}": value for key, value in given.items()}
    file = folder / "Pulumi.own.yaml"
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    return file
