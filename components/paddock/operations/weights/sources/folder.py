"""Checkpoint in a folder of this machine."""

from __future__ import annotations

from pathlib import Path

from paddock.operations.weights.sources.source import Listing, SourceError, SourceFile

POINTER = b"version https://git-lfs.github.com/spec/"
"""Beginning of what `git clone` without LFS leaves in a file's place. Source: its docs/spec.md, read 2026-11-29."""


class _FileReader:
    def __init__(self, path: Path, offset: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._file.seek(offset)

    def readinto(self, buffer: memoryview) -> int:
        return self._file.readinto(buffer) or 0

    def close(self) -> None:
        self._file.close()


class FolderSource:
    """Folder with the checkpoint's files; links are followed where they stay below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def listing(self) -> Listing:
        if not self._folder.is_dir():
            raise SourceError(
                f"{self._folder} is no folder; --from file://FOLDER names one with the checkpoint's files"
            )
        try:
            paths = sorted(path for path in self._folder.rglob("*") if path.is_file())
            files = tuple(self._file(path) for path in paths if ".git" not in path.relative_to(self._folder).parts)
        except OSError as error:
            raise SourceError(f"cannot read {error.filename}: {(error.strerror or '').lower()}") from None
        return Listing(address=f"file://{self._folder}", commit="", files=files)

    def open(self, file: SourceFile, offset: int) -> _FileReader:
        path = self._folder / file.name
        try:
            if self._file(path).identity != file.identity:
                raise SourceError(f"{path} changed while it was copied; start again when nothing writes there")
            return _FileReader(path, offset)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {(error.strerror or '').lower()}") from None

    def _file(self, path: Path) -> SourceFile:
        about = path.stat()
        name = path.relative_to(self._folder).as_posix()
        if about.st_size < 1024 and path.suffix == ".safetensors" and path.read_bytes().startswith(POINTER):
            raise SourceError(f"{path} is a pointer of Git LFS and not the file; run `git lfs pull` in its repository")
        return SourceFile(name=name, size_bytes=about.st_size, identity=f"{about.st_size}-{about.st_mtime_ns}")
