"""AWS as a pod needs it: S3 that answers Pod Identity's credentials alone, and the agent that hands them out.

S3 is moto, which checks no signature: who asked is taken from the access key and the session token. Of checksums moto
5.2.5 shows none where S3 does, so those of what was put are added to its answers.
"""

import json
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from paddock.serving.network_policy import POD_IDENTITY_AGENT
from paddock.weights.revision import REVISION_FILE, SIGNATURE_FILE
from tests.unit.weights.signed import checksum, store_of

AGENT = POD_IDENTITY_AGENT.partition("/")[0]
S3_PORT = 9000
ACCESS_KEY, SESSION_TOKEN = "ASIAPODIDENTITY00000", "session-token-of-the-pod"
OWNER = "AKIAOWNEROFTHEBUCKET"
TOKEN_FILE = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"
POD_TOKEN = "token-of-the-service-account"


class Call(NamedTuple):
    """A call of S3: what was asked, in the words of its policies, and whether it was answered."""

    action: str
    resource: str
    prefix: str | None
    answered: bool


class Aws:
    """Both endpoints at this machine's address on the pods' network, while the tests run."""

    def __init__(self, address: str) -> None:
        self.endpoint = f"http://{address}:{S3_PORT}"
        self.calls: list[Call] = []
        self.tokens_shown: list[str] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._checksums: dict[str, str] = {}
        s3 = make_server(address, S3_PORT, self._answer, threaded=True)
        agent = ThreadingHTTPServer((AGENT, 80), self._agent())
        for server in (s3, agent):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """Variables that EKS puts into the pod of a Pod Identity association, and where this S3 is."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{AGENT}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": TOKEN_FILE,
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def put(self, folder: Path, uri: str) -> None:
        """Upload a folder's files as the bucket's owner, and make a signed revision of them."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        *_, model, name = prefix.split("/")
        client = self.owner()
        client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        contents = {file.name: file.read_bytes() for file in folder.iterdir()}
        versions = {each: self.put_object(f"{bucket}/{prefix}/{each}", text) for each, text in contents.items()}
        signed = store_of(contents, model=model, name=name, versions=versions)
        for each in (REVISION_FILE, SIGNATURE_FILE):
            self.put_object(f"{bucket}/{prefix}/{each}", signed.contents[each])

    def put_object(self, path: str, content: bytes) -> str:
        """Put one object; returns its version."""
        bucket, _, key = path.partition("/")
        self._checksums[path] = checksum(content)
        return str(self.owner().put_object(Bucket=bucket, Key=key, Body=content)["VersionId"])

    def content(self, path: str) -> bytes:
        bucket, _, key = path.partition("/")
        return bytes(self.owner().get_object(Bucket=bucket, Key=key)["Body"].read())

    def delete(self, path: str) -> None:
        bucket, _, key = path.partition("/")
        self.owner().delete_object(Bucket=bucket, Key=key)

    def owner(self) -> Any:
        """Client of the bucket's owner."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=OWNER,
            aws_secret_access_key="secret",
            config=Config(s3={"addressing_style": "path"}),
        )

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        key = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition("/")[0]
        if key == OWNER:
            return self._moto(environ, start)  # type: ignore[no-any-return]
        answered = key == ACCESS_KEY and environ.get("HTTP_X_AMZ_SECURITY_TOKEN") == SESSION_TOKEN
        self.calls.append(_call(environ, answered=answered))
        if answered:
            return self._moto(environ, self._with_checksum(environ, start))  # type: ignore[no-any-return]
        start("403 Forbidden", [("Content-Type", "application/xml")])
        return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]

    def _with_checksum(self, environ: dict[str, Any], start: Callable[..., Any]) -> Callable[..., Any]:
        kept = self._checksums.get(environ["PATH_INFO"].lstrip("/"))
        if kept is None or environ.get("HTTP_X_AMZ_CHECKSUM_MODE") != "ENABLED" or environ["REQUEST_METHOD"] != "HEAD":
            return start
        return lambda status, headers, *rest: start(status, [*headers, ("x-amz-checksum-sha256", kept)], *rest)

    def _agent(self) -> type[BaseHTTPRequestHandler]:
        shown = self.tokens_shown

        class Agent(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shown.append(self.headers.get("Authorization", ""))
                known = shown[-1] == POD_TOKEN and self.path == "/v1/credentials"
                expires = datetime.now(UTC) + timedelta(hours=6)
                credentials = {
                    "AccessKeyId": ACCESS_KEY,
                    "SecretAccessKey": "secret",
                    "Token": SESSION_TOKEN,
                    "AccountId": "123456789012",
                    "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
                }
                body = json.dumps(credentials if known else {"message": "unauthorized"}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Agent


def _call(environ: dict[str, Any], *, answered: bool) -> Call:
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    method, query = environ["REQUEST_METHOD"], parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if method in ("GET", "HEAD") and key:
        return Call("s3:GetObject", f"{bucket}/{key}", None, answered)
    if method == "GET" and not query.keys() - {
        "list-type",
        "prefix",
        "delimiter",
        "continuation-token",
        "encoding-type",
    }:
        return Call("s3:ListBucket", bucket, query.get("prefix", [""])[0], answered)
    return Call(f"{method} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}", bucket, None, answered)
