"""A secret of the configuration stays one: encrypted in the state, absent from logs, outputs and command lines.

The certificate in a kubeconfig is no secret: it says whom to trust, and every client of the API is shown it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.processes.cloud import LocalCloud
from tests.local.look import Look
from tests.local.secrets import Watch, assert_nowhere, files_of, spellings
from tests.local.stack import Stack

PROGRAM = Path(__file__).parent / "programs" / "secret"
KEY = 'Xk9 "quoted"/\\+&é 4hV2mB7qTz'
"""Secret with the signs that JSON, URLs and shells spell in ways of their own."""
NOTE = "a-note-that-is-no-secret-q8Zt"


@pytest.fixture
def stack(cloud: LocalCloud, tmp_path: Path) -> Iterator[Stack]:
    config = {"aws:region": "us-east-1", "secret:note": NOTE}
    made = Stack.of_program(PROGRAM, "secret", config, cloud.environment(), tmp_path / "program")
    made.set_secret("secret:key", KEY)
    yield made
    made.destroy()
    made.run("stack", "rm", "--yes")


def test_a_secret_is_nowhere_but_where_it_is_needed(cloud: LocalCloud, look: Look, stack: Stack) -> None:
    with Watch() as watch:
        texts = {"preview": stack.run("preview", "--json", "--diff").stdout}
        # At 9 the engine's own log has the secret, in the values that it hands to providers (seen with 3.259).
        up = stack.up("--logtostderr", "--verbose=4")
        texts |= {
            "up": up.stdout,
            "the engine's log": up.stderr,
            "outputs": stack.run("stack", "output", "--json").stdout,
            "export": stack.run("stack", "export").stdout,
            "refresh": stack.run("refresh", "--yes", "--skip-preview").stdout,
        }
    assert_nowhere(KEY, cloud, stack.folder, texts, watch)
    # The other side: it did arrive, and what is no secret is found in all of these places.
    name = next(each["id"] for each in stack.resources() if each["urn"].endswith("Parameter::key"))
    assert look.aws("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == KEY
    assert files_of(NOTE, [], texts) != []
    with pytest.raises(AssertionError):
        assert_nowhere(NOTE, cloud, stack.folder, {}, watch)


@pytest.mark.parametrize("spelled", sorted(spellings("Xk9-4hV2mB7qTz-Rw5")))
def test_a_secret_is_found_however_it_is_spelled(spelled: bytes, tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_bytes(b'{"value": "' + spelled + b'"}')
    assert files_of("Xk9-4hV2mB7qTz-Rw5", [file], {}) == [str(file)]
