"""EKS's authenticator: tells the API server who the bearer of an `aws eks get-token` token is, and in which groups.

Implements Kubernetes' TokenReview webhook. The token is a presigned STS request; who signed it is asked from the
emulated STS, and what they may do from the access entries of the emulated EKS. Signatures are not checked: moto cannot.

    python -m local.kubernetes.authenticator --port N --aws-endpoint URL --certificate FILE --key FILE
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
import ssl
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from local.processes.process import LOOPBACK

TOKEN_PREFIX = "k8s-aws-v1."  # noqa: S105 - it is no secret
CLUSTER_HEADER = "x-k8s-aws-id"
TOKEN_LIFE = timedelta(minutes=15)  # aws-iam-authenticator, pkg/token: a token is 15 minutes old at most
CLOCK_SKEW = timedelta(minutes=1)
STS_TIMEOUT_SECONDS = 5.0
CLUSTER_ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
ADMIN_GROUP = "system:masters"

log = logging.getLogger("authenticator")


class RefusedError(Exception):
    """Refusal of a token, with its reason."""


@dataclass(frozen=True, slots=True)
class Caller:
    """AWS identity of the signer, as STS tells it."""

    arn: str
    account: str
    user_id: str


@dataclass(frozen=True, slots=True)
class User:
    """Kubernetes user of that identity."""

    name: str
    uid: str
    groups: tuple[str, ...]


def signed_query(token: str, now: datetime) -> dict[str, str]:
    """The query of the presigned request in a token; refuses what EKS would refuse without asking anyone."""
    if not token.startswith(TOKEN_PREFIX):
        raise RefusedError(f"the token does not begin with {TOKEN_PREFIX}")
    encoded = token.removeprefix(TOKEN_PREFIX)
    try:
        url = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError("what follows the token's prefix is not base64 of a URL") from error
    query = dict(parse_qsl(urlsplit(url).query))
    if query.get("Action") != "GetCallerIdentity":
        raise RefusedError(f"the token signs {query.get('Action')!r}, not GetCallerIdentity")
    if CLUSTER_HEADER not in query.get("X-Amz-SignedHeaders", "").split(";"):
        raise RefusedError(f"the token does not sign {CLUSTER_HEADER}, so it is for no cluster")
    try:
        signed = datetime.strptime(query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise RefusedError(f"the token's X-Amz-Date is {query.get('X-Amz-Date')!r}, not a time") from error
    if not now - TOKEN_LIFE <= signed <= now + CLOCK_SKEW:
        raise RefusedError(
            f"the token was signed at {signed:%H:%M:%S} UTC, and now it is {now:%H:%M:%S}: it has expired"
        )
    return query


def principals(arn: str) -> tuple[str, ...]:
    """The ARNs by which an access entry may name a caller: a session of a role is named by its role."""
    prefix, _, resource = arn.rpartition(":")
    kind, _, name = resource.partition("/")
    iam = prefix.replace(":sts:", ":iam:")
    if kind == "assumed-role":
        return (f"{iam}:role/{name.split('/')[0]}",)
    return (arn, f"{iam}:{resource}")


def user_of(caller: Caller, entry: Mapping[str, Any], policies: Sequence[Mapping[str, Any]]) -> User:
    """The Kubernetes user that an access entry makes of a caller."""
    groups = list(entry.get("kubernetesGroups", []))
    if any(p["policyArn"] == CLUSTER_ADMIN_POLICY and p["accessScope"]["type"] == "cluster" for p in policies):
        groups.append(ADMIN_GROUP)
    if not groups:
        named = ", ".join(policy["policyArn"].rpartition("/")[2] for policy in policies) or "none"
        raise RefusedError(
            f"the access entry of {caller.arn} grants nothing that the local cloud emulates: it has no Kubernetes "
            "groups, and of access policies only AmazonEKSClusterAdminPolicy for the whole cluster counts here; "
            f"it has: {named}"
        )
    return User(
        name=entry.get("username") or caller.arn,
        uid=f"aws-iam-authenticator:{caller.account}:{caller.user_id}",
        groups=tuple(groups),
    )


@dataclass
class Authenticator:
    """Answers for the one cluster of one local cloud."""

    aws_endpoint: str
    eks: Any

    def user(self, token: str) -> User:
        query = signed_query(token, datetime.now(UTC))
        clusters = self.eks.list_clusters()["clusters"]
        if not clusters:
            raise RefusedError("there is no EKS cluster in this local cloud")
        caller = self._caller(query, clusters[0])
        config = self.eks.describe_cluster(name=clusters[0])["cluster"]["accessConfig"]
        if config["authenticationMode"] == "CONFIG_MAP":
            return self._creator(caller, config)
        for principal in principals(caller.arn):
            names = {"clusterName": clusters[0], "principalArn": principal}
            try:
                entry = self.eks.describe_access_entry(**names)["accessEntry"]
            except self.eks.exceptions.ResourceNotFoundException:
                continue
            policies = self.eks.list_associated_access_policies(**names)["associatedAccessPolicies"]
            return user_of(caller, entry, policies)
        raise RefusedError(f"cluster {clusters[0]} has no access entry for {caller.arn}")

    def _creator(self, caller: Caller, config: Mapping[str, Any]) -> User:
        # Every caller without a role of its own is the one user of the emulated account, who created the cluster.
        if ":user/" in caller.arn and config.get("bootstrapClusterCreatorAdminPermissions"):
            return user_of(caller, {"kubernetesGroups": [ADMIN_GROUP]}, [])
        raise RefusedError(
            f"{caller.arn} did not create the cluster, whose authenticationMode is CONFIG_MAP; the aws-auth ConfigMap "
            "is not emulated here: use API or API_AND_CONFIG_MAP with an access entry"
        )

    def _caller(self, query: Mapping[str, str], cluster: str) -> Caller:
        # The server finds the service and the key in the Authorization header alone.
        credential, headers = query.get("X-Amz-Credential", ""), query["X-Amz-SignedHeaders"]
        authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={headers}, Signature=presigned"
        request = urllib.request.Request(
            f"{self.aws_endpoint}/?{urlencode(query)}",
            headers={CLUSTER_HEADER: cluster, "Authorization": authorization},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=STS_TIMEOUT_SECONDS) as response:
                answer = response.read().decode()
        except HTTPError as error:
            with error:
                raise RefusedError(f"STS did not accept the token: {error}") from error
        told = dict(re.findall(r"<(Arn|Account|UserId)>([^<]*)</", answer))
        return Caller(arn=told["Arn"], account=told["Account"], user_id=told["UserId"])


def review(authenticator: Authenticator, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answers one TokenReview."""
    try:
        user = authenticator.user(request["spec"]["token"])
        status = {
            "authenticated": True,
            "user": {"username": user.name, "uid": user.uid, "groups": list(user.groups)},
        }
    except (RefusedError, BotoCoreError, ClientError, OSError) as error:
        log.info("refused: %s", error)
        status = {"authenticated": False, "error": str(error)}
    return {"apiVersion": request["apiVersion"], "kind": "TokenReview", "status": status}


class Handler(BaseHTTPRequestHandler):
    """GET is the health check, POST is a TokenReview."""

    authenticator: Authenticator

    def do_GET(self) -> None:
        self._answer({"ok": True})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(review(self.authenticator, json.loads(body)))

    def _answer(self, value: Mapping[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Refusals are logged, requests are not."""


def main(
    port: Annotated[int, typer.Option()],
    aws_endpoint: Annotated[str, typer.Option()],
    certificate: Annotated[Path, typer.Option()],
    key: Annotated[Path, typer.Option()],
) -> None:
    """Serves until it is stopped."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO)
    Handler.authenticator = Authenticator(aws_endpoint, boto3.client("eks", endpoint_url=aws_endpoint))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer((LOOPBACK, port), Handler) as server:
        # The handshake belongs to the connection's own thread, or one silent client would stop all.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.serve_forever()


if __name__ == "__main__":
    typer.run(main)
