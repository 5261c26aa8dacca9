"""One event as a webhook carries it (pure): the body, and the headers that prove where it comes from.

The form is that of the Standard Webhooks specification, so that receivers need no code of ours: HMAC-SHA256
over id, time and body. The id stays the same when an event is sent again, so that a receiver knows it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

from contacts.facts.entry import JournalEntry
from contacts.privacy import Privacy
from server.http.events import event_of


def body_of(entry: JournalEntry, most: Privacy) -> bytes:
    event = event_of(entry, most)
    return msgspec.json.encode({"type": event["kind"], "timestamp": event["at"], "data": event})


def headers_of(entry: JournalEntry, body: bytes, secret: bytes, now_s: int) -> dict[str, str]:
    identifier = f"{entry.instance}-{entry.sequence}"
    return {
        "Content-Type": "application/json",
        "User-Agent": "trunkline-webhooks",
        "webhook-id": identifier,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signature(secret, identifier, now_s, body),
    }


def signature(secret: bytes, identifier: str, now_s: int, body: bytes) -> str:
    signed = b"%s.%d.%s" % (identifier.encode(), now_s, body)
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
