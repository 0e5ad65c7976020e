"""`tools/bootstrap.sh`: when it installs anew, and what it says of a failure. The `uv` is the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UV = f"""#!/bin/sh
echo "$*" >> "$CALLS"
[ -z "$SAYS" ] || {{ echo "$SAYS" >&2; exit 1; }}
case "$1" in venv) mkdir -p .venv/bin; ln -sf {sys.executable} .venv/bin/python ;; esac
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def bootstrap(tmp_path: Path, calls: Path) -> Run:
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "bootstrap.sh", tmp_path / "tools")
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "uv").write_text(UV)
    (commands / "uv").chmod(0o755)

    def run(*first_on_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        calls.write_text("")
        path = os.pathsep.join([*map(str, first_on_path), str(commands), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "CALLS": str(calls), "SAYS": "", **variables}
        command = [tmp_path / "tools" / "bootstrap.sh"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_what_was_installed_is_not_installed_again_with_python_on_another_path(
    bootstrap: Run, calls: Path, tmp_path: Path
) -> None:
    assert bootstrap().returncode == 0
    assert len(calls.read_text().splitlines()) == 3
    other = tmp_path / "shims"
    other.mkdir()
    (other / "python3").symlink_to(sys.executable)
    for again in (bootstrap(other), bootstrap(tmp_path / ".venv" / "bin")):
        assert (again.returncode, again.stdout, calls.read_text()) == (0, "", "")


def test_a_changed_lock_is_installed_into_the_same_environment(bootstrap: Run, calls: Path, tmp_path: Path) -> None:
    bootstrap()
    (tmp_path / "requirements.lock").write_text("another==1\n")
    assert bootstrap().returncode == 0
    assert [line.split()[0] for line in calls.read_text().splitlines()] == ["pip", "pip"]


@pytest.mark.parametrize(
    "said",
    [
        "error: Request failed after 3 retries\n  Caused by: dns error",
        "WARNING: Retrying (Retry(total=4, connect=None)) after it broke\nERROR: No matching distribution found",
    ],
)
def test_without_a_package_index_one_message_says_so(said: str, bootstrap: Run) -> None:
    failed = bootstrap(SAYS=said)
    assert failed.returncode == 1
    (line,) = failed.stderr.splitlines()
    assert "no package index is reachable" in line


def test_any_other_failure_is_shown_in_its_own_words(bootstrap: Run) -> None:
    failed = bootstrap(SAYS="error: hash mismatch")
    assert "error: hash mismatch\n" in failed.stderr
    assert "failed; what it said is above" in failed.stderr


def test_too_little_disk_is_said_before_anything_is_fetched(bootstrap: Run, calls: Path, tmp_path: Path) -> None:
    df = tmp_path / "commands" / "df"
    df.write_text("#!/bin/sh\necho Filesystem\necho none 100 90 10 90% /\n")
    df.chmod(0o755)
    refused = bootstrap()
    assert refused.returncode == 1
    assert "10 MiB; make room" in refused.stderr
    assert calls.read_text() == ""
