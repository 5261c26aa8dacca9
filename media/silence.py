"""Silence in either law."""

from media.compiled import stage
from media.g711 import ALAW_SILENCE, ULAW_SILENCE
from media.layout import ALAW


@stage
def silence_of(law: int) -> int:
    return ALAW_SILENCE if law == ALAW else ULAW_SILENCE
