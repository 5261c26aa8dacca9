"""Is this machine fit to run the server, and the installation safe? One check a line, with its mend."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import platform
import resource
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from config.settings import Settings
from server.access.passwords import FILE_NAME

MIN_FREE_BYTES = 1_000_000_000
FILES_PER_CALL = 6
SECRET_MODE = 0o077


class Verdict(StrEnum):
    """WARNING: it works, but not as it should in production."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    mend: str = ""


def examine(settings: Settings) -> tuple[Check, ...]:
    """Every check; none changes anything."""
    checks: tuple[Callable[[Settings], Check], ...] = (
        _python,
        _data_directory,
        _disk,
        _open_files,
        _udp_port,
        _http_loopback,
        _trunks,
        _passwords,
        _recogniser,
        _softphone,
    )
    return tuple(check(settings) for check in checks)


def _python(_settings: Settings) -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    return Check("Python", Verdict.GOOD if sys.version_info >= (3, 11) else Verdict.BAD, found)


def _data_directory(settings: Settings) -> Check:
    folder = _existing(settings.server.data_directory)
    if os.access(folder, os.W_OK):
        return Check("data directory", Verdict.GOOD, f"{settings.server.data_directory} is writable")
    mend = "set server.data_directory to a folder that this user owns"
    return Check("data directory", Verdict.BAD, f"{folder} is not writable", mend)


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_existing(settings.recordings.directory)).free
    hours = free / 16000 / 3600
    found = f"{free / 1e9:.1f} GB free: about {hours:,.0f} hours of recordings"
    if free >= MIN_FREE_BYTES:
        return Check("disk", Verdict.GOOD, found)
    return Check("disk", Verdict.WARNING, found, "free some space, or move recordings.directory")


def _open_files(settings: Settings) -> Check:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = settings.server.max_calls * FILES_PER_CALL
    found = f"{hard} open files allowed, {need} needed for {settings.server.max_calls} calls"
    if hard >= need:
        return Check("open files", Verdict.GOOD, found)
    return Check(
        "open files", Verdict.WARNING, found, f"raise LimitNOFILE to {need}, or lower server.max_calls"
    )


def _udp_port(settings: Settings) -> Check:
    address, port = settings.sip.address, settings.sip.port
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError as error:
            found = f"{address}:{port} cannot be bound: {error.strerror}"
            return Check(
                "SIP port", Verdict.WARNING, found, "is a server running already? else change sip.port"
            )
    return Check("SIP port", Verdict.GOOD, f"{address}:{port} is free")


def _http_loopback(settings: Settings) -> Check:
    if ipaddress.ip_address(settings.http.address).is_loopback:
        return Check(
            "administration", Verdict.GOOD, f"{settings.http.address}: reachable from this machine only"
        )
    found = f"{settings.http.address} is reachable from outside, and has no password"
    return Check(
        "administration", Verdict.BAD, found, 'set http.address = "127.0.0.1" and use a tunnel or proxy'
    )


def _trunks(settings: Settings) -> Check:
    wide = [
        f"{trunk.name}: {network}"
        for trunk in settings.sip.trunks
        for network in trunk.networks
        if network.num_addresses > 1 << 16 and not network.is_loopback
    ]
    if wide:
        return Check(
            "trunks", Verdict.WARNING, "; ".join(wide), "name the carrier's addresses, not whole ranges"
        )
    return Check("trunks", Verdict.GOOD, ", ".join(trunk.name for trunk in settings.sip.trunks))


def _passwords(settings: Settings) -> Check:
    file = settings.server.data_directory / FILE_NAME
    if not file.exists():
        return Check("passwords", Verdict.GOOD, "none generated yet")
    if file.stat().st_mode & SECRET_MODE:
        return Check("passwords", Verdict.BAD, f"{file} is readable by others", f"chmod 600 {file}")
    return Check("passwords", Verdict.GOOD, f"{file} is private")


def _recogniser(settings: Settings) -> Check:
    if settings.speech.engine == "vosk":
        folder = settings.speech.vosk_model_dir
        good = folder is not None and folder.is_dir() and importlib.util.find_spec("vosk") is not None
        mend = (
            "" if good else "pip install 'trunkline[vosk]' and set speech.vosk_model_dir to an unpacked model"
        )
        return Check("recogniser", Verdict.GOOD if good else Verdict.BAD, f"vosk, model {folder}", mend)
    found = "pocketsphinx: a demonstration engine"
    return Check("recogniser", Verdict.WARNING, found, 'for production: speech.engine = "vosk" with a model')


def _softphone(_settings: Settings) -> Check:
    if importlib.util.find_spec("pjsua2"):
        return Check("demonstration", Verdict.GOOD, "callers and agents on pjsua2")
    found = "no pjsua2 for this Python: callers and agents use Trunkline's own SIP stack"
    return Check(
        "demonstration", Verdict.WARNING, found, "pip install 'trunkline[softphone]' on Python 3.11 or 3.12"
    )


def _existing(path: Path) -> Path:
    """The path, or the nearest parent that is there."""
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path
