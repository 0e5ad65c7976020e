"""Fixtures of the session: what the pods stand in, the server that requests go to, a rollout of it."""

from collections.abc import Callable, Iterator

import pytest

from tests.smoke import manifest
from tests.smoke.kubelet import Kubelet
from tests.smoke.rollout import Rollout, roll_out
from tests.smoke.surroundings import VERSION, Outside, Surroundings

Say = Callable[[str], None]


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Say:
    """Print progress past pytest's capture: a start takes minutes."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")

    def said(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\n  {text}")

    return said


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    return Outside(tmp_path_factory.mktemp("outside"))


@pytest.fixture(scope="session")
def surroundings(tmp_path_factory: pytest.TempPathFactory, outside: Outside) -> Iterator[Surroundings]:
    made = Surroundings(tmp_path_factory.mktemp("smoke"), outside)
    yield made
    for pod in made.pods:
        pod.end()


@pytest.fixture(scope="session")
def server(surroundings: Surroundings, say: Say) -> Kubelet:
    """One started server."""
    kubelet = surroundings.new_pod()
    say(f"starting vLLM {VERSION} …")
    say(f"ready after {kubelet.start():.0f} s")
    return kubelet


@pytest.fixture(scope="session")
def rollout(surroundings: Surroundings, server: Kubelet, say: Say) -> Rollout:
    """A rollout that began with that server, which is gone then."""
    ready_seconds = float(manifest.deployment(VERSION)["minReadySeconds"])
    return roll_out(server, surroundings.new_pod, manifest.health_check(), ready_seconds, say)
