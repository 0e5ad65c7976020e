"""A pod of a rendered Deployment, run by this machine's namespaces: what the container would have, and nothing else.

Its own network with an address, root file system, process numbers; the user, groups and capabilities of its security
context; the environment of the manifest. What the manifest says and this does not know is an error, not left out.
Not here: cgroups, the seccomp profile, the image, whose place a virtual environment and this machine's /usr take.
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

KNOWN_SPEC = {
    "automountServiceAccountToken",
    "containers",
    "enableServiceLinks",
    "initContainers",
    "nodeSelector",
    "restartPolicy",
    "securityContext",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    "tolerations",
    "volumes",
}
KNOWN_CONTAINER = {
    "args",
    "command",
    "env",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "startupProbe",
    "terminationMessagePolicy",
    "volumeMounts",
}
SYSTEM_FOLDERS = ("usr", "bin", "sbin", "lib", "lib64", "etc/ssl")
NAMED = Path("/run/netns")
"""Folder of named network namespaces, as `ip netns` has it."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108  of the container, as containerd gives 64 MiB to each
TERMINATION_LOG = "dev/termination-log"
"""File in which a container may say why it ends; the kubelet shows its text as the state's message."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, kw_only=True)
class Image:
    """Image of the container: folders, read-only and at the same place, and where its commands are."""

    folders: Sequence[Path]
    commands: Path


@dataclass(kw_only=True)
class Pod:
    """One pod: `start()`, then `signal()`, `run()` beside it, `end()`."""

    name: str
    address: str
    template: Mapping[str, Any]
    """`spec.template.spec` of the Deployment."""
    objects: Mapping[tuple[str, str], Mapping[str, Any]]
    """The rendered objects by kind and name, for what the pod mounts and reads."""
    image: Image
    folder: Path
    """Place of its files and its log."""
    network: "Network"
    more_args: Sequence[str] = ()
    more_env: Mapping[str, str] = field(default_factory=dict)
    more_mounts: Mapping[str, Path] = field(default_factory=dict)
    volumes: Path | None = None
    """Folder of the pod's volumes; None where it is the only container's."""
    _process: subprocess.Popen[bytes] | None = None
    _pid: int = 0

    def __post_init__(self) -> None:
        unknown = (self.template.keys() - KNOWN_SPEC) | (self.container.keys() - KNOWN_CONTAINER)
        assert not unknown, f"the manifest has {sorted(unknown)}, which tests/smoke/pod.py cannot run yet"
        self.folder.mkdir(parents=True)

    @property
    def container(self) -> Mapping[str, Any]:
        (only,) = self.template["containers"]
        found: Mapping[str, Any] = only
        return found

    @property
    def init_pods(self) -> "list[Pod]":
        """The init containers, each as a pod of itself alone but for the volumes."""
        rest = {key: value for key, value in self.template.items() if key != "initContainers"}
        volumes, found = self.folder / "volumes", []
        for each in self.template.get("initContainers", ()):
            alone, folder = {**rest, "containers": [each]}, self.folder / each["name"]
            found.append(
                replace(self, template=alone, folder=folder, volumes=volumes, more_args=(), _process=None, _pid=0)
            )
        return found

    def initialize(self, seconds: float = 120) -> str:
        """Run the init containers one after another; the message of the first that fails, or nothing."""
        for init in self.init_pods:
            init.start(is_long=False)
            code = init.wait(seconds)
            init.end()
            if code != 0:
                return init.message or f"exit code {code}: {init.log.read_text()[-2000:]}"
        return ""

    @property
    def message(self) -> str:
        """Message of the container about its end."""
        return (self.folder / "termination-log").read_text().strip()

    @property
    def port(self) -> int:
        (only,) = self.container["ports"]
        return int(only["containerPort"])

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """The container's first process, as this machine counts."""
        return self._pid

    @property
    def environment(self) -> dict[str, str]:
        """The container's, and `PATH` of the image."""
        given = {each["name"]: self._value(each) for each in self.container.get("env", ())}
        return {"PATH": f"{self.image.commands}:{PATH}", **given, **self.more_env}

    def _value(self, variable: Mapping[str, Any]) -> str:
        if "value" in variable:
            return str(variable["value"])
        (kind,) = variable["valueFrom"]
        assert kind == "secretKeyRef", f"an environment variable from {kind}, which tests/smoke/pod.py cannot read yet"
        reference = variable["valueFrom"][kind]
        return str(self.objects["Secret", reference["name"]]["stringData"][reference["key"]])

    def start(self, *, is_long: bool = True) -> None:
        """Start the container; one that is not long may have ended when this returns."""
        namespace = self.network.add(self.name, self.address)
        root = self.folder / "root"
        command = [*self.container["command"], *self.container.get("args", ()), *self.more_args]
        script = "\n".join(("set -eu", *self._mounts(root), f"exec {shlex.join([*self._user(), *command])}"))
        unshare = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--ipc", "--uts")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["nsenter", f"--net={namespace}", *unshare, "sh", "-c", script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + 60
        while is_long and self._process.poll() is None and not self._has_user():
            assert time.monotonic() < deadline, "no process in the pod after a minute"
            with suppress(FileNotFoundError):
                self._pid = int(next(iter(children.read_text().split()), "0"))
            time.sleep(0.05)

    def _has_user(self) -> bool:
        """True once the first process is the container's user, which it becomes when all is mounted."""
        with suppress(FileNotFoundError):
            return bool(self._pid) and Path(f"/proc/{self._pid}").stat().st_uid == self._uid
        return False

    @property
    def _uid(self) -> int:
        return int(self.template["securityContext"]["runAsUser"])

    def _user(self, environment: Mapping[str, str] | None = None) -> list[str]:
        """The command that becomes the container's user, with its environment alone."""
        pod, own = self.template["securityContext"], self.container["securityContext"]
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert own["allowPrivilegeEscalation"] is False
        variables = environment or self.environment
        return [
            "setpriv",
            f"--reuid={self._uid}",
            f"--regid={int(pod['runAsGroup'])}",
            f"--groups={int(pod['fsGroup'])}",
            *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
            *("env", "-i", *(f"{name}={value}" for name, value in variables.items())),
        ]

    def _mounts(self, root: Path) -> Iterator[str]:
        """Lines of a shell script that make the container's file system and enter it."""

        def bound(source: Path, target: str, *, writable: bool = False) -> Iterator[str]:
            path = shlex.quote(str(root / target.lstrip("/")))
            yield f"mkdir -p {path}" if source.is_dir() else f"mkdir -p $(dirname {path}); touch {path}"
            yield f"mount --bind {shlex.quote(str(source))} {path}"
            if not writable:
                yield f"mount -o remount,bind,ro {path}"

        yield f"mkdir -p {root}; mount -t tmpfs -o mode=755 root {root}"
        for name in SYSTEM_FOLDERS:
            source = Path("/") / name
            if source.is_symlink():
                yield f"ln -s {source.readlink()} {root / name}"
            else:
                yield from bound(source, name)
        for file, text in self._etc().items():
            (self.folder / file).write_text(text)
            yield from bound(self.folder / file, f"etc/{file}")
        yield from bound(Path("/etc/ld.so.cache"), "etc/ld.so.cache")
        for folder in self.image.folders:
            yield from bound(folder, str(folder))
        yield f"mkdir {root}/proc {root}/sys {root}/dev; mount -t proc proc {root}/proc"
        yield f"mount --rbind /sys {root}/sys"
        for device in DEVICES:
            yield from bound(Path("/dev") / device, f"dev/{device}", writable=True)
        log = self.folder / "termination-log"
        log.touch()
        # As the kubelet makes it, for whatever user the container has.
        log.chmod(0o666)
        yield from bound(log, TERMINATION_LOG, writable=True)
        volumes = {each["name"]: each for each in self.template["volumes"]}
        if SHARED_MEMORY not in {mount["mountPath"] for mount in self.container["volumeMounts"]}:
            yield f"mkdir {root}{SHARED_MEMORY}; mount -t tmpfs -o size=64m,mode=1777 shm {root}{SHARED_MEMORY}"
        for mount in self.container["volumeMounts"]:
            yield from self._volume(volumes[mount["name"]], root, mount["mountPath"])
            if mount.get("readOnly") and "emptyDir" in volumes[mount["name"]]:
                yield f"mount -o remount,bind,ro {root}{mount['mountPath']}"
        for target, source in self.more_mounts.items():
            yield from bound(source, target)
        yield f"cd {root}; pivot_root . .; umount -l ."
        if self.container["securityContext"]["readOnlyRootFilesystem"]:
            yield "mount -o remount,ro /"
        yield f"hostname {self.name}; cd /"

    def _volume(self, volume: Mapping[str, Any], root: Path, target: str) -> Iterator[str]:
        path = root / target.lstrip("/")
        (kind,) = volume.keys() - {"name"}
        group = int(self.template["securityContext"]["fsGroup"])
        if kind == "emptyDir" and volume[kind].get("medium") == "Memory":
            size = volume[kind]["sizeLimit"].removesuffix("i")
            yield f"mkdir -p {path}; mount -t tmpfs -o size={size},mode=2777,gid={group} {volume['name']} {path}"
            return
        source = (self.volumes or self.folder / "volumes") / volume["name"]
        source.mkdir(parents=True, exist_ok=True)
        if kind == "emptyDir":
            os.chown(source, 0, group)
            source.chmod(0o2777)
        elif kind == "configMap":
            for name, text in self.objects["ConfigMap", volume[kind]["name"]]["data"].items():
                (source / name).write_text(text)
        else:
            raise AssertionError(f"a volume of kind {kind}, which tests/smoke/pod.py cannot mount yet")
        yield f"mkdir -p {path}; mount --bind {source} {path}"
        if kind != "emptyDir":
            yield f"mount -o remount,bind,ro {path}"

    def _etc(self) -> dict[str, str]:
        """Users of an image, none of which is the pod's; names that resolve to nothing."""
        return {
            "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
            "group": "root:x:0:\nnogroup:x:65534:\n",
            "hosts": f"127.0.0.1 localhost\n{self.address} {self.name}\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
            "resolv.conf": f"nameserver {self.network.address}\noptions timeout:1 attempts:1\n",
        }

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def processes(self) -> dict[int, str]:
        """Processes in the pod, as this machine numbers them, and what each calls itself."""
        ours = Path(f"/proc/{self._pid}/ns/pid").readlink()
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "ns" / "pid").readlink() == ours:
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return found

    def run(self, command: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as `kubectl exec` and a hook of the kubelet do."""
        enter = ("nsenter", f"--target={self._pid}", "--mount", "--net", "--pid", "--ipc", "--uts", "--root", "--wd")
        return subprocess.run(
            [*enter, *self._user(), *command], capture_output=True, text=True, timeout=timeout, check=False
        )

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._pid, number)

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None where it still runs after so many seconds."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def end(self) -> None:
        if self.running:
            self.signal(signal.SIGKILL)
            self.wait(30)
        self.network.remove(self.name)
        if self.volumes is None:
            shutil.rmtree(self.folder / "volumes", ignore_errors=True)


class Network:
    """A bridge of this network namespace, which has no other way out; this machine's end is `address`."""

    def __init__(self, address: str, beside: Sequence[str] = ()) -> None:
        """`beside`: more addresses of this machine, such as the Pod Identity agent's."""
        self.address = address
        # Of this mount namespace alone: no name of a run that was killed is in the way.
        NAMED.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "netns", NAMED], check=True)
        _ip("link set lo up")
        _ip("link add pods type bridge")
        for each in (f"{address}/24", *(f"{other}/32" for other in beside)):
            _ip(f"address add {each} dev pods")
        _ip("link set pods up")

    def add(self, name: str, address: str) -> Path:
        """A network namespace for a pod, all of whose packets come over the bridge."""
        _ip(f"netns add {name}")
        _ip(f"link add {name} type veth peer name eth0 netns {name}")
        _ip(f"link set {name} master pods up")
        for each in ("link set lo up", f"address add {address}/24 dev eth0", "link set eth0 up"):
            _ip(f"-n {name} {each}")
        _ip(f"-n {name} route add default via {self.address}")
        return NAMED / name

    def remove(self, name: str) -> None:
        if (NAMED / name).exists():
            # The namespace lets go of its end later, and the next container of the pod has the same name.
            _ip(f"link delete {name}")
            _ip(f"netns delete {name}")


def _ip(arguments: str) -> None:
    done = subprocess.run(["ip", *arguments.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {arguments}: {done.stderr}"
