"""The state folder, its lock, the certificates in it, and how progress is told."""

from __future__ import annotations

import io
import re
import ssl
import stat
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from rich.console import Console

from local.processes.pki import Pki
from local.progress import Steps, duration
from local.state import State, file_lock


def test_removing_a_cloud_leaves_what_it_did_not_write(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.logs.mkdir(parents=True)
    (state.logs / "etcd.log").touch()
    state.cloud_json.touch()
    (state.folder / "mine.txt").touch()
    state.remove()
    assert [file.name for file in state.folder.iterdir()] == ["mine.txt"]


def test_removing_a_cloud_removes_its_folder(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.etcd.mkdir(parents=True)
    state.remove()
    assert not state.folder.exists()
    state.remove()


def test_a_lock_makes_the_second_wait_for_the_first(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with file_lock(tmp_path / "lock"):
            order.append("second")

    with file_lock(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.made(tmp_path_factory.mktemp("pki"))


def test_private_keys_are_readable_by_their_owner_alone(pki: Pki) -> None:
    modes = {stat.S_IMODE(file.stat().st_mode) for file in pki.folder.glob("*.key")}
    assert modes == {0o600}


def test_certificates_are_not_made_again(pki: Pki) -> None:
    before = pki.authority.certificate.read_bytes()
    assert Pki.made(pki.folder).authority.certificate.read_bytes() == before


def test_the_admin_is_in_the_group_that_may_do_everything(pki: Pki) -> None:
    certificate = x509.load_pem_x509_certificate(pki.pair("admin").certificate.read_bytes())
    assert certificate.subject.rfc4514_string() == "O=system:masters,CN=paddock-local-admin"


def test_a_client_of_this_cloud_does_not_trust_another_cloud(pki: Pki, tmp_path: Path) -> None:
    other = Pki.made(tmp_path)
    trusted = pki.client_context("admin").get_ca_certs(binary_form=True)
    assert ssl.PEM_cert_to_DER_cert(pki.authority.certificate.read_text()) in trusted
    assert ssl.PEM_cert_to_DER_cert(other.authority.certificate.read_text()) not in trusted


def test_a_long_step_tells_now_and_then_where_nobody_watches() -> None:
    said = io.StringIO()
    steps = Steps(Console(file=said, width=200), plain_line_every_seconds=0.05)
    with steps.step("building it", 200) as step:
        step.detail = "k8s.io/api"
        time.sleep(0.2)
    lines = said.getvalue().splitlines()
    assert lines[0] == "  building it …"
    assert re.fullmatch(r"  building it: 0\.\d s of about 3 min 20 s · k8s\.io/api", lines[1])
    assert lines[-1].startswith("✓ building it")


def test_a_step_that_fails_is_marked_and_its_error_comes_through() -> None:
    said = io.StringIO()
    with pytest.raises(OSError, match="disk full"), Steps(Console(file=said)).step("building it"):
        raise OSError("disk full")
    assert said.getvalue().splitlines()[-1].startswith("✗ building it")


def test_a_terminal_sees_a_bar() -> None:
    said = io.StringIO()
    steps = Steps(Console(file=said, force_terminal=True, width=120))
    with steps.step("building it", 200):
        time.sleep(0.4)
    assert "building it" in said.getvalue()
    assert "of about 3 min 20 s" in said.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(4.21, "4.2 s"), (48, "48 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s")])
def test_durations_are_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
