"""What a file holds, in few octets: for the manifest that says so later."""

from __future__ import annotations

import hashlib
import zlib


class ContentDigest:
    """SHA-256 over a file as it grows, and a checksum of each chunk, which finds the place of a change."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()
        self._marks = bytearray()
        self.size_bytes = 0

    def add(self, octets: bytes) -> None:
        """The header, or one chunk."""
        self._whole.update(octets)
        self._marks += zlib.crc32(octets).to_bytes(4, "little")
        self.size_bytes += len(octets)

    @property
    def sha256(self) -> str:
        return self._whole.hexdigest()

    @property
    def marks(self) -> str:
        """Of the header and of every chunk in order, one after the other, in hexadecimal."""
        return self._marks.hex()
