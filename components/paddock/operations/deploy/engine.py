"""The user's stack in the user's backend, brought up by Pulumi's Automation API."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddock.catalog.lookup import RefusedError
from paddock.operations.deploy.file_backend import CUT_SHORT, folder_of, living_lock, mend_attributes
from paddock.operations.deploy.locks import is_busy, locks_in
from paddock.operations.deploy.pending import Find, name_of, settled

if TYPE_CHECKING:
    from pulumi.automation import Stack

Tell = Callable[[str], None]

WAIT_SECONDS = 2.0
HISTORY = 20
"""Entries of a stack's past in which its last update is looked for."""
SAID = re.compile(
    r"^\s*[+~\-]*\s*(?P<what>\S+:\S+\s+\S+)\s+(?P<did>created|updated|deleted|replaced|imported)\b(?P<more>.*)"
)
DID = {"created": "made", "updated": "changed", "deleted": "removed", "replaced": "replaced", "imported": "took over"}
NOTHING = "urn:pulumi:none::none::none:none:None::none"
"""URN of no object of any stack."""
STACK_TYPE = "pulumi:pulumi:Stack"
PROJECT_FILE = "Pulumi.yaml"


def progress(line: str) -> str | None:
    """One line about an object that is done, of pulumi's own progress; None for all other lines."""
    found = SAID.match(line)
    if found is None or ":index:" in found["what"] or "pulumi:pulumi:" in found["what"]:
        return None
    took = re.search(r"\((\d+)s\)", found["more"])
    return f"{DID[found['did']]} {' '.join(found['what'].split())}" + (
        f" ({took[1]} s)" if took and took[1] != "0" else ""
    )


class StackEngine:
    """One stack of the project in a folder."""

    def __init__(self, name: str, folder: Path, tell: Tell) -> None:
        self.name, self.folder, self.tell = name, folder, tell
        if not (folder / PROJECT_FILE).is_file():
            raise RefusedError(f"there is no {PROJECT_FILE} in {folder}; run it in the folder of the project")
        self._stack: Stack | None = None
        self._state: dict[str, Any] | None = None

    @property
    def stack(self) -> Stack:
        """The stack, selected, and made in the backend where it is not there."""
        if self._stack is None:
            from pulumi.automation import CommandError, LocalWorkspace
            from pulumi.automation import Stack as AutomationStack

            from paddock.operations.deploy.command import Engine

            try:
                workspace = LocalWorkspace(work_dir=str(self.folder), pulumi_command=Engine())
                try:
                    self._stack = AutomationStack.create_or_select(self.name, workspace)
                except CommandError as failed:
                    if CUT_SHORT not in str(failed) or not self._mend_files(workspace.who_am_i().url or ""):
                        raise
                    self._stack = AutomationStack.create_or_select(self.name, workspace)
            except FileNotFoundError:
                raise RefusedError(
                    "there is no `pulumi` on PATH; install it: https://www.pulumi.com/docs/install/"
                ) from None
            except CommandError as failed:
                raise RefusedError(f"pulumi does not select the stack {self.name}: {reason(str(failed))}") from None
        return self._stack

    def _mend_files(self, url: str) -> bool:
        """True where the backend is files of this machine, and one that a kill cut short was removed."""
        backend = folder_of(url)
        if backend is None or living_lock(backend) is not None:
            return False
        broken = mend_attributes(backend)
        for file in broken:
            self.tell(f"an earlier pulumi was killed while it wrote {file.name}: removed, the state is whole")
        return bool(broken)

    @property
    def project(self) -> str:
        return str(self.stack.workspace.project_settings().name)

    def state(self) -> dict[str, Any]:
        """The deployment as Pulumi recorded it; secrets stay encrypted. Read anew once something was done to it."""
        if self._state is None:
            self._state = dict(self._guarded(lambda: self.stack.export_stack().deployment) or {})
        return self._state

    def outputs(self) -> dict[str, Any]:
        """Outputs of the stack, none of which is a secret: of its state, as Pulumi's command starts twice for them."""
        resources = self.state().get("resources") or ()
        return next((dict(each.get("outputs") or {}) for each in resources if each["type"] == STACK_TYPE), {})

    def stands(self, digest: str, file: Path) -> bool:
        """True where the last update made the plan with this digest, and the stack file was not written since.

        Said under the stack's lock: an engine may be at work, and the lock of one that was killed is removed, which
        would keep the next `pulumi` out.
        """
        if not self._stood(digest, file):
            return False
        self._changing(self._hold)
        return self._stood(digest, file)

    def _stood(self, digest: str, file: Path) -> bool:
        # Taking the lock leaves a refresh that failed.
        past = self._guarded(lambda: self.stack.history(page_size=HISTORY, show_secrets=False))
        info = next((each for each in past if each.kind != "refresh"), None)
        if info is None or info.result != "succeeded" or info.end_time is None:
            return False
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        return self.outputs().get("plan_digest") == digest and written < info.end_time.replace(tzinfo=UTC)

    def recover(self, find: Find) -> None:
        """Settle what a killed engine left; waits for one that is still at work here."""
        if not settled(self.state(), lambda _: None).needed:
            return
        # What is pending may be the work of an engine that lives: only under its lock the state is the last one.
        self._changing(self._hold)
        done = settled(self.state(), find)
        if not done.needed:
            return
        for what, these in (
            ("made just before it was killed, taken over", done.taken_over),
            ("not made yet, will be made now", done.dropped),
            ("left half changed, read again", done.unfinished),
        ):
            for urn in these:
                self.tell(f"{what}: {name_of(urn)}")
        with tempfile.TemporaryDirectory(prefix="paddock-") as folder:
            file = Path(folder) / "state.json"
            file.touch(mode=0o600)
            file.write_text(json.dumps({"version": 3, "deployment": done.deployment}), encoding="utf-8")
            self._changing(lambda: self._pulumi("stack", "import", "--force", "--file", str(file)))
        if urns := [*done.taken_over, *done.unfinished]:
            # These alone: the rest needs no way to the cluster.
            self._changing(lambda: self.stack.refresh(target=list(urns), color="never", show_secrets=False))

    def _hold(self) -> None:
        """Take the stack's lock for a moment; raises `CommandError` where another engine has it."""
        from pulumi.automation import CommandError

        try:
            self.stack.refresh(target=[NOTHING], color="never", show_secrets=False)
        except CommandError as failed:
            # That there is no such object is said under the lock.
            if is_busy(str(failed)):
                raise

    def up(self, targets: Sequence[str] = (), program: Callable[[], None] | None = None) -> None:
        """`pulumi up` without asking; raises `RefusedError` with what Pulumi says.

        A `program` takes the place of the project's own, for its `targets` alone.
        """
        self._changing(
            lambda: self.stack.up(
                target=list(targets) or None,
                program=program,
                color="never",
                suppress_outputs=True,
                show_secrets=False,
                on_output=self._told,
            )
        )

    def _told(self, line: str) -> None:
        if text := progress(line):
            self.tell(text)

    def _pulumi(self, *arguments: str) -> None:
        workspace = self.stack.workspace
        workspace.pulumi_command.run([*arguments, "--stack", self.name], workspace.work_dir, workspace.env_vars)

    def _changing(self, act: Callable[[], Any]) -> None:
        """Does what may change the state; it is read anew even where that failed halfway."""
        try:
            self._guarded(act)
        finally:
            self._state = None

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """Outcome of the act, once no engine holds the stack any more."""
        from pulumi.automation import CommandError

        told = False
        while True:
            try:
                return act()
            except CommandError as failed:
                said = str(failed)
                if not is_busy(said):
                    raise RefusedError(f"pulumi failed on the stack {self.name}: {reason(said)}") from None
                if not self._may_wait(said, told=told):
                    self.tell("an earlier pulumi was killed at work: its lock is removed")
                    self.stack.cancel()
                    continue
                told = True
                time.sleep(WAIT_SECONDS)

    def _may_wait(self, said: str, *, told: bool) -> bool:
        """True while an engine of this machine is at work, False once all locks are of engines that have ended."""
        held = locks_in(said)
        others = [each for each in held if not each.here]
        if not held or others:
            who = f" ({others[0]})" if others else ""
            raise RefusedError(
                f"another update of the stack {self.name} is under way{who}, or was cut off there; wait for it, or "
                f"where it is gone for good run `pulumi cancel --stack {self.name}`, then run this again"
            )
        living = [each for each in held if each.lives()]
        if living and not told:
            self.tell(f"an earlier pulumi is still at work ({living[0]}); waiting until it is done")
        return bool(living)


def reason(said: str) -> str:
    """The errors in what a command of pulumi printed, in one line."""
    lines = [line.strip() for line in said.splitlines()]
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    kept = [each for each in dict.fromkeys(errors) if each and not each.startswith("update failed")]
    found = "; ".join(kept) or next((line for line in reversed(lines) if line), "it says nothing")
    return found[:1500]
