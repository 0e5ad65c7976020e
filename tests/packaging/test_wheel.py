"""Contents and metadata of the wheel, which agree with the rest of the repository."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from paddock import __version__

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LIBRARY = ROOT / "components" / "paddock"


def names_in(wheel: ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if not name.endswith("/")}


def metadata(wheel: ZipFile) -> str:
    return wheel.read(f"paddock-{__version__}.dist-info/METADATA").decode()


def test_the_wheel_claims_one_import_name_and_no_other(wheel: ZipFile) -> None:
    top_level = {PurePosixPath(name).parts[0] for name in names_in(wheel)}
    assert top_level == {"paddock", f"paddock-{__version__}.dist-info"}


def test_the_wheel_holds_every_file_of_the_library_and_every_manifest(wheel: ZipFile) -> None:
    library = {
        path.relative_to(ROOT / "components").as_posix()
        for path in LIBRARY.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    manifests = {
        f"paddock/{path.relative_to(ROOT)}"
        for path in (ROOT / "manifests").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert manifests
    assert {name for name in names_in(wheel) if name.startswith("paddock/")} == library | manifests
    assert "paddock/py.typed" in library
    assert any(name.startswith("paddock/catalog/") and not name.endswith(".py") for name in library), "catalog data"


def test_an_unpacked_wheel_finds_its_manifests_with_no_checkout_beside_it(wheel: ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import paddock.common.manifests as m; "
        "assert m.__file__.startswith(sys.argv[1]), m.__file__; print(m.templates_folder())"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    found = Path(done.stdout.strip())
    assert found == tmp_path / "paddock" / "manifests"
    assert list(found.rglob("*.j2"))


def test_the_wheel_carries_the_license_in_full(wheel: ZipFile) -> None:
    text = wheel.read(f"paddock-{__version__}.dist-info/licenses/LICENSE").decode()
    assert text == (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert f"License-Expression: {PROJECT['license']}" in metadata(wheel)


def test_the_command_line_is_installed_under_the_projects_name(wheel: ZipFile) -> None:
    entry_points = wheel.read(f"paddock-{__version__}.dist-info/entry_points.txt").decode()
    assert entry_points == "[console_scripts]\npaddock = paddock.cli:main\n"


def test_the_version_is_stated_by_the_library_and_derived_elsewhere(wheel: ZipFile) -> None:
    assert (PROJECT["dynamic"], "version" in PROJECT) == (["version"], False)
    assert f"\nVersion: {__version__}\n" in metadata(wheel)
    assert re.findall(r"version=(.*),", (ROOT / "components" / "__main__.py").read_text()) == ["__version__"]
    assert yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text())["version"] == __version__


def test_the_component_plugin_asks_for_what_the_library_asks_for() -> None:
    lines = (ROOT / "components" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == PROJECT["dependencies"]


def distribution(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0]


def test_every_dependency_has_a_reason_and_no_reason_outlived_its_dependency() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    extras = [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    lines = [line for file in (ROOT / "tools").glob("*.in") for line in file.read_text().splitlines()]
    apart = [each for each in lines if each[:1] not in ("", "#")]
    wanted = {distribution(each) for each in [*PROJECT["dependencies"], *extras, *groups["dev"], *apart]}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert set(re.findall(r"^- `([^`]+)`: ", page, re.MULTILINE)) == wanted


@pytest.mark.parametrize("folder", ["components/PulumiPlugin.yaml", "policy/PulumiPolicy.yaml"])
def test_a_plugin_never_sits_beside_the_program_which_it_would_run(folder: str) -> None:
    assert (ROOT / folder).is_file()
    assert not (ROOT / Path(folder).name).exists()
