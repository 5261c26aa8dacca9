"""Shared objects out of other packages' wheels, of which compiled code calls functions by their address."""

from __future__ import annotations

import ctypes
import importlib.util
from typing import Final

import structlog

from media.pointers import MISSING

log = structlog.get_logger(__name__)

_VAD_MODULE: Final = "_webrtcvad"
_VAD_SYMBOLS: Final = (
    *("WebRtcVad_Create", "WebRtcVad_Init", "WebRtcVad_set_mode", "WebRtcVad_Process", "WebRtcVad_Free"),
)


def load(module: str, symbols: tuple[str, ...]) -> ctypes.CDLL | None:
    """The module's shared object, if it exports every symbol; what is missing is logged once."""
    try:
        found = importlib.util.find_spec(module)
        library = ctypes.CDLL(found.origin) if found is not None and found.origin else None
    except (ImportError, OSError, ValueError):
        library = None
    missing = [symbol for symbol in symbols if library is None or not hasattr(library, symbol)]
    if missing:
        log.warning("media.functions_missing", module=module, symbols=missing)
        return None
    return library


def address(library: ctypes.CDLL | None, symbol: str) -> int:
    if library is None:
        return MISSING
    return ctypes.cast(library[symbol], ctypes.c_void_p).value or MISSING


class VoiceDetectors:
    """Detectors of webrtcvad, one for each listen ring; without the library everything loud is voice."""

    def __init__(self, aggressiveness: int) -> None:
        self._aggressiveness = aggressiveness
        self._library = load(_VAD_MODULE, _VAD_SYMBOLS)
        if self._library is not None:
            self._library.WebRtcVad_Create.argtypes = [ctypes.POINTER(ctypes.c_void_p)]
            self._library.WebRtcVad_Free.argtypes = [ctypes.c_void_p]
            self._library.WebRtcVad_Init.argtypes = [ctypes.c_void_p]
            self._library.WebRtcVad_set_mode.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.process: Final = address(self._library, "WebRtcVad_Process")

    def fresh(self, detector: int) -> int:
        """The same one as new, or a new one for MISSING; it lives until `free`."""
        if self._library is None:
            return MISSING
        made = ctypes.c_void_p(detector or None)
        if not made:
            self._library.WebRtcVad_Create(ctypes.byref(made))
        if made and self._library.WebRtcVad_Init(made) == 0:
            self._library.WebRtcVad_set_mode(made, self._aggressiveness)
            return made.value or MISSING
        return MISSING

    def free(self, detector: int) -> None:
        if self._library is not None and detector:
            self._library.WebRtcVad_Free(detector)
