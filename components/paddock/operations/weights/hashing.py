"""SHA-256 whose state can be written down between two blocks of 64 bytes, and taken up by another process.

Python's hashlib keeps its state to itself, so a file whose upload was killed would be read once more from its
beginning. OpenSSL's own functions, which hashlib calls too, work on a plain record: eight words and a length. Where
they cannot be reached, the state is empty and the file is read again (ADR 0032).
Source of the record: openssl 3.0, include/openssl/sha.h, read 2026-11-29.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import struct
import sys
from functools import cache
from typing import Any, Protocol

BLOCK_BYTES = 64
_WORDS = struct.Struct(">8IQ")


class Sha256(Protocol):
    def update(self, data: memoryview) -> None: ...

    def state(self) -> str:
        """State as hex digits; empty where it cannot be told."""
        ...

    def hexdigest(self) -> str: ...


class _Record(ctypes.Structure):
    _fields_ = (
        ("h", ctypes.c_uint32 * 8),
        ("low", ctypes.c_uint32),
        ("high", ctypes.c_uint32),
        ("data", ctypes.c_uint32 * 16),
        ("held", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
    )


@cache
def _openssl() -> Any:
    """OpenSSL's library, or None. On macOS a process that loads it by its bare name is ended by the system."""
    if sys.platform == "darwin" or sys.platform == "win32":
        return None
    try:
        # The one that hashlib uses, where it is a library and not built in.
        library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
        library.SHA256_Update.argtypes = (ctypes.POINTER(_Record), ctypes.c_void_p, ctypes.c_size_t)
        library.SHA256_Init.argtypes = (ctypes.POINTER(_Record),)
        library.SHA256_Final.argtypes = (ctypes.c_char_p, ctypes.POINTER(_Record))
    except (OSError, AttributeError):
        return None
    return library if _agrees(library) else None


def _agrees(library: Any) -> bool:
    """True where it computes what hashlib does, from a state that was written down."""
    first, second = bytes(range(128)), b"the end"
    half = _OpenSsl(library)
    half.update(memoryview(first))
    rest = _OpenSsl(library, half.state())
    rest.update(memoryview(second))
    return rest.hexdigest() == hashlib.sha256(first + second).hexdigest()


class _OpenSsl:
    def __init__(self, library: Any, state: str = "") -> None:
        self._library, self._record = library, _Record()
        library.SHA256_Init(ctypes.byref(self._record))
        if state:
            *words, count = _WORDS.unpack(bytes.fromhex(state))
            self._record.h[:] = words
            self._record.low, self._record.high = count * 8 & 0xFFFFFFFF, count * 8 >> 32

    def update(self, data: memoryview) -> None:
        # A buffer that may be written gives its address; bytes are copied first.
        whole = data if not data.readonly else memoryview(bytearray(data))
        start = (ctypes.c_char * len(whole)).from_buffer(whole)
        self._library.SHA256_Update(ctypes.byref(self._record), ctypes.addressof(start), len(whole))

    def state(self) -> str:
        if self._record.held:
            return ""
        count = (self._record.high << 32 | self._record.low) // 8
        return _WORDS.pack(*self._record.h, count).hex()

    def hexdigest(self) -> str:
        copy, digest = _Record.from_buffer_copy(self._record), ctypes.create_string_buffer(32)
        self._library.SHA256_Final(digest, ctypes.byref(copy))
        return digest.raw.hex()


class _Hashlib:
    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def update(self, data: memoryview) -> None:
        self._sum.update(data)

    def state(self) -> str:
        return ""

    def hexdigest(self) -> str:
        return self._sum.hexdigest()


def sha256_from(state: str = "") -> Sha256:
    """Sum that goes on from a state; raises `ValueError` where no state can be taken up here."""
    library = _openssl()
    if library is not None:
        try:
            return _OpenSsl(library, state)
        except struct.error:
            raise ValueError("it is no state of SHA-256") from None
    if state:
        raise ValueError("no state of SHA-256 can be taken up here")
    return _Hashlib()
