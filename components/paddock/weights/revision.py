"""Revision of a model's weights: its files, whence they came and under which license, as `paddock-revision.json`."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any

REVISION_FILE = "paddock-revision.json"
SIGNATURE_FILE = "model.sig"
"""OpenSSF Model Signing's own name for its bundle. It is written last: a revision exists when it does."""
REVOKED_FILE = "revoked.json"
MODELS = "models/"
"""Start of every key of the store: `models/<model>/<revision>/<file>`, the folder of `bucket.weights_prefix`."""
RESERVED = frozenset({REVISION_FILE, SIGNATURE_FILE, REVOKED_FILE})
"""Names in a revision's folder that no file of a checkpoint may have."""
UNSIGNED = frozenset({".git", ".gitattributes", ".github", ".gitignore"})
"""First parts of paths that model-signing 1.1.1 leaves out of every signature: its `Config.hash` in hashing.py."""
FORMAT = 1

FOLDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
"""Name of a model or a revision. It stands in IAM policies, where `*`, `?` and `${…}` would mean more."""
HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}")
PARTS = re.compile(r"-[1-9][0-9]{0,4}")
"""Ending of a multipart upload's checksum: S3 takes 10,000 parts."""
MAX_NAME_BYTES = 900
"""Longest name: 1,024 of an S3 key less the folder's 265. Source: S3 user guide, object-keys, read 2026-11-29."""
MAX_FILES = 20_000
MAX_SIZE_BYTES = 50 * 2**40
"""Largest object, source: CopyObject of the S3 API Reference (botocore 1.44.5), read 2026-11-29."""
MAX_JSON_BYTES = 16 * 2**20
MAX_TEXT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One file of a revision, as S3 stored it."""

    name: str
    """Path in the revision's folder, with slashes."""
    size_bytes: int
    sha256: str
    """SHA-256 of the whole content, 64 hex digits."""
    s3_checksum: str
    """ChecksumSHA256 as S3 keeps it: base64, with `-<parts>` where it is composite."""
    version_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLicense:
    """License of the weights, and its acceptance."""

    license: str
    """Its id in the catalog, such as `llama3.1`."""
    text_sha256: str
    """SHA-256 of the license's text in the source, 64 hex digits; empty where the source has none."""
    by: str
    on: str
    """The day, as ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A checkpoint's immutable copy in the store."""

    model: str
    name: str
    quantization: str
    source: str
    """`hf://<organization>/<repository>`, `s3://…` or `file://…`."""
    source_commit: str
    """Commit of the Hugging Face repository, 40 hex digits; empty for other sources."""
    license: AcceptedLicense | None
    files: tuple[WeightFile, ...]
    derived_from: str = ""
    """Provenance of weights that were made of others, such as by quantizing; empty for a copy."""
    details: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{self.model}/{self.name}"

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.files)


def to_json(revision: Revision) -> bytes:
    """Bytes of `paddock-revision.json`: the same for the same revision. `ValueError` where `from_json` refuses it."""
    text = (json.dumps({"format": FORMAT} | asdict(revision), indent=1, sort_keys=True) + "\n").encode()
    from_json(text)
    return text


def from_json(text: bytes | str) -> Revision:
    """Revision of the file's text; `ValueError` for anything else. The text may be anybody's: nothing is believed."""
    try:
        return _revision(_ours(strict_object(text)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"it is no {REVISION_FILE} that this version reads: {error}") from None


def name_problem(name: str) -> str | None:
    """Fault of a file's name in a revision's folder; None where there is none.

    It becomes an S3 key and, where the folder is downloaded, a path.
    """
    if not isinstance(name, str) or not name or not name.isprintable():
        return "it is empty or has characters that do not print"
    if "\\" in name or name.startswith("/") or {"", ".", ".."} & set(name.split("/")):
        return "it is no plain path below the folder: no backslash, no leading or double slash, no `.` or `..`"
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return "it is no Unicode text"
    if length > MAX_NAME_BYTES:
        return f"it has over {MAX_NAME_BYTES} bytes"
    if name in RESERVED:
        return "it is the name of a file that paddock writes itself"
    if name.split("/")[0] in UNSIGNED:
        return "OpenSSF Model Signing signs no file of git's; leave it behind"
    return None


def refuse_names(names: Iterable[str]) -> None:
    """Raise `ValueError` for the first name that no revision may have: a bad one, a double, a file that is a folder."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        if problem := name_problem(name):
            raise ValueError(f"a file is named {name!r:.120}: {problem}")
        if name in seen:
            raise ValueError(f"it has {name!r:.120} twice")
        seen.add(name)
        parts = name.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
    if both := sorted(seen & folders):
        raise ValueError(f"{both[0]!r:.120} is a file and a folder")


def single_checksum(sha256: str) -> str:
    """ChecksumSHA256 of an object that was put in one part: base64 of the same digest."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def strict_object(text: bytes | str) -> dict[str, Any]:
    """Object of a JSON text that may be anybody's; `ValueError` or `TypeError` for what two readers could read in two
    ways, and for over 16 MiB."""
    if len(text) > MAX_JSON_BYTES:
        raise ValueError(f"it has over {MAX_JSON_BYTES} bytes")
    try:
        read = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(read, dict):
        raise TypeError("it is no object")
    return read


def _ours(read: dict[str, Any]) -> dict[str, Any]:
    if (given := read.pop("format", None)) != FORMAT or given is True:
        raise ValueError(f"its format is not {FORMAT}")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _revision(read: dict[str, Any]) -> Revision:
    _only(read, Revision, optional={"derived_from", "details"})
    given, files, details = read["license"], read["files"], read.get("details", {})
    if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
        raise ValueError(f"files is no list of 1 to {MAX_FILES} files")
    if not isinstance(details, dict):
        raise TypeError("details is no object")
    revision = Revision(
        model=_matching(read, "model", FOLDER),
        name=_matching(read, "name", FOLDER),
        quantization=_matching(read, "quantization", FOLDER),
        source=_text(read, "source"),
        source_commit=_matching(read, "source_commit", COMMIT, optional=True),
        license=None if given is None else _license(given),
        files=tuple(_file(each) for each in files),
        derived_from=_text(read, "derived_from", optional=True),
        details={_plain(key): _text(details, key, optional=True) for key in details},
    )
    refuse_names(each.name for each in revision.files)
    return revision


def _license(read: Any) -> AcceptedLicense:
    _only(read, AcceptedLicense)
    day = _text(read, "on")
    if date.fromisoformat(day).isoformat() != day:
        raise ValueError("license.on is no day as YYYY-MM-DD")
    return AcceptedLicense(
        license=_text(read, "license"),
        text_sha256=_matching(read, "text_sha256", HEX_SHA256, optional=True),
        by=_text(read, "by"),
        on=day,
    )


def _file(read: Any) -> WeightFile:
    _only(read, WeightFile)
    size_bytes = read["size_bytes"]
    if type(size_bytes) is not int or not 0 <= size_bytes <= MAX_SIZE_BYTES:
        raise ValueError(f"size_bytes is no whole number of 0 to {MAX_SIZE_BYTES}")
    return WeightFile(
        name=_text(read, "name"),
        size_bytes=size_bytes,
        sha256=_matching(read, "sha256", HEX_SHA256),
        s3_checksum=_checksum(_text(read, "s3_checksum")),
        version_id=_text(read, "version_id", optional=True),
    )


def _checksum(text: str) -> str:
    digest, parts = text[:44], text[44:]
    try:
        length = len(base64.b64decode(digest, validate=True))
    except binascii.Error:
        length = 0
    if length != 32 or (parts and not PARTS.fullmatch(parts)):
        raise ValueError(f"s3_checksum is no SHA-256 as S3 writes it, got {text!r:.80}")
    return text


def _only(read: Any, kind: type, optional: Iterable[str] = ()) -> None:
    """Refuse what is no object with just the fields of the dataclass."""
    if not isinstance(read, dict):
        raise TypeError(f"a {kind.__name__} is no object")
    names = {each.name for each in fields(kind)}
    if wrong := sorted((set(read) - names) | (names - set(read) - set(optional))):
        raise ValueError(f"a {kind.__name__} has {'no' if wrong[0] in names else 'an unknown'} {wrong[0]!r:.60}")


def _text(read: dict[str, Any], key: str, *, optional: bool = False) -> str:
    value = read.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key!r:.60} is no text")
    if len(value) > MAX_TEXT or not value.isprintable() or not (value or optional):
        raise ValueError(f"{key!r:.60} is empty, longer than {MAX_TEXT} or has characters that do not print")
    return value


def _plain(key: str) -> str:
    if not key.isprintable() or not 0 < len(key) <= MAX_TEXT:
        raise ValueError(f"details has the key {key!r:.60}")
    return key


def _matching(read: dict[str, Any], key: str, pattern: re.Pattern[str], *, optional: bool = False) -> str:
    value = _text(read, key, optional=optional)
    if value and not pattern.fullmatch(value):
        raise ValueError(f"{key} is {value!r:.80}, which is not {pattern.pattern}")
    return value
