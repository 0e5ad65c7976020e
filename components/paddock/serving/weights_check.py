"""Check of a pod's weights before vLLM starts, or their checked copy: an init container, and what it mounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from paddock.catalog.lookup import shown
from paddock.common.inputs import ArgumentError
from paddock.common.manifests import templates_folder
from paddock.common.public_key import is_public_key

CHECKER, COPIER, KEY_FILE = "verify_weights.py", "copy_weights.py", "weights.pem"
WEIGHTS_VOLUME, WEIGHTS_FOLDER = "weights", "/weights"
"""Volume of a copy, on the node's own disk, and its folder in both containers."""
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


def checker_files(key: pulumi.Input[str] | None, *, copies: bool) -> dict[str, pulumi.Input[str]]:
    """Files that the init container mounts, by name; none where there is nothing to check or to copy."""
    # The copier takes S3 and the check from the checker.
    names = [CHECKER] if key is not None or copies else []
    files: dict[str, pulumi.Input[str]] = {
        name: (templates_folder() / "vllm" / name).read_text() for name in (*names, *([COPIER] if copies else []))
    }
    return files if key is None else {**files, KEY_FILE: key}


def weights_check(
    model_uri: pulumi.Input[str], folder: str, engine_env: Mapping[str, str], resources: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Values that the template prints of the init container that checks."""
    args = (f"{folder}/{CHECKER}", model_uri, f"{folder}/{KEY_FILE}")
    return _container("verify-weights", args, engine_env, resources, [])


def weights_copy(
    model_uri: pulumi.Input[str],
    folder: str,
    engine_env: Mapping[str, str],
    resources: Mapping[str, Any],
    *,
    has_key: bool,
) -> Mapping[str, Any]:
    """Values that the template prints of the init container that copies, and checks where there is a key."""
    mounts = [weights_mount(is_read_only=False)]
    pairs = [(model_uri, WEIGHTS_FOLDER)]
    return copy_container("copy-weights", pairs, folder, engine_env, resources, mounts, has_key=has_key)


def copy_container(
    name: str,
    pairs: Sequence[tuple[pulumi.Input[str], str]],
    folder: str,
    engine_env: Mapping[str, str],
    resources: Mapping[str, Any],
    mounts: Sequence[Mapping[str, Any]],
    *,
    has_key: bool,
) -> Mapping[str, Any]:
    """Values of an init container that copies `(address, folder)` pairs, and checks them where there is a key."""
    key = (f"{folder}/{KEY_FILE}",) if has_key else ()
    args = (f"{folder}/{COPIER}", *(each for pair in pairs for each in pair), *key)
    return _container(name, args, engine_env, resources, mounts)


def weights_mount(*, is_read_only: bool) -> Mapping[str, Any]:
    return {"name": WEIGHTS_VOLUME, "mountPath": WEIGHTS_FOLDER, **({"readOnly": True} if is_read_only else {})}


def _container(
    name: str,
    args: Sequence[pulumi.Input[str]],
    engine_env: Mapping[str, str],
    resources: Mapping[str, Any],
    mounts: Sequence[Mapping[str, Any]],
) -> Mapping[str, Any]:
    env = {key: value for key, value in engine_env.items() if key.startswith("AWS_")}
    # The image asks for every GPU of the node, and where nothing else decides it would be shown them.
    env["NVIDIA_VISIBLE_DEVICES"] = "void"
    return {
        "name": name,
        "command": COMMAND,
        "args": args,
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "resources": resources,
        "mounts": mounts,
    }
