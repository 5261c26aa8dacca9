"""Recogniser sessions on another machine, over the Vosk WebSocket protocol: a connection for each utterance.

An utterance whose connection fails is told as not heard; the next one connects again. A server that is away
is left alone for a while that grows, by all sessions together.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import RecogniserBusy, RecogniserFailed
from media.speech.queued_session import QueuedSession, SoFar
from media.speech.session import OnSessionEvent, RecognizerSession, SpokenChannel
from media.speech.utterance import Word
from media.speech.vocabulary import General, LanguageModel, Phrases
from media.speech.vosk_protocol import EOF, LARGEST_MESSAGE, config_message, parse_reply, whole

CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 10.0
FIRST_REST_S: Final = 1.0
LONGEST_REST_S: Final = 30.0


class ServerRecognizer:
    """The `Recognizer` of a Vosk server. `token` is sent as a bearer token; vosk-server asks for none."""

    engine = "vosk-server"
    engine_version = ""

    def __init__(self, url: str, token: str | None = None, now: Callable[[], float] | None = None) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.reconnects = 0
        self._now = now or asyncio.get_running_loop().time
        self._rest_s = FIRST_REST_S
        self._resting_until_s = 0.0

    def open(self, channel: SpokenChannel, model: LanguageModel, tell: OnSessionEvent) -> RecognizerSession:
        config = config_message(channel, _phrases(model))
        return QueuedSession(lambda: ServerHearing(self, config), tell)

    async def connection(self) -> ClientConnection:
        """Raises RecogniserBusy while the server is left alone, RecogniserFailed when it does not answer."""
        if self._now() < self._resting_until_s:
            raise RecogniserBusy("the speech server was away a moment ago")
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                made = await connect(
                    self.url, additional_headers=self.headers, max_size=LARGEST_MESSAGE, compression=None
                )
        except (OSError, TimeoutError, WebSocketException) as error:
            self._resting_until_s = self._now() + self._rest_s
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
            self.reconnects += 1
            raise RecogniserFailed(f"the speech server does not answer: {type(error).__name__}") from error
        self._rest_s = FIRST_REST_S
        return made


class ServerHearing:
    """One utterance. Every piece is answered before the next is sent, so that the server sets the pace."""

    def __init__(self, recognizer: ServerRecognizer, config: str) -> None:
        self._recognizer = recognizer
        self._config = config
        self._connection: ClientConnection | None = None
        self._words: tuple[Word, ...] = ()
        self._samples = 0

    async def hear(self, pcm: NDArray[np.int16], *, last: bool) -> SoFar:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await self._exchange(pcm, last=last)
        except TimeoutError:
            raise RecogniserFailed("the speech server took too long") from None
        except (OSError, WebSocketException) as error:
            raise RecogniserFailed(f"the speech server is gone: {type(error).__name__}") from error

    async def leave(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _exchange(self, pcm: NDArray[np.int16], *, last: bool) -> SoFar:
        if self._connection is None:
            self._connection = await self._recognizer.connection()
            await self._connection.send(self._config)
        partial = ""
        if len(pcm):
            self._samples += len(pcm)
            partial = await self._ask(pcm.astype("<i2").tobytes())
        if last:
            await self._ask(EOF)
            return SoFar(None, whole(self._words, self._samples / SAMPLES_PER_SECOND))
        so_far = " ".join([*(word.text for word in self._words), partial]).strip()
        return SoFar(so_far or None)

    async def _ask(self, message: bytes | str) -> str:
        connection = self._connection
        assert connection is not None  # noqa: S101 - `_exchange` has made it
        await connection.send(message)
        reply = parse_reply(await connection.recv(), self._samples / SAMPLES_PER_SECOND)
        if reply.not_heard:
            raise RecogniserFailed(f"the speech server: {reply.not_heard[:100]}")
        self._words += reply.words
        return reply.partial


def _phrases(model: LanguageModel) -> tuple[str, ...]:
    if isinstance(model, General):
        return ()
    if isinstance(model, Phrases):
        return model.phrases
    return tuple(" ".join(words) for words in model.spoken())
