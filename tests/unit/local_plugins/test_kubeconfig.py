"""From a kubeconfig to a server and a token. The real credential plugin runs in tests/local."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.plugins.resource_kubernetes import kubeconfig
from local.plugins.resource_kubernetes.api import Api, ApiError
from local.plugins.resource_kubernetes.kubeconfig import Credential, KubeconfigError
from local.plugins.resource_kubernetes.objects import Address, Kind
from tests.unit.local_plugins import fake_api
from tests.unit.local_plugins.fake_api import FakeApi

_ANYTHING = Address(Kind("v1", "ConfigMap"), "a", "team")
_PRINTER = """
import json, os, sys
from pathlib import Path
runs = Path({folder!r}) / "runs"
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
assert json.loads(os.environ["KUBERNETES_EXEC_INFO"])["kind"] == "ExecCredential"
status = {{"token": "token-" + str(len(runs.read_text()))}} | {extra!r}
print(json.dumps({{"kind": "ExecCredential", "status": status}}))
"""


def plugin(folder: Path, **extra: str) -> dict[str, object]:
    """A kubeconfig user whose tokens are token-1, token-2 and so on."""
    script = folder / "get_token.py"
    script.write_text(_PRINTER.format(folder=str(folder), extra=extra))
    return {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": sys.executable, "args": [str(script)]}
    }


def credential(user: Mapping[str, object], now: float = 0.0) -> Credential:
    return Credential(kubeconfig.load(fake_api.kubeconfig("http://x", user)), clock=lambda: now)


def test_the_text_and_the_path_of_a_kubeconfig_lead_to_the_same_server(tmp_path: Path) -> None:
    text = fake_api.kubeconfig("https://10.0.0.1:6443/")
    file = tmp_path / "config"
    file.write_text(text)
    by_text, by_path = kubeconfig.load(text), kubeconfig.load(str(file))
    assert by_text.server == by_path.server == "https://10.0.0.1:6443"
    assert by_text.namespace == "team"


def test_the_environment_names_the_kubeconfig_where_the_provider_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(fake_api.kubeconfig("https://by-environment"))
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert kubeconfig.load(None).server == "https://by-environment"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no current-context"),
        ('{"current-context": "x"}', "no context 'x'; it has none"),
        ('{"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c"}}]}', "no cluster 'c'"),
        ("a: [\nb", "is not YAML"),
        ("- a\n- b", "is not a kubeconfig"),
        ("/no/such/file", "cannot read the kubeconfig /no/such/file"),
    ],
)
def test_a_broken_kubeconfig_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(KubeconfigError, match=said):
        kubeconfig.load(text)


def test_what_is_not_yaml_is_never_quoted_because_it_holds_credentials() -> None:
    with pytest.raises(KubeconfigError) as caught:
        kubeconfig.load("token: [hunter2\n")
    assert "hunter2" not in str(caught.value)


def test_the_plugin_runs_once_while_its_token_is_good(tmp_path: Path) -> None:
    found = credential(plugin(tmp_path, expirationTimestamp="1970-01-01T01:00:00Z"))
    assert [found.token(), found.token()] == ["token-1", "token-1"]


def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    late = 3600.0 - 30
    found = credential(plugin(tmp_path, expirationTimestamp="1970-01-01T01:00:00Z"), now=late)
    assert [found.token(), found.token()] == ["token-1", "token-2"]


def test_a_token_that_the_server_refuses_is_renewed_once(tmp_path: Path, api: FakeApi) -> None:
    api.tokens = {"token-2"}
    opened = Api(kubeconfig.load(fake_api.kubeconfig(api.url, plugin(tmp_path))))
    assert opened.get(_ANYTHING) is None


def test_a_refused_static_token_is_the_servers_own_error(api: FakeApi) -> None:
    api.tokens = {"right"}
    opened = Api(kubeconfig.load(fake_api.kubeconfig(api.url, {"token": "wrong"})))
    with pytest.raises(ApiError, match="Unauthorized"):
        opened.get(_ANYTHING)


def test_a_token_file_is_read_where_the_kubeconfig_lies(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    file = tmp_path / "config"
    file.write_text(fake_api.kubeconfig("http://x", {"tokenFile": "token"}))
    assert Credential(kubeconfig.load(str(file))).token() == "from-file"


def test_a_failing_plugin_shows_its_last_line(tmp_path: Path) -> None:
    script = tmp_path / "fail.py"
    script.write_text("import sys; sys.exit('Unable to locate credentials')")
    user = {"exec": {"command": sys.executable, "args": [str(script)]}}
    with pytest.raises(KubeconfigError, match="status 1: Unable to locate credentials"):
        credential(user).token()


def test_a_missing_plugin_gives_the_kubeconfigs_own_hint() -> None:
    user = {"exec": {"command": "no-such-plugin", "installHint": "pip install awscli"}}
    with pytest.raises(KubeconfigError, match="no-such-plugin cannot be run: pip install awscli"):
        credential(user).token()


def test_what_a_plugin_prints_is_never_quoted(tmp_path: Path) -> None:
    script = tmp_path / "odd.py"
    script.write_text("print('hunter2')")
    with pytest.raises(KubeconfigError) as caught:
        credential({"exec": {"command": sys.executable, "args": [str(script)]}}).token()
    assert "hunter2" not in str(caught.value)


def test_a_user_entry_that_is_not_supported_is_named() -> None:
    with pytest.raises(KubeconfigError, match="auth-provider"):
        credential({"auth-provider": {"name": "gcp"}})


def test_json_is_yaml_enough() -> None:
    assert json.loads(fake_api.kubeconfig("http://x"))["current-context"] == "here"
