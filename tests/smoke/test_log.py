"""The start-up log: `paddock calibrate` reads it as `kubectl logs` gives it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.smoke.asking import MODEL
from tests.smoke.kubelet import Kubelet
from tests.smoke.surroundings import VERSION


def test_calibrate_reads_version_model_and_flags_of_a_pods_log(server: Kubelet) -> None:
    said = server.pod.log.read_text(errors="replace")
    asked = [str(Path(sys.executable).with_name("paddock")), "calibrate", "--from-logs", "-", "--gpu", "L4", "--json"]
    ended = subprocess.run(asked, input=said, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    read = json.loads(ended.stdout)
    assert VERSION in json.dumps(read)
    assert MODEL in json.dumps(read)
