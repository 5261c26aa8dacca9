"""What is raised when the peer sent something that is not SIP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telephony.sip.message import Request


class SipSyntaxError(Exception):
    """The peer broke the grammar; `status` is what a server answers with.

    `request` is what could be saved of a request, headers verbatim and in order. Any of them may be missing
    or malformed (even Via), so the answer goes to the source of the message and copies what is there. None
    means that nothing can be answered: drop the message (responses, garbage, fields parsed on their own).
    """

    def __init__(self, reason: str, *, status: int = 400, request: Request | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.request = request
