"""Commands of README and docs that need a cloud, as they stand in the pages, in one stack of the local cloud."""

from __future__ import annotations

import subprocess

import pytest

from tests.local.stack import Stack
from tests.pages import IN_THE_LOCAL_CLOUD, PREVIEW

NEW = f"{PREVIEW}, of a new stack"


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Exit status and output of each in a stack that stands, and of the preview before it does."""
    cloud = request.getfixturevalue("cloud")
    environment = cloud.environment()
    stack = Stack.of_llama("local", environment, tmp_path_factory.mktemp("pages") / "llama")

    found = {NEW: typed(PREVIEW, stack)}
    stack.up()
    found |= {text: typed(text, stack) for text in IN_THE_LOCAL_CLOUD}
    stack.destroy()
    return found


def typed(text: str, stack: Stack) -> tuple[int, str]:
    """The command in a shell, in the folder of the stack, which is the selected one."""
    done = subprocess.run(
        ["sh", "-c", text],
        cwd=stack.folder,
        env=dict(stack.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


SAYS: dict[str, str] = {
    NEW: "private",
    PREVIEW: "private",
    "pulumi stack export | paddock prove --stack-export -": "private",
    "paddock plan --stack-file stacks/Pulumi.local.yaml --against local": "changes nothing",
    "pulumi stack export --stack local | paddock plan --stack-file stacks/Pulumi.local.yaml --against -": (
        "changes nothing"
    ),
    "pulumi stack output endpoint": "http://llama-vllm.llama.svc.cluster.local:8000/v1",
    "kubectl get pods -n llama -o wide": "Running",
    "kubectl describe deploy/llama-vllm -n llama": "vllm",
}


@pytest.mark.parametrize("text", SAYS)
def test_a_command_of_a_page_works_in_a_stack(text: str, ran: dict[str, tuple[int, str]]) -> None:
    status, output = ran[text]
    assert status == 0, output
    assert SAYS[text] in output
