"""How pjsua2 is set: telephone codecs only, no sound card, no silence suppression, one thread."""

import contextlib
import random
import socket
from typing import Any

import pjsua2 as pj

from server.softphone.settings import PhoneSettings

CODEC_PRIORITIES = {"PCMU/8000/1": 255, "PCMA/8000/1": 254}


def endpoint_configuration() -> Any:
    configuration = pj.EpConfig()
    configuration.logConfig.level = 1
    configuration.logConfig.consoleLevel = 1
    configuration.logConfig.msgLogging = 0
    agent = configuration.uaConfig
    agent.threadCnt = 0
    agent.mainThreadOnly = True
    agent.userAgent = "trunkline-softphone (pjsua2)"
    media = configuration.medConfig
    media.clockRate = media.sndClockRate = 8000
    media.ecTailLen = 0
    media.noVad = True
    # The jitter buffer stays as it is: of a longer one pjmedia cuts frames out to shorten it again.
    return configuration


def account_configuration(settings: PhoneSettings, transport_id: int) -> Any:
    configuration = pj.AccountConfig()
    configuration.idUri = settings.identity
    configuration.sipConfig.transportId = transport_id
    if settings.registrar is not None:
        configuration.regConfig.registrarUri = settings.registrar
        configuration.regConfig.registerOnAdd = False
        configuration.regConfig.timeoutSec = 300
    if settings.user is not None:
        # Any realm; the algorithm (MD5, SHA-256) is the challenge's to choose.
        credential = pj.AuthCredInfo("digest", "*", settings.user, 0, settings.password)
        configuration.sipConfig.authCreds.append(credential)
    rtp = configuration.mediaConfig.transportConfig
    rtp.boundAddress = settings.address
    rtp.port = _free_even_port(settings.address)
    rtp.portRange = 100
    configuration.natConfig.sipOutboundUse = 0
    configuration.natConfig.iceEnabled = False
    configuration.videoConfig.autoTransmitOutgoing = False
    return configuration


def _free_even_port(address: str) -> int:
    """Where pjsua2 begins to look for an RTP port; left alone, every phone would begin at 4000."""
    for _ in range(50):
        port = random.randrange(20000, 60000, 2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.bind((address, port))
            return port
    return 0
