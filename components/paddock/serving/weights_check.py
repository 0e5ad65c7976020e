"""Check of a pod's weights before vLLM starts: an init container of the same image, and what it mounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from paddock.catalog.lookup import shown
from paddock.common.inputs import ArgumentError
from paddock.common.manifests import templates_folder
from paddock.common.public_key import is_public_key

CHECKER, KEY_FILE = "verify_weights.py", "weights.pem"
CHECK_SECONDS = 120
"""The longest check that is no failure: a HEAD of every file, and small files read, with retries. A checkpoint of 200
files is 13 rounds of 16 requests."""
COMMAND = ("python3", "-I", "-B")
"""Isolated from the environment and from the folder beside it, and writing nothing: the root file system is read-only.
vllm/vllm-openai has python3 on its path (docker/Dockerfile, read 2026-11-29)."""


def checked_public_key(key: pulumi.Input[str]) -> pulumi.Output[str]:
    """The key in its shape; `ArgumentError`, at once where it is plain, else when it is known."""

    def check(known: Any) -> str:
        if not isinstance(known, str) or not is_public_key(known):
            raise ArgumentError(
                f"VllmService: weights_public_key must be a P-256 public key in PEM, such as public_key_pem of a "
                f"WeightsBucket, got {shown(known)}"
            )
        return known

    if not isinstance(key, pulumi.Output):
        check(key)
    return pulumi.Output.from_input(key).apply(check)


def checker_files(key: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Files that the check mounts, by name."""
    return {CHECKER: (templates_folder() / "vllm" / CHECKER).read_text(), KEY_FILE: key}


def weights_check(
    model_uri: pulumi.Input[str], folder: str, engine_env: Mapping[str, str], resources: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Values that the template prints of the init container."""
    env = {key: value for key, value in engine_env.items() if key.startswith("AWS_")}
    # The image asks for every GPU of the node, and where nothing else decides it would be shown them.
    env["NVIDIA_VISIBLE_DEVICES"] = "void"
    args: Sequence[pulumi.Input[str]] = (f"{folder}/{CHECKER}", model_uri, f"{folder}/{KEY_FILE}")
    return {
        "command": COMMAND,
        "args": args,
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "resources": resources,
    }
