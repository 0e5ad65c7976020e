"""Wait of a Pulumi program for the tunnel that its operator opens, before it speaks to the Kubernetes API."""

import asyncio
import base64
import json
from time import monotonic
from urllib.parse import urlsplit

import pulumi

from paddock.operations.tunnel.probe import Answer, who_answers

WAIT_SECONDS = 600.0
LOOK_SECONDS = 1.0
HOW = "run `paddock tunnel --wait --stack-file <this stack's file>` in another terminal"


async def once_open(kubeconfig: str) -> str:
    """The same kubeconfig, once its cluster answers at the end of the tunnel.

    The Kubernetes provider asks the API once, when it is configured, and takes a cluster that does not answer then as
    unreachable for the whole update; so it must not be given the kubeconfig earlier. A preview does not wait: without
    the API the provider only foresees less.
    """
    cluster = json.loads(kubeconfig)["clusters"][0]
    port = int(urlsplit(cluster["cluster"]["server"]).port or 0)
    name = cluster["cluster"]["tls-server-name"]
    authority = base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()
    deadline = monotonic() + WAIT_SECONDS
    told = False
    while (answer := await asyncio.to_thread(who_answers, port, name, authority)) is not Answer.CLUSTER:
        text = _closed(cluster["name"], port, answer)
        if pulumi.runtime.is_dry_run():
            pulumi.log.warn(f"{text}, so this preview cannot ask it: {HOW}")
            break
        if monotonic() > deadline:
            raise pulumi.RunError(f"{text}, for {WAIT_SECONDS / 60:.0f} minutes: {HOW}, then run this again")
        if not told:
            pulumi.log.warn(f"{text}; waiting for it: {HOW}")
            told = True
        await asyncio.sleep(LOOK_SECONDS)
    return kubeconfig


def _closed(cluster: str, port: int, answer: Answer) -> str:
    if answer is Answer.STRANGER:
        return f"what answers on 127.0.0.1:{port} is not the API of {cluster}"
    return f"the API of {cluster} does not answer on 127.0.0.1:{port}, where its tunnel begins"
