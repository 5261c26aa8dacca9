"""Responses made from the request they answer (RFC 3261 section 8.2.6), and the reason phrases."""

from __future__ import annotations

from telephony.sip.message import Headers, Request, Response

REASONS = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    493: "Undecipherable",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}

# "The Via header field values in the response MUST equal the Via header field values in the request and MUST
# maintain the same ordering"; Record-Route is copied because a response may create a dialog (section 12.1.1).
_COPIED = frozenset({"via", "v", "from", "f", "to", "t", "call-id", "i", "cseq"})
_TO = frozenset({"to", "t"})
# Section 8.2.6.1: "any Timestamp header field present in the request MUST be copied into this 100".
_COPIED_TO_TRYING = _COPIED | {"timestamp"}
_COPIED_AND_ROUTED = _COPIED | {"record-route"}


def reason_phrase(status: int) -> str:
    return REASONS.get(status) or REASONS.get(status // 100 * 100, "Unknown")


def response_to(
    request: Request,
    status: int,
    reason: str = "",
    *,
    to_tag: str | None = None,
    extra: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Response:
    """A response to that request; the tag is put on a To that has none, as all but a 100 must."""
    copied = _COPIED_TO_TRYING if status == 100 else _COPIED_AND_ROUTED if status < 300 else _COPIED
    items: list[tuple[str, str]] = []
    for item in request.headers.items:
        name = item[0].lower()
        if name in copied:
            items.append((item[0], _tagged(item[1], to_tag)) if to_tag and name in _TO else item)
    return Response(status, reason or reason_phrase(status), Headers((*items, *extra)), body)


def _tagged(value: str, tag: str) -> str:
    # Parameters of the URI stand inside the angle brackets; those of the header field after them.
    after = value[value.rfind(">") + 1 :] if ">" in value else value
    has_tag = any(part.strip().lower().startswith("tag=") for part in after.split(";")[1:])
    return value if has_tag else f"{value};tag={tag}"
