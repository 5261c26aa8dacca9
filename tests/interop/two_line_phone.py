"""A desk phone with two lines on pjsua2, which can transfer: orders come in by line, reports go out by line.

`python -m tests.interop.two_line_phone IDENTITY REGISTRAR USER PASSWORD`
"""

from __future__ import annotations

import os
import select
import sys
from typing import Any

import pjsua2 as pj

from server.softphone.pjsua2_configuration import account_configuration, endpoint_configuration
from server.softphone.settings import PhoneSettings


def report(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Line(pj.Call):  # type: ignore[misc]
    """One of the two calls; `number` is 1 or 2."""

    def __init__(self, account: pj.Account, number: int, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self.number = number

    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            report("confirmed", self.number)
        elif info.state == pj.PJSIP_INV_STATE_EARLY:
            report("ringing", self.number)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            report("disconnected", self.number, info.lastStatusCode)

    def onCallTransferStatus(self, prm: Any) -> None:
        report("transfer", prm.statusCode, prm.finalNotify)


class Account(pj.Account):  # type: ignore[misc]
    """Takes calls on the first line."""

    lines: dict[int, Line]

    def onRegState(self, prm: Any) -> None:
        report("registered", prm.code)

    def onIncomingCall(self, prm: Any) -> None:
        self.lines[1] = Line(self, 1, prm.callId)
        report("incoming")


def obey(account: Account, order: str, *arguments: str) -> None:
    lines = account.lines
    if order == "answer":
        answer = pj.CallOpParam(True)
        answer.statusCode = pj.PJSIP_SC_OK
        lines[1].answer(answer)
    elif order == "hold":
        lines[1].setHold(pj.CallOpParam())
    elif order == "call":
        lines[2] = Line(account, 2)
        lines[2].makeCall(arguments[0], pj.CallOpParam(True))
    elif order == "transfer":
        lines[1].xfer(arguments[0], pj.CallOpParam(True))
    elif order == "join":
        lines[1].xferReplaces(lines[2], pj.CallOpParam(True))


def main(identity: str, registrar: str, user: str, password: str) -> None:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(endpoint_configuration())
    transport = pj.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    transport_id = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    account = Account()
    account.lines = {}
    settings = PhoneSettings(identity=identity, registrar=registrar, user=user, password=password)
    account.create(account_configuration(settings, transport_id))
    account.setRegistration(True)
    waiting, open_ = b"", True
    while open_:
        endpoint.libHandleEvents(5)
        if select.select([sys.stdin], [], [], 0)[0]:
            # Not by readline: of several lines it would keep what select cannot see.
            more = os.read(sys.stdin.fileno(), 4096)
            open_ = bool(more)
            *orders, waiting = (waiting + more).split(b"\n")
            for order in orders:
                obey(account, *order.decode().split())
    account.lines.clear()
    account.shutdown()
    endpoint.libDestroy()


if __name__ == "__main__":
    main(*sys.argv[1:])
