"""Pages of the documentation: Markdown that a person can read without a renderer."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import paddock
from tools import reference
from tools.markdown import LINE_COLUMNS
from tools.picture import BOXES, NETWORK, picture

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
PAGES = LISTED.stdout.splitlines()


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_a_page_is_wider_than_120_columns(page: str) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    assert lines
    assert [(number, line) for number, line in enumerate(lines, 1) if len(line) > LINE_COLUMNS] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_list_or_a_table_begins_after_an_empty_line_as_the_site_wants_it(page: str) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^(?![-*] |\d+\. |\|| |$).*\n(?:[-*] |\d+\. |\|).*", text, re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_block_inside_a_list_is_indented_by_fours_as_the_site_wants_it(page: str) -> None:
    text = re.sub(r"^ *```.*?^ *```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\n\n((?: {4})* {1,3}\S.*)", text) == []


def test_the_architecture_page_draws_the_layers_that_are_checked() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [each["layers"] for each in linter["contracts"] if each["type"] == "layers"]
    section = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("\n## Layers\n")[1]
    drawn = [line.split("   ")[0] for line in section.split("\n## ")[0].split("\n    ")[1:]]
    assert drawn == layers


def test_the_reference_has_every_component_with_each_argument() -> None:
    sections = dict(part.split("\n", 1) for part in reference.components_page().split("\n## ")[1:])
    components = [name for name in paddock.__all__ if f"{name}Args" in paddock.__all__]
    assert sorted(sections) == sorted(components)
    for name in components:
        arguments, outputs = (
            re.findall(r"^- `(\w+)` ", part, re.MULTILINE) for part in sections[name].split("**Outputs.**")
        )
        assert arguments == list(getattr(paddock, f"{name}Args").__annotations__)
        assert outputs == list(getattr(paddock, name).__annotations__)


def test_the_picture_has_every_component_and_the_page_of_outputs_every_export() -> None:
    components = {name for name in paddock.__all__ if f"{name}Args" in paddock.__all__}
    assert {*BOXES, *NETWORK} & components == components - {"LlamaPlatform"}
    assert all(name in picture() for name in components - {"LlamaPlatform"})
    exports = re.findall(r'pulumi\.export\("(\w+)"', (ROOT / "__main__.py").read_text(encoding="utf-8"))
    assert re.findall(r"^- `(\w+)`: ", reference.outputs_page(), re.MULTILINE) == exports


def test_a_stale_reference_is_noticed_and_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in reference.FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("old\n")
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    assert (reference.main(["--check"]), capsys.readouterr().err.count("out of date")) == (1, len(reference.FILES))
    assert (reference.main([]), reference.main(["--check"])) == (0, 0)


def built(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    """A site of a repository with one page, with our settings but for the list of pages."""
    (folder / "docs").mkdir()
    (folder / "README.md").write_text(page)
    settings = (ROOT / "mkdocs.yml").read_text().split("\nnav:")[0].replace("tools/site.py", f"{ROOT}/tools/site.py")
    (folder / "mkdocs.yml").write_text(settings)
    for command in (["git", "init", "--quiet"], ["git", "add", "README.md"]):
        subprocess.run(command, cwd=folder, timeout=60, check=True)
    build = [sys.executable, "-m", "mkdocs", "build"]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(build, cwd=folder, env=quiet, capture_output=True, text=True, timeout=60, check=False)


def test_a_link_or_an_anchor_that_leads_nowhere_fails_the_site(tmp_path: Path) -> None:
    failed = built(tmp_path, "# Title\n\n[a](docs/gone.md) [b](#nowhere) [c](docs)\n")
    assert failed.returncode == 1
    assert [word for word in ("docs/gone.md", "#nowhere", "'docs'") if word not in failed.stderr] == []


def test_the_site_asks_nobody_for_a_script_a_style_or_a_font(tmp_path: Path) -> None:
    done = built(tmp_path, "# Title\n\n[a](#title)\n")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "index.html").read_text()
    assert re.findall(r'<link [^>]*rel="stylesheet"', page)
    assert re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="(?:https?:)?//[^"]*"', page) == []
