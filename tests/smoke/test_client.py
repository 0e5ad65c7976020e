"""x"""
import time
from tests.smoke.conftest import Smoke
from tests.smoke.kubelet import Kubelet

def test_up(server: Kubelet, smoke: Smoke) -> None:
    print(smoke.aws.calls[:20], smoke.aws.tokens_shown[:3], smoke.wire.opened())
    print(server.pod.processes())
    print(server.pod.run(["python","-c","import urllib.request as u;print(u.urlopen('http://127.0.0.1:8000/health').status)"],20))
    print(server.last_words())
    assert 0
