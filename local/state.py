"""State folder of one local cloud, and the cache that all local clouds share."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
STATE_VARIABLE = "PADDOCK_LOCAL_STATE"


def cache_folder() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/paddock`, outside the tree, so that a fresh checkout builds nothing twice."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paddock"


@dataclass(frozen=True, slots=True)
class State:
    """The state folder of one local cloud. Removing the folder of a stopped cloud removes the cloud."""

    folder: Path

    @classmethod
    def chosen(cls) -> State:
        """The folder that `PADDOCK_LOCAL_STATE` names, else `.local` in the checkout."""
        return cls(Path(os.environ.get(STATE_VARIABLE) or CHECKOUT / ".local").absolute())

    @property
    def cloud_json(self) -> Path:
        return self.folder / "cloud.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def processes(self) -> Path:
        return self.folder / "processes"

    @property
    def fork_server(self) -> Path:
        """Socket of the fork server, see local/plugins/fork_server.py."""
        return self.folder / "fork-server"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def etcd(self) -> Path:
        return self.folder / "etcd"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def bin(self) -> Path:
        """Programs that stand before the user's own on PATH."""
        return self.folder / "bin"

    @property
    def pulumi_home(self) -> Path:
        return self.folder / "pulumi-home"

    @property
    def pulumi(self) -> Path:
        return self.folder / "pulumi"

    @property
    def journal(self) -> Path:
        return self.folder / "created.jsonl"

    @property
    def pulumi_credentials(self) -> Path:
        return self.folder / "pulumi-credentials"

    def remove(self, *, keep_logs: bool = False) -> None:
        """Removes what a cloud writes and nothing else: the folder may be one that somebody chose by mistake."""
        for path in (
            *(self.cloud_json, self.kubeconfig, self.processes, self.fork_server, self.pki, self.etcd, self.bin),
            *(self.pulumi, self.pulumi_home, self.pulumi_credentials, self.journal),
            *(() if keep_logs else (self.logs,)),
        ):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with suppress(OSError):  # not there, or not empty
            self.folder.rmdir()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One command at a time changes a cloud's processes; a second one waits."""
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        with file_lock(cache_folder() / "locks" / name):
            yield


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Holds an exclusive lock, which the kernel frees when this process ends however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
