"""Paths in configuration and prose: a moved file takes its mentions along."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HOOKS = [
    hook for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"] for hook in repo["hooks"]
]
FILE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|toml|csv|md|yaml|sh|lock|json|j2))`")
MODULE = re.compile(r"python -m ((?:local|tools|benchmarks)(?:\.\w+)*)")
FOLDER = re.compile(r"`((?:[\w.-]+/)+)`")
NOT_OURS = {
    ".local/",
    "adapter_config.json",
    "config.json",
    "generation_config.json",
    "model.safetensors.index.json",
    "original/",
    "paddock-derived.json",
    "paddock-revision.json",
    "revoked.json",
    "special_tokens_map.json",
}
"""Written by the local cloud, or a checkpoint's."""


@cache
def tracked() -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return tuple(listed.stdout.splitlines())


def alternatives(pattern: str) -> list[str]:
    """The patterns that one stands for: `a/(b|c)/` is `a/b/` or `a/c/`."""
    found = re.search(r"\(([^()]*)\)", pattern)
    if not found:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [each for choice in found[1].split("|") for each in alternatives(before + choice + after)]


@pytest.mark.parametrize("hook", [each for each in HOOKS if "files" in each], ids=lambda hook: str(hook["id"]))
def test_each_part_of_a_hooks_pattern_matches_a_tracked_file(hook: dict[str, str]) -> None:
    parts = [each for part in re.split(r"\|(?=\^)", hook["files"]) for each in alternatives(part)]
    assert [part for part in parts if not any(re.search(part, path) for path in tracked())] == []


@pytest.mark.parametrize(
    "page", sorted(path for path in tracked() if path.endswith(".md") and not path.startswith("docs/adr/"))
)
def test_every_file_and_folder_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    slashed = [f"/{path}" for path in tracked()]
    missing = [name for name in FILE.findall(text) if not any(path.endswith(f"/{name}") for path in slashed)]
    missing += [name for name in FOLDER.findall(text) if not any(f"/{name}" in path for path in slashed)]
    assert sorted(set(missing) - NOT_OURS) == []


def test_every_module_that_a_file_says_to_run_is_there() -> None:
    missing = []
    for source in tracked():
        if source.endswith((".md", ".py", ".j2", ".toml", ".sh", "Makefile")):
            for name in MODULE.findall((ROOT / source).read_text(encoding="utf-8")):
                path = name.replace(".", "/")
                if not {f"{path}.py", f"{path}/__main__.py"} & set(tracked()):
                    missing.append((source, name))
    assert missing == []


INSTALLED = re.compile(r"pip install ['\"]?paddock\b(?![^'\"\n]* @ )")


def test_no_text_says_to_install_paddock_from_a_package_index() -> None:
    """The name is nobody's there: whoever registers it would run on a machine that holds credentials."""
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in tracked() if path.endswith((".md", ".py"))}
    assert [path for path, text in texts.items() if INSTALLED.search(text)] == []
