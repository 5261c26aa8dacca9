"""Which calls are recorded (pure): the first rule that fits decides; without any, every call is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from config.capture import CaptureRule, Keep
from recordings.settings import RecordingSettings

_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class CaptureSubject:
    """What is known of a call when it is answered, and the queue when it joins one."""

    contact: str
    flow: str = ""
    trunk: str = ""
    number: str = ""
    queue: str = ""
    caller: str = ""


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """Rules of capture, and what agents may do about a recording by key; empty keys do nothing."""

    rules: tuple[CaptureRule, ...] = ()
    pause_max_s: float = 300.0
    pause_keys: str = ""
    withdrawal_keys: str = ""
    destroy_withdrawn: bool = True

    @classmethod
    def of(cls, rules: tuple[CaptureRule, ...], kept: RecordingSettings) -> CapturePolicy:
        return cls(rules, kept.pause_max_s, kept.pause_keys, kept.withdrawal_keys, kept.destroy_withdrawn)

    def at_answer(self, call: CaptureSubject) -> Keep:
        """Never SAMPLED: whether a call is part of the sample is decided here, for ever the same way."""
        found = next((rule for rule in self.rules if not rule.queue and _fits(rule, call)), None)
        return Keep.ALWAYS if found is None else _drawn(found, call.contact)

    def at_queue(self, call: CaptureSubject) -> Keep | None:
        """None where no rule names the queue."""
        found = next((rule for rule in self.rules if rule.queue and _fits(rule, call)), None)
        return None if found is None else _drawn(found, call.contact)


@dataclass(slots=True)
class KeySequence:
    """Keys that mean something when they are pressed one after the other."""

    wanted: str
    _pressed: str = field(default="", repr=False)

    def press(self, key: str) -> bool:
        """Whether the sequence is complete with it."""
        if not self.wanted:
            return False
        self._pressed = (self._pressed + key)[-len(self.wanted) :]
        if self._pressed != self.wanted:
            return False
        self._pressed = ""
        return True


def _fits(rule: CaptureRule, call: CaptureSubject) -> bool:
    pairs = (
        (rule.flow, call.flow),
        (rule.trunk, call.trunk),
        (rule.number, call.number),
        (rule.queue, call.queue),
    )
    return all(not wanted or wanted == there for wanted, there in pairs)


def _drawn(rule: CaptureRule, contact: str) -> Keep:
    if rule.keep is not Keep.SAMPLED:
        return rule.keep
    drawn = int.from_bytes(hashlib.sha256(contact.encode()).digest()[:8]) % _PARTS
    return Keep.ALWAYS if drawn < rule.percent * _PARTS / 100 else Keep.NEVER
