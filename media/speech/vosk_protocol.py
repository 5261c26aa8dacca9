"""The Vosk WebSocket protocol (alphacep/vosk-server): PCM as binary messages, everything else as JSON (pure).

A client sends {"config": {...}}, then sound, of which each message is answered once, then {"eof": 1}, which
is answered with the rest. Ours adds to the config whose sound it is; servers pass over what they do not know.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import RecogniserFailed
from media.speech.session import SpokenChannel
from media.speech.utterance import Utterance, Word
from media.speech.vosk_engine import parse_result, utterance_of

EOF: Final = '{"eof" : 1}'
LARGEST_MESSAGE: Final = 1 << 20
MAX_PHRASES: Final = 10_000
RATES: Final = (SAMPLES_PER_SECOND, 16_000)


@dataclass(frozen=True, slots=True)
class VoskConfig:
    """What a client wants to be understood with. `whole`: all it sends until the end is one utterance."""

    rate_hz: int = SAMPLES_PER_SECOND
    phrases: tuple[str, ...] = ()
    session: str = ""
    channel: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class VoskReply:
    """One answer: what it sounds like so far, or words that will not change."""

    partial: str = ""
    words: tuple[Word, ...] = ()
    not_heard: str = ""
    """Why a stretch got no words; a server of ours says so."""
    final: bool = False


def config_message(channel: SpokenChannel, phrases: tuple[str, ...]) -> str:
    config: dict[str, Any] = {
        "sample_rate": SAMPLES_PER_SECOND,
        "words": True,
        "session": channel.session,
        "channel": channel.name,
        "whole": True,
    }
    if phrases:
        config["phrase_list"] = [*phrases, "[unk]"]
    return json.dumps({"config": config})


def parse_config(message: str) -> VoskConfig | None:
    """None for {"eof": 1}; raises RecogniserFailed for what is neither."""
    told = _object(message)
    if "eof" in told:
        return None
    config = told.get("config")
    if not isinstance(config, dict):
        raise RecogniserFailed("neither config nor eof")
    rate, phrases = config.get("sample_rate", SAMPLES_PER_SECOND), config.get("phrase_list", [])
    if rate not in RATES:
        raise RecogniserFailed(f"sample_rate is none of {RATES}")
    if not isinstance(phrases, list) or len(phrases) > MAX_PHRASES:
        raise RecogniserFailed(f"phrase_list is no list of at most {MAX_PHRASES}")
    return VoskConfig(
        int(rate),
        tuple(str(phrase) for phrase in phrases if phrase != "[unk]"),
        str(config.get("session", ""))[:64],
        str(config.get("channel", ""))[:64],
        config.get("whole") is True,
    )


def reply_message(reply: VoskReply) -> str:
    if not reply.final:
        return json.dumps({"partial": reply.partial})
    result = [
        {
            "word": word.text,
            "start": round(word.start_s, 3),
            "end": round(word.end_s, 3),
            "conf": word.confidence,
        }
        for word in reply.words
    ]
    told: dict[str, Any] = {"text": " ".join(word.text for word in reply.words)}
    if result:
        told["result"] = result
    if reply.not_heard:
        told["not_heard"] = reply.not_heard
    return json.dumps(told)


def parse_reply(message: str | bytes, length_s: float) -> VoskReply:
    """Raises RecogniserFailed when it is no answer of the protocol."""
    told = _object(message)
    try:
        if "partial" in told:
            return VoskReply(partial=str(told["partial"]))
        words = parse_result(json.dumps(told), length_s).words
        return VoskReply(words=words, not_heard=str(told.get("not_heard", "")), final=True)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RecogniserFailed("the speech server's answer cannot be read") from None


def whole(words: tuple[Word, ...], length_s: float) -> Utterance:
    return utterance_of(words, length_s)


def _object(message: str | bytes) -> dict[str, Any]:
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        raise RecogniserFailed("a message is no JSON") from None
    if not isinstance(told, dict):
        raise RecogniserFailed("a message is no JSON object")
    return told
