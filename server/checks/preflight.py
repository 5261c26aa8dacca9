"""What this machine must give a server before one is started: ports, folders, files."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path

from config.settings import HttpSettings, Settings
from media.errors import MediaError
from media.settings import MediaSettings
from media.sockets import own_address
from server.access.exposure import exposure_problem
from server.errors import StartError
from telephony.settings import SipSettings
from telephony.transport.tls import TlsError, load

PRIVATE_FOLDER = 0o750  # what is in it tells of callers


def ground_problems(settings: Settings) -> list[str]:
    """Everything that is missing; changes nothing. Asked first, since the engine takes a while to start."""
    folders = {
        "server.data_directory": settings.server.data_directory,
        "recordings.directory": settings.recordings.directory,
    }
    problems = [no_sip_port(settings.sip), _no_http_port(settings.http), exposure_problem(settings.http)]
    problems += [_not_writable(folder, key) for key, folder in folders.items()]
    problems += [_no_sound_address(settings.media), *_bad_certificates(settings)]
    return [problem for problem in problems if problem]


def make_writable(folder: Path, key: str) -> None:
    """Makes the folder when it is absent; raises StartError when nothing can be kept there."""
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"{key}: {folder} cannot be made ({error.strerror}); name a folder that this user owns"
        ) from None
    if problem := _not_writable(folder, key):
        raise StartError(problem)


def no_sip_port(settings: SipSettings) -> str:
    """Why no wanted port can be had; empty when one can."""
    kinds = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    return _none_free("sip.port", settings, kinds, "UDP or TCP; ")


def _no_sound_address(settings: MediaSettings) -> str:
    try:
        bound = own_address(settings).bound
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((bound, 0))
    except MediaError as error:
        return str(error)
    except OSError:
        fix = "write an address of this machine, and media.advertised_address where phones see another"
        return f"media.address: {settings.address} is not of this machine; {fix}"
    return ""


def _bad_certificates(settings: Settings) -> list[str]:
    """Of files that are there; those that SIP lacks are made."""
    problems: list[str] = []
    tls, http = settings.sip.tls, settings.http
    if tls.port is not None and (tls.certificate.exists() or tls.key.exists()):
        try:
            load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls)
        except TlsError as error:
            problems.append(str(error))
    if http.certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(http.certificate, http.private_key)
        except OSError as error:
            where = " and ".join(str(file) for file in (http.certificate, http.private_key) if file)
            problems.append(f"http.certificate: {where} are no certificate and its key: {error}")
    return problems


def nearest_existing(path: Path) -> Path:
    """The path, or the nearest parent that is there."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _not_writable(folder: Path, key: str) -> str:
    there = nearest_existing(folder)
    if not there.is_dir():
        return f"{key}: {folder} cannot be made ({there} is a file); name a folder that this user owns"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{key}: {there} is not writable; chown it to this user or name another folder"
    return ""


def _no_http_port(settings: HttpSettings) -> str:
    return _none_free("http.port", settings, (socket.SOCK_STREAM,), "")


def _none_free(
    key: str, settings: SipSettings | HttpSettings, kinds: tuple[socket.SocketKind, ...], what: str
) -> str:
    wanted = range(settings.port, settings.port + settings.try_next_ports + 1)
    if settings.port == 0 or any(_is_free(settings.address, port, kinds) for port in wanted):
        return ""
    where = f"{settings.address}:{wanted[0]}" + (f"-{wanted[-1]}" if len(wanted) > 1 else "")
    return (
        f"{key}: {where} is in use or not ours to bind, {what}"
        f"end the program that holds it, or set {key} to a free one (0: any)"
    )


def _is_free(address: str, port: int, kinds: tuple[socket.SocketKind, ...]) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        for kind in kinds:
            with socket.socket(family, kind) as probe:
                # Connections of a server that has just ended do not keep the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
                probe.bind((address, port))
                if kind is socket.SOCK_STREAM:
                    probe.listen(1)
    except (OSError, OverflowError):
        return False
    return True
