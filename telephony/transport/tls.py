"""TLS for SIP (RFC 3261 section 26.2): the contexts of both sides, and a certificate to try it out with."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from telephony.settings import TlsSettings
from telephony.sip.hop import is_address

_VALID_FOR = timedelta(days=397)
_ALREADY_VALID = timedelta(hours=1)


class TlsError(Exception):
    """Certificate or key cannot be used; the text says which file and why."""


def server_context(settings: TlsSettings, own_name: str) -> ssl.SSLContext:
    """Reads certificate and key, or makes them when neither file is there; raises TlsError."""
    if not settings.certificate.exists() and not settings.key.exists():
        make_certificate(settings.certificate, settings.key, own_name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context, settings)
    return context


def load(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """Also again, while connections stand: those that come see the new certificate. Raises TlsError."""
    try:
        context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        where = f"{settings.certificate} and {settings.key}"
        raise TlsError(f"sip.tls: {where} are no certificate and its key: {error}") from error
    if settings.client_authorities is not None:
        try:
            context.load_verify_locations(settings.client_authorities)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"sip.tls.client_authorities: {settings.client_authorities}: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED


def client_context(settings: TlsSettings) -> ssl.SSLContext:
    """For connections that we open: the certificate of the other side is checked unless settings say no."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not settings.verify_peers:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def make_certificate(certificate: Path, key: Path, own_name: str) -> None:
    """Self-signed, for trying out: phones have to be told to trust it. Raises TlsError."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, own_name)])
    known_as: x509.GeneralName = (
        x509.IPAddress(ip_address(own_name)) if is_address(own_name) else x509.DNSName(own_name)
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _ALREADY_VALID)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([known_as]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    plain = secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        for file in (certificate, key):
            file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(plain)
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise TlsError(f"sip.tls: {certificate} cannot be made: {error.strerror}") from error
