"""Environment of a command that talks to the local cloud, without anything of the user's real accounts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local.state import STATE_VARIABLE, State
from local.toolchain.build import Tools

REGION = "us-east-1"

# Anything that would point a tool at a real account, a real cluster or a real Pulumi organisation.
_REAL_ACCOUNT_PREFIXES = ("AWS_", "HF_", "PULUMI_CONFIG", "PULUMI_BACKEND", "KUBECONFIG")
_REAL_ACCOUNT_VARIABLES = frozenset({"PULUMI_ACCESS_TOKEN", "PULUMI_STACK", "PULUMI_API"})


def environment_of(
    state: State, aws_url: str, hub_url: str, tools: Tools, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The whole environment for pulumi, aws and kubectl."""
    kept = {
        name: value
        for name, value in base.items()
        if not name.startswith(_REAL_ACCOUNT_PREFIXES) and name not in _REAL_ACCOUNT_VARIABLES
    }
    folders = [state.bin, Path(sys.executable).parent, tools.engine, tools.control_plane]
    path = [str(folder) for folder in folders if folder] + [base.get("PATH", os.defpath)]
    return {
        **kept,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "HF_ENDPOINT": hub_url,
        "HF_HOME": str(state.folder / "hugging-face"),
        "KUBECONFIG": str(state.kubeconfig),
        "PULUMI_HOME": str(state.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{state.pulumi}",
        "PULUMI_CREDENTIALS_PATH": str(state.pulumi_credentials),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_PROXY": ",".join(filter(None, ["127.0.0.1,localhost", base.get("NO_PROXY") or base.get("no_proxy")])),
        STATE_VARIABLE: str(state.folder),
        "PATH": os.pathsep.join(path),
    }
