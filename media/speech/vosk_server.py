"""A server that speaks the Vosk WebSocket protocol in front of any `Recognizer`, for any Vosk client."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import numpy as np
import soxr
import structlog
from numpy.typing import NDArray
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from media.sound import SAMPLES_PER_SECOND
from media.speech.endpointing import FRAME, EndpointEffect, LiveEndpointing, Spoken
from media.speech.errors import SpeechError
from media.speech.session import (
    FinalHeard,
    NotHeard,
    PartialHeard,
    Recognizer,
    RecognizerSession,
    SessionEvent,
    SpokenChannel,
)
from media.speech.utterance import Word
from media.speech.vocabulary import LanguageModel, Vocabulary
from media.speech.voice import LiveVoice
from media.speech.vosk_protocol import (
    LARGEST_MESSAGE,
    VoskConfig,
    VoskReply,
    parse_config,
    reply_message,
)

log = structlog.get_logger(__name__)

POLICY_VIOLATION: Final = 1008
ODD_PCM: Final = "sound is 16 bits a sample"


class VoskServer:
    """At most `most` clients at once; one more is refused with 503, one without the token with 401."""

    def __init__(
        self, recognizer: Recognizer, vocabulary: LanguageModel, token: str | None, most: int = 64
    ) -> None:
        self._recognizer = recognizer
        self._vocabulary = vocabulary
        self._token = token
        self._most = most
        self.clients = 0
        self.refused = 0

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[Server]:
        """Raises OSError when the port is taken."""
        async with serve(
            self._talk, host, port, process_request=self._admit, max_size=LARGEST_MESSAGE, compression=None
        ) as server:
            yield server

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        given = request.headers.get("Authorization", "")
        if self._token and not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            self.refused += 1
            return connection.respond(HTTPStatus.UNAUTHORIZED, "a bearer token is needed\n")
        if self.clients >= self._most:
            self.refused += 1
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, f"{self._most} clients are here\n")
        return None

    async def _talk(self, connection: ServerConnection) -> None:
        self.clients += 1
        client = _Client(self._recognizer, self._vocabulary)
        try:
            async for message in connection:
                answer, over = await client.take(message)
                if answer is not None:
                    await connection.send(answer)
                if over:
                    break
        except SpeechError as error:
            log.warning("speech.client_refused", reason=str(error))
            await connection.close(POLICY_VIOLATION, str(error)[:100])
        except ConnectionClosed:
            pass
        finally:
            self.clients -= 1
            await client.close()


class _Client:
    """One connection: sound in, one answer for each message of it."""

    def __init__(self, recognizer: Recognizer, vocabulary: LanguageModel) -> None:
        self._recognizer = recognizer
        self._model = vocabulary
        self._config = VoskConfig()
        self._session: RecognizerSession | None = None
        self._voice = LiveVoice()
        self._endpointing = LiveEndpointing()
        self._samples = 0
        self._rest = np.zeros(0, np.int16)
        self._partial = ""
        self._words: tuple[Word, ...] = ()
        self._not_heard = ""
        self._resampler: soxr.ResampleStream | None = None

    async def take(self, message: str | bytes) -> tuple[str | None, bool]:
        """The answer, and whether it is the last; raises SpeechError for what is none of the protocol."""
        if isinstance(message, bytes):
            self._hear(self._pcm(message))
            # The engine runs beside us: what it has made of the sound before this is what there is to tell.
            await asyncio.sleep(0)
            return reply_message(self._reply()), False
        config = parse_config(message)
        if config is None:
            return await self._end(), True
        self._config = config
        if config.phrases:
            self._model = Vocabulary("client", config.phrases)
        if config.rate_hz != SAMPLES_PER_SECOND:
            self._resampler = soxr.ResampleStream(config.rate_hz, SAMPLES_PER_SECOND, 1, dtype="int16")
        return None, False

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _pcm(self, message: bytes) -> NDArray[np.int16]:
        if len(message) % 2:
            raise SpeechError(ODD_PCM)
        pcm = np.frombuffer(message, "<i2").astype(np.int16)
        return pcm if self._resampler is None else np.asarray(self._resampler.resample_chunk(pcm), np.int16)

    def _hear(self, pcm: NDArray[np.int16]) -> None:
        if self._config.whole:
            self._open().feed(self._samples, pcm)
            self._samples += len(pcm)
            return
        pcm = np.concatenate((self._rest, pcm))
        length = len(pcm) // FRAME * FRAME
        self._rest = pcm[length:]
        if length:
            voiced = self._voice.voiced(pcm[:length])
            self._pass_on(self._endpointing.hear(self._samples, pcm[:length], voiced))
            self._samples += length

    def _pass_on(self, effects: list[EndpointEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Spoken):
                self._open().feed(effect.at, effect.pcm)
            else:
                self._open().end_utterance()

    def _open(self) -> RecognizerSession:
        if self._session is None:
            channel = SpokenChannel(self._config.session, self._config.channel)
            self._session = self._recognizer.open(channel, self._model, self._told)
        return self._session

    def _told(self, event: SessionEvent) -> None:
        match event:
            case PartialHeard(text=text):
                self._partial = text
            case FinalHeard(utterance):
                self._partial = ""
                self._words += utterance.words
            case NotHeard(reason=reason):
                self._not_heard = reason

    def _reply(self, *, final: bool = False) -> VoskReply:
        if self._words or self._not_heard:
            words, self._words = self._words, ()
            not_heard, self._not_heard = self._not_heard, ""
            return VoskReply(words=words, not_heard=not_heard, final=True)
        return VoskReply(partial=self._partial, final=final)

    async def _end(self) -> str:
        self._pass_on(self._endpointing.finish())
        if self._config.whole and self._session is not None:
            self._session.end_utterance()
        await self.close()
        self._partial = ""
        return reply_message(self._reply(final=True))
