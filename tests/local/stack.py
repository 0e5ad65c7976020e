"""One Pulumi stack of a test: a copy of a program, its configuration, and the pulumi commands on it."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMMAND_TIMEOUT_SECONDS = 420

LLAMA_CONFIG: Mapping[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())["config"]


def llama_config(**changes: Any) -> dict[str, Any]:
    """The local stack's settings, some of them changed (None takes one away)."""
    config = {**LLAMA_CONFIG, **{f"paddock:{key}": value for key, value in changes.items()}}
    return {key: value for key, value in config.items() if value is not None}


@dataclass
class Stack:
    """`name` of the program in `folder`, run with the environment of a local cloud."""

    name: str
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of_program(
        cls, program: Path, name: str, config: Mapping[str, Any], environment: Mapping[str, str], folder: Path
    ) -> "Stack":
        """Copy the program's own files, so that no test writes into the checkout, and initialise the stack."""
        folder.mkdir(parents=True)
        for part in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(program / part, folder / part)
        # Pulumi.yaml may name the virtual environment beside the program.
        (folder / ".venv").symlink_to(ROOT / ".venv")
        stack = cls(name, folder, environment)
        stack.configure(config)
        stack.run("stack", "init", name, with_stack=False)
        return stack

    @classmethod
    def of_llama(cls, name: str, environment: Mapping[str, str], folder: Path, **changes: Any) -> "Stack":
        """The project's own program, see `llama_config`."""
        return cls.of_program(ROOT, name, llama_config(**changes), environment, folder)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the stack's file anew, but for the salt of its secrets, which the engine keeps there."""
        project = yaml.safe_load((self.folder / "Pulumi.yaml").read_text())
        file = self.folder / str(project.get("stackConfigDir", ".")) / f"Pulumi.{self.name}.yaml"
        file.parent.mkdir(exist_ok=True)
        known = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump({**known, "config": dict(config)}))

    def command(self, *arguments: str, with_stack: bool = True) -> list[str]:
        return ["pulumi", *arguments, "--non-interactive", *(["--stack", self.name] if with_stack else [])]

    def run(self, *arguments: str, with_stack: bool = True, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments, with_stack=with_stack),
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(done.args)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def up(self, *flags: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--yes", "--skip-preview", "--suppress-progress", *flags, check=check)

    def destroy(self) -> None:
        self.run("destroy", "--yes", "--skip-preview", "--suppress-progress")

    def preview(self, *flags: str) -> list[tuple[str, str]]:
        """(operation, URN) of every step but `same` that a preview foresees."""
        steps = json.loads(self.run("preview", "--json", *flags).stdout)["steps"]
        return [(step["op"], step["urn"]) for step in steps if step["op"] != "same"]

    def resources(self) -> list[dict[str, Any]]:
        deployment = json.loads(self.run("stack", "export").stdout)["deployment"]
        return list(deployment.get("resources") or [])

    def outputs(self) -> dict[str, Any]:
        return dict(json.loads(self.run("stack", "output", "--json").stdout))

    def set_config(self, key: str, value: str) -> None:
        self.run("config", "set", key, value)

    def set_secret(self, key: str, value: str) -> None:
        """Sets a secret by standard input: a command line is shown to every user of the machine."""
        subprocess.run(
            self.command("config", "set", "--secret", key),
            cwd=self.folder,
            env=dict(self.environment),
            input=value,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_SECONDS,
            check=True,
        )


def short(steps: list[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Steps as (operation, `type::name`), counted; the stack itself left out."""
    named = [(op, "::".join(urn.split("$")[-1].split("::")[-2:])) for op, urn in steps]
    return Counter((op, name) for op, name in named if "pulumi:pulumi:Stack" not in name)
