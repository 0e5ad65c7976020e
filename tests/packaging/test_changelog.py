"""Changelog fragments: kinds and width, and that a release would print each of them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.markdown import LINE_COLUMNS

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "pyproject.toml"
FRAGMENTS = sorted(path for path in (ROOT / "changelog.d").glob("*.md") if path.name != "README.md")


def draft(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "next"]
    command += ["--config", str(CONFIGURATION), "--dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_release_prints_every_fragment_within_the_columns_of_a_page() -> None:
    printed = draft(ROOT)
    assert printed.returncode == 0, printed.stderr
    release_text = " ".join(printed.stdout.split())
    assert [path.name for path in FRAGMENTS if " ".join(path.read_text().split()) not in release_text] == []
    assert [line for line in printed.stdout.splitlines() if len(line) > LINE_COLUMNS] == []


def test_every_fragment_says_something() -> None:
    assert [path.name for path in FRAGMENTS if len(path.read_text().split()) < 4] == []


def test_no_line_of_a_fragment_is_wider_than_its_readme_says() -> None:
    readme = (ROOT / "changelog.d" / "README.md").read_text()
    columns = int(re.findall(r"at most (\d+) columns", readme)[0])
    lines = [(path.name, line) for path in FRAGMENTS for line in path.read_text().splitlines()]
    assert [each for each in lines if len(each[1]) > columns] == []


def test_a_fragment_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "1.feature.md").write_text("Something.\n")
    refused = draft(tmp_path)
    assert (refused.returncode, "1.feature.md" in refused.stderr) == (1, True)


def test_the_kinds_are_those_of_the_readme_in_its_order() -> None:
    kinds = [each["directory"] for each in tomllib.loads(CONFIGURATION.read_text())["tool"]["towncrier"]["type"]]
    page = (ROOT / "changelog.d" / "README.md").read_text()
    listed = [kind for line in re.findall(r"^- (`.*?):", page, re.MULTILINE) for kind in re.findall(r"`(\w+)`", line)]
    assert listed == kinds
