"""Looks at the running cloud: kubectl against the control plane, boto3 against AWS, the list of processes."""

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import psutil

from local.processes.cloud import LocalCloud


@dataclass
class Look:
    cloud: LocalCloud

    def kubectl(self, *arguments: str) -> Any:
        """The JSON that `kubectl … -o json` prints."""
        done = subprocess.run(
            ["kubectl", *arguments, "-o", "json"],
            env=self.cloud.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return json.loads(done.stdout)

    def create(self, *objects: dict[str, Any], dry_run: bool = False) -> str:
        """Give objects to the API server: what it says against them, or nothing. A dry run asks all admission too."""
        return self._given(objects, "create", *(["--dry-run=server"] if dry_run else []))

    def validate(self, *objects: dict[str, Any]) -> str:
        """Complaints of the API server about objects, which may be there already. Unknown fields count."""
        return self._given(
            objects, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"
        )

    def _given(self, objects: Sequence[dict[str, Any]], *command: str) -> str:
        done = subprocess.run(
            ["kubectl", *command, "--filename", "-"],
            input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
            env=self.cloud.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stderr if done.returncode else ""

    def delete_pod(self, name: str, namespace: str = "llama") -> None:
        self.kubectl("get", "pod", name, "--namespace", namespace)
        subprocess.run(
            ["kubectl", "delete", "pod", name, "--namespace", namespace, "--grace-period=0", "--force", "--wait"],
            env=self.cloud.environment(),
            capture_output=True,
            check=True,
            timeout=60,
        )

    def pods(self, namespace: str = "llama") -> list[dict[str, Any]]:
        return list(self.kubectl("get", "pods", "--namespace", namespace)["items"])

    def nodes(self, pool: str = "llama-gpu") -> dict[str, dict[str, Any]]:
        found = self.kubectl("get", "nodes", "--selector", f"paddock.dev/pool={pool}")["items"]
        return {node["metadata"]["name"]: node for node in found}

    def aws(self, service: str) -> Any:
        environment = self.cloud.environment()
        return boto3.client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}
    return pod["status"]["phase"] == "Running" and conditions.get("Ready") == "True"


def eventually(claim: Callable[[], bool], within_seconds: float = 30) -> bool:
    """Waits until a claim comes true; controllers act a moment after they are told."""
    deadline = time.monotonic() + within_seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def processes_of(state_folder: str) -> list[str]:
    """Command lines of every running process that names this local cloud's folder, in arguments or environment."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        command = process.info["cmdline"] or []
        told = (process.info["environ"] or {}).get("PADDOCK_LOCAL_STATE", "")
        if process.info["status"] != psutil.STATUS_ZOMBIE and (
            told == state_folder or any(state_folder in w for w in command)
        ):
            found.append(" ".join(command))
    return found
