"""Is this machine fit to run the server, and the installation safe? One check a line, with how to fix it."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import platform
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from config.settings import Settings
from media.srtp_sessions import srtp_available
from server.access.exposure import exposure_problem, reachable_from_outside
from server.access.local_socket import connect_locally
from server.access.passwords import FILE_NAME
from server.checks.configuration import Configuration
from server.checks.preflight import nearest_existing, no_sip_port
from telephony.sdp.protection import SrtpUse

MIN_FREE_BYTES = 1_000_000_000
FILES_PER_CALL = 6
SECRET_MODE = 0o077
OTHERS = 0o007
OTHERS_WRITE = 0o002
SHORTEST_PASSWORD = 10


class Grade(StrEnum):
    """WARNING: it works, but not as it should in production."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    name: str
    verdict: Grade
    found: str
    fix: str = ""


def examine_installation(configuration: Configuration) -> tuple[Check, ...]:
    """The one check of settings and flows that `serve` makes too, then the machine; changes nothing."""
    problems = tuple(Check("settings", Grade.BAD, problem) for problem in configuration.problems)
    if configuration.settings is None:
        return problems
    fine = Check("settings", Grade.GOOD, f"{configuration.file} and the flows of its numbers")
    return (*(problems or (fine,)), *examine_machine(configuration.settings, configuration.file))


def examine_machine(settings: Settings, file: Path) -> tuple[Check, ...]:
    """Whether this machine can carry a server with these settings, safely."""
    checks: tuple[Callable[[Settings], Check], ...] = (
        _python,
        _user,
        _data_directory,
        _disk,
        _open_files,
        _priority,
        _sip_port,
        _http_loopback,
        _trunks,
        _encryption,
        _passwords,
        _recordings,
        _recogniser,
        _softphone,
    )
    return (*(check(settings) for check in checks), *_settings_file(settings, file))


def _python(_settings: Settings) -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    return Check("Python", Grade.GOOD if sys.version_info >= (3, 11) else Grade.BAD, found)


def _user(_settings: Settings) -> Check:
    if os.geteuid() != 0:
        return Check("user", Grade.GOOD, "not root")
    fix = "run it as a user of its own (docs/operation.md); ports above 1024 need no root"
    return Check("user", Grade.WARNING, "root: a fault in the server would own the machine", fix)


def _data_directory(settings: Settings) -> Check:
    folder = settings.server.data_directory
    there = nearest_existing(folder)
    if not os.access(there, os.W_OK):
        fix = "set server.data_directory to a folder that this user owns"
        return Check("data directory", Grade.BAD, f"{there} is not writable", fix)
    if folder.exists() and folder.stat().st_mode & OTHERS_WRITE:
        return Check("data directory", Grade.BAD, f"{folder} can be written by all", f"chmod o-w {folder}")
    return Check("data directory", Grade.GOOD, f"{folder} is writable")


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(nearest_existing(settings.recordings.directory)).free
    hours = free / 16000 / 3600
    found = f"{free / 1e9:.1f} GB free: about {hours:,.0f} hours of recordings"
    if free >= MIN_FREE_BYTES:
        return Check("disk", Grade.GOOD, found)
    return Check("disk", Grade.WARNING, found, "free some space, or move recordings.directory")


def _open_files(settings: Settings) -> Check:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = settings.server.max_calls * FILES_PER_CALL
    found = f"{hard} open files allowed, {need} needed for {settings.server.max_calls} calls"
    if hard >= need:
        return Check("open files", Grade.GOOD, found)
    return Check(
        "open files", Grade.WARNING, found, f"raise LimitNOFILE to {need}, or lower server.max_calls"
    )


def _priority(settings: Settings) -> Check:
    wanted = settings.media.realtime_priority
    if wanted == 0:
        return Check("audio engine", Grade.GOOD, "runs at ordinary priority, as media.realtime_priority says")
    allowed = resource.getrlimit(resource.RLIMIT_RTPRIO)[1]
    if os.geteuid() == 0 or allowed >= wanted or allowed == resource.RLIM_INFINITY:
        return Check("audio engine", Grade.GOOD, f"may run at realtime priority {wanted}")
    found = "runs at ordinary priority: other programs may delay the sound"
    return Check("audio engine", Grade.WARNING, found, f"set LimitRTPRIO={wanted} in the unit file")


def _sip_port(settings: Settings) -> Check:
    where = f"{settings.sip.address}:{settings.sip.port}"
    if problem := no_sip_port(settings.sip):
        if _server_runs(settings):
            return Check("SIP port", Grade.GOOD, f"{where} is in use, and a server runs with these settings")
        return Check("SIP port", Grade.WARNING, problem)
    if settings.sip.try_next_ports and not ipaddress.ip_address(settings.sip.address).is_loopback:
        fix = "set sip.try_next_ports = 0, so that a service listens where its carrier sends, or not at all"
        return Check("SIP port", Grade.WARNING, f"{where}, or one of the next when it is taken", fix)
    return Check("SIP port", Grade.GOOD, f"{where} or a following one is free, UDP and TCP")


def _server_runs(settings: Settings) -> bool:
    try:
        connect_locally(settings.server.data_directory, 1.0).close()
    except OSError:
        return False
    return True


def _http_loopback(settings: Settings) -> Check:
    if problem := exposure_problem(settings.http):
        return Check("administration", Grade.BAD, settings.http.address, problem)
    if not reachable_from_outside(settings.http.address):
        return Check(
            "administration", Grade.GOOD, f"{settings.http.address}: reachable from this machine only"
        )
    found = f"{settings.http.address}: reachable from other machines, over TLS and with a token only"
    return Check("administration", Grade.GOOD, found)


def _trunks(settings: Settings) -> Check:
    wide = [
        f"{trunk.name}: {network}"
        for trunk in settings.sip.trunks
        for network in trunk.networks
        if network.num_addresses > 1 << 16 and not network.is_loopback
    ]
    if wide:
        return Check(
            "trunks", Grade.WARNING, "; ".join(wide), "name the carrier's addresses, not whole ranges"
        )
    return Check("trunks", Grade.GOOD, ", ".join(trunk.name for trunk in settings.sip.trunks))


def _encryption(settings: Settings) -> Check:
    """Keys for SRTP stand in SIP messages: they are as secret as those are."""
    wanted = {trunk.name: trunk for trunk in settings.sip.trunks if trunk.srtp is not SrtpUse.NEVER}
    who = [*wanted, *(["phones"] if settings.sip.registrar.srtp is not SrtpUse.NEVER else [])]
    if not who:
        return Check("encryption of sound", Grade.GOOD, "off for all trunks and phones")
    if not srtp_available():
        return Check(
            "encryption of sound", Grade.BAD, "no SRTP library", "install pylibsrtp, or set srtp never"
        )
    named = ", ".join(who)
    fix = "set sip.tls.port, and reach the other side over TLS, too"
    if settings.sip.tls.port is None:
        found = f"{named}: without TLS the keys cross the network in clear"
        return Check("encryption of sound", Grade.WARNING, found, fix)
    plain = [f"{name}: {target}" for name, each in wanted.items() for target in each.plain_targets]
    if plain:
        found = f"keys are sent in clear to {', '.join(plain)}"
        return Check("encryption of sound", Grade.WARNING, found, 'write the target with ";transport=tls"')
    return Check("encryption of sound", Grade.GOOD, f"{named}: SRTP, with TLS for its keys")


def _passwords(settings: Settings) -> Check:
    file = settings.server.data_directory / FILE_NAME
    if not file.exists():
        return Check("passwords", Grade.GOOD, "none generated yet")
    if file.stat().st_mode & SECRET_MODE:
        return Check("passwords", Grade.BAD, f"{file} is readable by others", f"chmod 600 {file}")
    return Check("passwords", Grade.GOOD, f"{file} is private")


def _recordings(settings: Settings) -> Check:
    folder = settings.recordings.directory
    if folder.exists() and folder.stat().st_mode & OTHERS:
        fix = f"chmod o-rwx {folder}"
        return Check("recordings", Grade.WARNING, f"all users of this machine may look into {folder}", fix)
    return Check("recordings", Grade.GOOD, f"{folder} is closed to other users")


def _settings_file(settings: Settings, file: Path) -> tuple[Check, ...]:
    """Passwords written into the settings are as secret as the file."""
    secrets = [agent.password for agent in settings.agents] + [
        trunk.password for trunk in settings.sip.trunks
    ]
    if not any(secrets):
        return ()
    checks = []
    if file.stat().st_mode & OTHERS:
        checks.append(
            Check(
                "settings file",
                Grade.BAD,
                f"{file} holds passwords and is open to all",
                f"chmod o-rwx {file}",
            )
        )
    short = [
        a.name
        for a in settings.agents
        if a.password and len(a.password.get_secret_value()) < SHORTEST_PASSWORD
    ]
    if short:
        fix = f"at least {SHORTEST_PASSWORD} characters, or leave it out: then a good one is made"
        checks.append(Check("settings file", Grade.WARNING, f"short passwords: {', '.join(short)}", fix))
    return tuple(checks)


def _recogniser(settings: Settings) -> Check:
    if settings.speech.engine == "vosk":
        folder = settings.speech.vosk_model_dir
        good = folder is not None and folder.is_dir() and importlib.util.find_spec("vosk") is not None
        fix = (
            "" if good else "pip install 'trunkline[vosk]' and set speech.vosk_model_dir to an unpacked model"
        )
        return Check("recogniser", Grade.GOOD if good else Grade.BAD, f"vosk, model {folder}", fix)
    found = "pocketsphinx: a demonstration engine"
    return Check("recogniser", Grade.WARNING, found, 'for production: speech.engine = "vosk" with a model')


def _softphone(_settings: Settings) -> Check:
    if importlib.util.find_spec("pjsua2"):
        return Check("demonstration", Grade.GOOD, "callers and agents on pjsua2")
    found = "no pjsua2 for this Python: callers and agents use Trunkline's own SIP stack"
    return Check(
        "demonstration",
        Grade.WARNING,
        found,
        "pip install 'trunkline[softphone]' on Python 3.11 or 3.12",
    )
