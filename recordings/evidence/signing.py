"""The Ed25519 key that signs manifests and the heads of the log. Whoever holds it is trusted: nobody else
is.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recordings.errors import RecordingsError

PRIVATE_FILE = "signing.key"
PUBLIC_FILE = "signing.pub"


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half, as it may be given to anybody."""

    octets: bytes

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.octets).hexdigest()[:16]

    @property
    def text(self) -> str:
        return b64encode(self.octets).decode()

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Raises RecordingsError."""
        with suppress(ValueError):
            octets = b64decode(text.strip(), validate=True)
            Ed25519PublicKey.from_public_bytes(octets)
            return cls(octets)
        raise RecordingsError("this is no public key of 32 octets in base64")

    def accepts(self, octets: bytes, signature: str) -> bool:
        try:
            public = Ed25519PublicKey.from_public_bytes(self.octets)
            public.verify(b64decode(signature, validate=True), octets)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """The private half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.verifier = Verifier(private.public_key().public_bytes_raw())

    @classmethod
    def open(cls, directory: Path) -> Signer:
        """Makes the key when there is none; raises RecordingsError when it cannot be read."""
        file = directory / PRIVATE_FILE
        try:
            if not file.exists():
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                _make(file)
            return cls(Ed25519PrivateKey.from_private_bytes(b64decode(file.read_bytes(), validate=True)))
        except OSError as error:
            raise RecordingsError(f"{file}: {error.strerror}") from error
        except ValueError as error:
            raise RecordingsError(f"{file} holds no signing key: {error}") from error

    def sign(self, octets: bytes) -> str:
        return b64encode(self._private.sign(octets)).decode()


def _make(file: Path) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as stream:
        private = Ed25519PrivateKey.generate()
        stream.write(b64encode(private.private_bytes_raw()))
        stream.flush()
        os.fsync(fd)
    file.with_name(PUBLIC_FILE).write_text(Verifier(private.public_key().public_bytes_raw()).text + "\n")
