"""MkDocs hook: the site's pages are the tracked ones, each at its path in the repository, where its links hold."""

import subprocess
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PATHS = ("*.md", "docs/*.json", "docs/*.svg", ":!.github", ":!changelog.d")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    root = Path(config.config_file_path).parent
    listed = subprocess.run(["git", "ls-files", *PATHS], cwd=root, capture_output=True, text=True, check=True)
    pages = [File.generated(config, path, abs_src_path=str(root / path)) for path in listed.stdout.splitlines()]
    # MkDocs found those of `docs/` at its root; the theme's own files stay.
    return Files([*(file for file in files if file.src_dir != config.docs_dir), *pages])
