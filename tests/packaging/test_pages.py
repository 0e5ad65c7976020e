"""Pages of the documentation: Markdown that a person can read without a renderer."""

import subprocess
from pathlib import Path

import pytest

from tools.markdown import LINE_COLUMNS

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
PAGES = LISTED.stdout.splitlines()


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_a_page_is_wider_than_120_columns(page: str) -> None:
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    assert lines
    assert [(number, line) for number, line in enumerate(lines, 1) if len(line) > LINE_COLUMNS] == []
