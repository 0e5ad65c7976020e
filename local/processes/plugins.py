"""Pulumi's plugins where the engine looks for them, so that it says nothing of how it found them.

A provider is expected in `$PULUMI_HOME/plugins/<kind>-<name>-v<version>`, of the very version that the program's SDK
has; the language host beside the engine. From PATH the engine takes both too, with a warning for each.
Source: sdk/go/common/workspace/plugins.go of pulumi 3.259.0, getPluginInfoAndPath, read 2026-11-28.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from local.plugins.lifetime import forked_python
from local.state import CHECKOUT, State
from local.toolchain.build import KUBERNETES_PROVIDER, Tools
from local.toolchain.installed import official_plugin, plugins_of_user

LANGUAGE_HOST = "pulumi-language-python"
SESSIONS = "session-manager-plugin"
"""AWS's own would leave for the real AWS."""
AWS = "resource-aws"
CLI = Path(sys.executable).with_name("aws")


def write_plugins(state: State, tools: Tools, base: Mapping[str, str] = os.environ) -> None:
    """Safe to repeat while an engine works: a file that is right stays as it is."""
    state.bin.mkdir(parents=True, exist_ok=True)
    forked = shlex.join(forked_python(state.fork_server))
    found = f"PYTHONPATH={shlex.quote(str(CHECKOUT))}${{PYTHONPATH:+:$PYTHONPATH}} "
    if official_plugin(LANGUAGE_HOST, base):
        (state.bin / LANGUAGE_HOST).unlink(missing_ok=True)
    else:
        _write(state.bin / LANGUAGE_HOST, f"{found}exec {forked} -m local.plugins.language_python")
    # The Kubernetes provider asks for a token several times in a run. Other commands may start processes, which are to
    # be of the group of who ran the command.
    cli = shlex.quote(str(CLI))
    _write(state.bin / CLI.name, f'case "$*" in *"eks get-token"*) exec {forked} {cli} "$@" ;; esac\nexec {cli}')
    # Not forked: who opened a session finds it among the processes below its own.
    _write(state.bin / SESSIONS, f"{found}exec {shlex.quote(sys.executable)} -m local.plugins.session_manager")
    if tools.engine:
        _beside(state.bin / "pulumi", tools.engine / "pulumi")
    home = state.pulumi_home / "plugins"
    provider = home / f"{AWS}-v{metadata.version('pulumi-aws')}" / f"pulumi-{AWS}"
    _write(provider, f"{found}exec {forked} -m local.aws.provider")
    if tools.kubernetes_provider:
        (name,) = KUBERNETES_PROVIDER.commands
        version = f"{name.removeprefix('pulumi-')}-v{KUBERNETES_PROVIDER.version}"
        _link(home / version / name, tools.kubernetes_provider / name)
    for plugin in plugins_of_user(base):
        if not plugin.name.startswith(f"{AWS}-v"):
            for file in plugin.iterdir():
                _link(home / plugin.name / file.name, file)


def _write(program: Path, command: str) -> None:
    text = f'#!/bin/sh\n{command} "$@"\n'
    if not program.is_file() or program.read_text() != text:
        program.parent.mkdir(parents=True, exist_ok=True)
        program.unlink(missing_ok=True)
        program.write_text(text)
        program.chmod(0o755)


def _link(link: Path, target: Path) -> None:
    if not (link.is_symlink() and link.readlink() == target):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _beside(link: Path, engine: Path) -> None:
    """The engine follows symbolic links to find what is beside it, so this is a hard link, or a copy between disks."""
    with suppress(FileNotFoundError):
        if link.samefile(engine) or link.stat().st_size == engine.stat().st_size:
            return
    link.unlink(missing_ok=True)
    try:
        link.hardlink_to(engine)
    except OSError:
        shutil.copy2(engine, link)
