"""One recording's key at work: AES-256-GCM, and the wrapping of the key by another one."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from recordings.chunk import SealBroken

KEY_BYTES = 32


class AesGcmSeal:
    """A key seals each number once: a second payload under the same number would betray both."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, number: int, octets: bytes, bound_to: bytes) -> bytes:
        return self._cipher.encrypt(number.to_bytes(12, "big"), octets, bound_to)

    def unseal(self, number: int, octets: bytes, bound_to: bytes) -> bytes:
        try:
            return self._cipher.decrypt(number.to_bytes(12, "big"), octets, bound_to)
        except InvalidTag as error:
            raise SealBroken("the seal is broken") from error


def wrap_key(wrapping: bytes, key: bytes) -> bytes:
    """RFC 3394."""
    return aes_key_wrap(wrapping, key)


def unwrap_key(wrapping: bytes, wrapped: bytes) -> bytes:
    try:
        return aes_key_unwrap(wrapping, wrapped)
    except (InvalidUnwrap, ValueError) as error:
        raise SealBroken("the key was wrapped by another key, or changed since") from error
