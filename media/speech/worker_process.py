"""A worker process as its parent sees it: spawned, asked, timed, killed."""

import asyncio
import os
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media.speech.errors import RecogniserFailed
from media.speech.jobs import Answer, Order, Ready, Refused, SharedAudio
from media.speech.settings import SpeechSettings

_FAREWELL_S: Final = 2.0
# Into memory, so that a few kilobytes take less than the way to a thread.
_WRITTEN_AT_ONCE: Final = 8_000


class WorkerProcess:
    """Does one order at a time. Once `lost` is set it is of no more use; close it and spawn another."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", pipe: "Connection[object, Answer]", audio: SharedAudio
    ) -> None:
        self._process = process
        self._pipe = pipe
        self._audio = audio
        self._answer: asyncio.Future[Answer] | None = None
        self.lost = asyncio.Event()
        self.load_s = 0.0
        self.engine_version = ""
        asyncio.get_running_loop().add_reader(pipe.fileno(), self._on_readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def spawn(cls, settings: SpeechSettings) -> "WorkerProcess":
        """Returns when the worker has loaded its engine; raises RecogniserFailed with the engine's reason."""
        worker = cls(*await asyncio.to_thread(_launch))
        try:
            ready = await worker._introduce(settings)
            worker.load_s, worker.engine_version = ready.load_s, ready.version
        except BaseException:
            await worker.close()
            raise
        return worker

    async def ask(self, order: Order, pcm: NDArray[np.int16], timeout_s: float) -> Answer:
        """Raises RecogniserFailed when the worker dies or takes too long, in which case it is killed."""
        try:
            if len(pcm) > _WRITTEN_AT_ONCE:
                await asyncio.to_thread(self._audio.write, pcm)
            else:
                self._audio.write(pcm)
        except OSError as error:
            raise RecogniserFailed(f"no memory for {len(pcm)} samples: {error}") from error
        return await self._exchange(order, timeout_s)

    async def close(self) -> None:
        """Closing the pipe asks it to go; one that is busy or stuck is killed."""
        self._forget()
        try:
            await asyncio.to_thread(self._process.wait, 0.0 if self._answer is not None else _FAREWELL_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        finally:
            self._audio.close()

    async def _introduce(self, settings: SpeechSettings) -> Ready:
        answer = await self._exchange(settings, settings.start_timeout_s)
        match answer:
            case Ready():
                return answer
            case Refused(reason):
                raise RecogniserFailed(reason)
            case _:
                raise RecogniserFailed(f"the speech worker began with {type(answer).__name__}")

    async def _exchange(self, message: Order | SpeechSettings, timeout_s: float) -> Answer:
        if self.lost.is_set():
            raise RecogniserFailed("the speech worker has died")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._pipe.send(message)
            async with asyncio.timeout(timeout_s):
                answer = await self._answer
        except TimeoutError:
            self._process.kill()
            self._forget()
            raise RecogniserFailed(
                f"the speech worker took longer than {timeout_s:.0f} s and was killed"
            ) from None
        except OSError as error:
            self._forget()
            raise RecogniserFailed("the speech worker has died") from error
        self._answer = None
        return answer

    def _on_readable(self) -> None:
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError):
            self._forget()
            if self._answer is not None and not self._answer.done():
                self._answer.set_exception(RecogniserFailed("the speech worker has died"))
            return
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _forget(self) -> None:
        if not self.lost.is_set():
            self.lost.set()
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._pipe.close()


def _launch() -> "tuple[subprocess.Popen[bytes], Connection[object, Answer], SharedAudio]":
    """A fresh interpreter that imports only the worker.

    A fork would copy our threads' locks in any state; multiprocessing's spawn would import the whole server.
    """
    ours, theirs = Pipe()
    audio = SharedAudio.create()
    descriptors = (theirs.fileno(), audio.descriptor)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "media.speech.worker", *map(str, descriptors)],
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            process_group=0,
        )
    except OSError as error:
        ours.close()
        audio.close()
        raise RecogniserFailed(f"the speech worker cannot be started: {error}") from error
    finally:
        theirs.close()
    return process, ours, audio
