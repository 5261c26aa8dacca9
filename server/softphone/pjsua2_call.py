"""One call on pjsua2: its callbacks turned into events, its file player and recorder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pjsua2 as pj

from server.softphone.events import (
    Disconnected,
    Event,
    Failed,
    KeyReceived,
    MediaActive,
    PhoneAnswered,
    PhoneHeld,
    PhoneParty,
    PhoneResumed,
    PhoneRinging,
    PlaybackDone,
    PlaybackStarted,
)

_INACTIVE = (pj.PJSUA_CALL_MEDIA_NONE, pj.PJSUA_CALL_MEDIA_ERROR)


class Player(pj.AudioMediaPlayer):  # type: ignore[misc]
    """Plays one file once; `on_end` is called from the phone's loop."""

    def __init__(self, path: Path, on_end: Callable[[], None]) -> None:
        super().__init__()
        self.path = path
        self._on_end = on_end
        self.createPlayer(str(path), pj.PJMEDIA_FILE_NO_LOOP)

    def onEof2(self) -> None:  # noqa: N802 (pjsua2's name)
        self._on_end()


class PjCall(pj.Call):  # type: ignore[misc]
    """Lives until `release`, which must not happen inside a callback: pjsua2 still uses the object then."""

    def __init__(
        self,
        account: pj.Account,
        report: Callable[[Event], None],
        recording: Path | None,
        call_id: int = pj.PJSUA_INVALID_ID,
    ) -> None:
        super().__init__(account, call_id)
        self.over = False
        self.ended_by = PhoneParty.PEER
        self.recording = recording
        self._report = report
        self._audio: pj.AudioMedia | None = None
        self._media_seen = False
        self._on_hold = False
        self._player: Player | None = None
        self._recorder: pj.AudioMediaRecorder | None = None
        self._spent: list[Player] = []

    # Callbacks. An exception that left one would cross C++ and end the process.

    def onCallState(self, prm: Any) -> None:  # noqa: N802
        self._guarded("call state", self._state_changed)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        self._guarded("media state", self._media_changed)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        self._report(KeyReceived(prm.digit))

    def _guarded(self, what: str, handle: Callable[[], None]) -> None:
        try:
            handle()
        except pj.Error as error:
            self._report(Failed(what, error.info()))
        except Exception as error:
            self._report(Failed(what, repr(error)))

    def _state_changed(self) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            self._report(PhoneRinging(info.lastStatusCode))
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._report(PhoneAnswered())
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.over = True
            duration = info.connectDuration
            seconds = duration.sec + duration.msec / 1000
            self._report(Disconnected(info.lastStatusCode, info.lastReason, seconds, self.ended_by))

    def _media_changed(self) -> None:
        info = self.getInfo()  # owns the memory of what it lists
        audio = next((stream for stream in info.media if stream.type == pj.PJMEDIA_TYPE_AUDIO), None)
        if audio is None or audio.status in _INACTIVE:
            self._audio = None
        elif audio.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
            self._audio_flows(audio.index)
        else:
            self._held(PhoneParty.SELF if audio.status == pj.PJSUA_CALL_MEDIA_LOCAL_HOLD else PhoneParty.PEER)

    def _audio_flows(self, index: int) -> None:
        # A re-INVITE makes a new stream: what plays and what records must be plugged in again.
        self._audio = self.getAudioMedia(index)
        if self._player is not None:
            self._player.startTransmit(self._audio)
        if self.recording is not None:
            self.record(self.recording)
        if not self._media_seen:
            self._media_seen = True
            self._report(MediaActive(self.getStreamInfo(index).codecName))
        elif self._on_hold:
            self._on_hold = False
            self._report(PhoneResumed())

    def _held(self, by: PhoneParty) -> None:
        if not self._on_hold:
            self._on_hold = True
            self._report(PhoneHeld(by))

    # Orders, from the phone's loop.

    def ring(self) -> None:
        self._answer_with(pj.PJSIP_SC_RINGING)

    def accept(self) -> None:
        self._answer_with(pj.PJSIP_SC_OK)

    def _answer_with(self, status: int) -> None:
        order = pj.CallOpParam(True)
        order.statusCode = status
        self.answer(order)

    def rings_here(self) -> bool:
        info = self.getInfo()
        unanswered = info.state in (pj.PJSIP_INV_STATE_INCOMING, pj.PJSIP_INV_STATE_EARLY)
        return unanswered and bool(info.role == pj.PJSIP_ROLE_UAS)

    def hang_up(self, status: int = 0) -> None:
        self.ended_by = PhoneParty.SELF
        order = pj.CallOpParam()
        order.statusCode = status
        self.hangup(order)

    def hold(self) -> None:
        self.setHold(pj.CallOpParam())

    def resume(self) -> None:
        order = pj.CallOpParam(True)
        order.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.reinvite(order)

    def play(self, path: Path) -> str:
        """Empty, or why it cannot be played."""
        if self._audio is None:
            return "there is no audio in this call yet"
        self._stop_player()
        player = Player(path, self._playback_ended)
        player.startTransmit(self._audio)
        self._player = player
        self._report(PlaybackStarted(path))
        return ""

    def record(self, path: Path) -> None:
        """Write what is heard, from now or from when audio flows, until the call is over."""
        self.recording = path
        if self._audio is None:
            return
        if self._recorder is None:
            self._recorder = pj.AudioMediaRecorder()
            self._recorder.createRecorder(str(path))
        self._audio.startTransmit(self._recorder)

    def discard_spent(self) -> None:
        """Players that have ended; they may be destroyed outside of their callback only."""
        self._spent.clear()

    def release(self) -> None:
        """Let go of everything in the order that pjsua2 wants; the recording is on disk soon after."""
        self._stop_player()
        self._spent.clear()
        self._recorder = None
        self._audio = None

    def _playback_ended(self) -> None:
        if self._player is not None:
            self._report(PlaybackDone(self._player.path))
            self._spent.append(self._player)
            self._player = None

    def _stop_player(self) -> None:
        if self._player is not None and self._audio is not None and not self.over:
            self._player.stopTransmit(self._audio)
        self._player = None
