"""Requests of a dialog made ready to go: with a Via, a branch and a next hop."""

from __future__ import annotations

from telephony.session.events import SendAck, SendRequest
from telephony.session.identity import Means, new_branch
from telephony.sip.dialog import Dialog
from telephony.sip.message import Request


def within(dialog: Dialog, means: Means, request: Request) -> SendRequest:
    """The request with a Via of its own, on its way to the dialog's next hop."""
    branch, to = new_branch(means.tokens), dialog.next_hop()
    via = means.identity.via(to, branch)
    return SendRequest(request.with_headers(request.headers.prepending("Via", via)), branch, to)


def acknowledge(
    dialog: Dialog, means: Means, cseq: int, credentials: tuple[tuple[str, str], ...] = ()
) -> SendAck:
    """The ACK of a 2xx (section 13.2.2.4): a request of its own, with the INVITE's number and credentials."""
    sent = within(dialog, means, dialog.request("ACK", credentials, cseq=cseq))
    return SendAck(sent.request, sent.to)
