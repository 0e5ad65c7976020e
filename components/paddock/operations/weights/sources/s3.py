"""Checkpoint below a prefix in S3, streamed through this machine."""

from __future__ import annotations

from typing import Any

from paddock.operations.aws_errors import aws_errors
from paddock.operations.weights.sources.source import Announce, Listing, SourceError, SourceFile
from paddock.operations.weights.sources.stream import MendedReader, Stream


class S3Source:
    """Objects below a prefix; each is read by the ETag that it was listed with."""

    def __init__(self, client: Any, bucket: str, prefix: str, announce: Announce = lambda _: None) -> None:
        self._client, self._bucket, self._announce = client, bucket, announce
        self._prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""

    @property
    def address(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def listing(self) -> Listing:
        files: list[SourceFile] = []
        with aws_errors(f"listing {self.address}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in pages:
                for each in page.get("Contents", ()):
                    if not each["Key"].endswith("/"):
                        name = each["Key"].removeprefix(self._prefix)
                        files.append(SourceFile(name=name, size_bytes=each["Size"], identity=each["ETag"]))
        if not files:
            raise SourceError(f"{self.address} has no objects; --from s3://BUCKET/PREFIX names a checkpoint's folder")
        return Listing(address=self.address, commit="", files=tuple(files))

    def open(self, file: SourceFile, offset: int) -> MendedReader:
        return MendedReader(lambda at: self._stream(file, at), file, offset, self._announce)

    def _stream(self, file: SourceFile, offset: int) -> Stream:
        with aws_errors(f"reading {self.address}/{file.name}"):
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._prefix + file.name, Range=f"bytes={offset}-", IfMatch=file.identity
            )
        body = answer["Body"]
        return Stream(read=body.read, close=body.close)
