"""Speech to text in worker processes, so that an engine's GIL, crashes and memory are never the server's."""

import asyncio
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from media.sound import SAMPLES_PER_SECOND
from media.speech.errors import RecogniserBusy, RecogniserFailed, SpeechError
from media.speech.jobs import (
    Answer,
    Continue,
    Continued,
    Decode,
    Decoded,
    Endpoint,
    Endpointed,
    Order,
    Refused,
)
from media.speech.model_files import MOST_KEPT, ModelFiles, prepare, remove_oldest
from media.speech.settings import SpeechSettings
from media.speech.utterance import Utterance, Word
from media.speech.vocabulary import General, LanguageModel, Phrases, Vocabulary
from media.speech.work import Unit, Urgency, WaitingWork
from media.speech.worker_process import WorkerProcess

__all__ = [
    "General",
    "Phrases",
    "RecogniserBusy",
    "RecogniserFailed",
    "SpeechError",
    "SpeechStatistics",
    "SpeechWorkers",
    "Utterance",
    "Vocabulary",
    "Word",
]

log = structlog.get_logger(__name__)

MOST_REMEMBERED: Final = 64
"""Models whose files need not be looked for. A client over the network may bring thousands of phrases."""

_LONGEST_PAUSE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class SpeechStatistics:
    """Counts since the start."""

    pids: tuple[int, ...]
    load_s: tuple[float, ...]
    open_requests: int
    refused: int
    restarts: int
    audio_s: float
    busy_s: float


class SpeechWorkers:
    """`menu_workers` of the processes are kept for menus; the others take recordings too, utterance by
    utterance.

    Drop rule: at most `queue_limit` requests wait; one more is refused (RecogniserBusy), none is forgotten.
    A request whose worker dies or hangs fails with RecogniserFailed; the worker is replaced; asking again is
    fine.
    """

    def __init__(self, settings: SpeechSettings) -> None:
        self._settings = settings
        self._work = WaitingWork()
        self._workers: dict[int, WorkerProcess] = {}
        self._slots: list[asyncio.Task[None]] = []
        self._prepared: OrderedDict[LanguageModel, ModelFiles] = OrderedDict()
        self._open = self._refused = self._restarts = 0
        self._audio_s = self._busy_s = 0.0
        self._talking: Counter[int] = Counter()

    @property
    def engine(self) -> str:
        return self._settings.engine.value

    @property
    def engine_version(self) -> str:
        return next((worker.engine_version for worker in self._workers.values()), "")

    async def start(self) -> None:
        """Raises RecogniserFailed with the engine's reason; nothing is left running then."""
        processes = self._settings.workers + self._settings.menu_workers
        loading = [asyncio.create_task(WorkerProcess.spawn(self._settings)) for _ in range(processes)]
        try:
            await asyncio.wait(loading)
        except asyncio.CancelledError:
            for task in loading:
                task.cancel()
            raise
        finally:
            outcomes = await asyncio.gather(*loading, return_exceptions=True)
            loaded = [outcome for outcome in outcomes if isinstance(outcome, WorkerProcess)]
            self._workers = dict(enumerate(loaded))
            if len(loaded) < processes:
                await self.stop()
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        self._slots = [asyncio.create_task(self._serve(slot)) for slot in self._workers]
        for worker in self._workers.values():
            log.info(
                "speech.worker_ready", engine=self.engine, pid=worker.pid, load_s=round(worker.load_s, 3)
            )

    async def stop(self) -> None:
        """Ends the workers; whoever still waits gets RecogniserFailed."""
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)
        self._fail_waiting("the recogniser is stopping")
        workers, self._workers = self._workers, {}
        await asyncio.gather(*(worker.close() for worker in workers.values()))

    async def transcribe(self, pcm: NDArray[np.int16], model: LanguageModel) -> tuple[Utterance, ...]:
        """The utterances of a recording at 8 kHz, in order; the audio must not change meanwhile."""
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise TypeError("pcm must be one channel of int16")
        if not self._slots:
            raise RecogniserFailed("the recogniser is not running")
        if self._open >= self._settings.queue_limit + len(self._slots):
            self._refused += 1
            raise RecogniserBusy(f"{self._settings.queue_limit} requests wait already")
        self._open += 1
        try:
            return await self._transcribe(pcm, model)
        finally:
            self._open -= 1

    def place(self) -> int:
        """The worker for an utterance that is being said, until `leave`: the one with the fewest such."""
        ours = range(self._settings.menu_workers, len(self._workers))
        well = [slot for slot in ours if not self._workers[slot].lost.is_set()]
        if not well or not self._slots:
            raise RecogniserFailed("no worker is there")
        slot = min(well, key=lambda each: self._talking[each])
        self._talking[slot] += 1
        return slot

    def leave(self, slot: int) -> None:
        """The utterance is over."""
        self._talking[slot] -= 1

    async def go_on(self, slot: int, order: Continue, pcm: NDArray[np.int16]) -> Continued:
        """Raises RecogniserFailed, also when the worker died that heard what came before."""
        if not self._slots or self._workers[slot].lost.is_set():
            raise RecogniserFailed("the worker is gone")
        heard = await self._ask(order, pcm, Urgency.FINAL if order.last else Urgency.PARTIAL, slot)
        if not isinstance(heard, Continued):
            raise RecogniserFailed(f"the speech worker answered with {type(heard).__name__}")
        self._audio_s += len(pcm) / SAMPLES_PER_SECOND
        return heard

    def limit_s(self, samples: int) -> float:
        """How long a worker may take for so many samples."""
        return self._settings.job_timeout_for_s(samples / SAMPLES_PER_SECOND)

    async def prepare(self, model: LanguageModel) -> None:
        """Builds the model and has a worker load it, so that the first caller does not wait for that."""
        await self._ask(
            Decode(0, self._settings.job_timeout_s, await self.model_files(model)),
            np.zeros(0, np.int16),
            _urgency(model),
        )

    def statistics(self) -> SpeechStatistics:
        workers = tuple(self._workers.values())
        return SpeechStatistics(
            pids=tuple(worker.pid for worker in workers),
            load_s=tuple(worker.load_s for worker in workers),
            open_requests=self._open,
            refused=self._refused,
            restarts=self._restarts,
            audio_s=self._audio_s,
            busy_s=self._busy_s,
        )

    async def _transcribe(self, pcm: NDArray[np.int16], model: LanguageModel) -> tuple[Utterance, ...]:
        files = await self.model_files(model)
        urgency = _urgency(model)
        found = await self._ask(Endpoint(len(pcm), self.limit_s(len(pcm))), pcm, urgency)
        spans = found.spans if isinstance(found, Endpointed) else ()
        utterances = []
        for span in spans:
            length = span.end - span.start
            heard = await self._ask(
                Decode(length, self.limit_s(length), files), pcm[span.start : span.end], urgency
            )
            if isinstance(heard, Decoded):
                utterances.append(as_written(heard.utterance.moved(span.start / SAMPLES_PER_SECOND), model))
        self._audio_s += len(pcm) / SAMPLES_PER_SECOND
        return tuple(utterances)

    async def model_files(self, model: LanguageModel) -> ModelFiles:
        """Builds them the first time; raises VocabularyError."""
        files = self._prepared.get(model)
        if files is None:
            directory = self._settings.cache_dir / "models"
            files = self._prepared[model] = await asyncio.to_thread(prepare, model, directory)
            if len(self._prepared) > MOST_REMEMBERED:
                self._prepared.popitem(last=False)
            in_use = {each.key for each in self._prepared.values()}
            await asyncio.to_thread(remove_oldest, directory, in_use, MOST_KEPT)
        else:
            self._prepared.move_to_end(model)
        return files

    async def _ask(
        self, order: Order, pcm: NDArray[np.int16], urgency: Urgency, slot: int | None = None
    ) -> Answer:
        if not self._slots:
            raise RecogniserFailed("the recogniser is not running")
        unit = Unit(urgency, order, pcm, asyncio.get_running_loop().create_future(), slot)
        await self._work.put(unit)
        answer = await unit.answer
        if isinstance(answer, Refused):
            raise RecogniserFailed(answer.reason)
        if isinstance(answer, Endpointed | Decoded | Continued):
            self._busy_s += answer.busy_s
        return answer

    async def _serve(self, slot: int) -> None:
        """One worker's life, and its successors'."""
        live_only = slot < self._settings.menu_workers
        while True:
            worker = self._workers[slot]
            unit = await self._next(slot, worker, live_only=live_only)
            if unit is not None:
                await self._do(worker, unit)
            if worker.lost.is_set():
                await self._replace(slot, worker)

    async def _next(self, slot: int, worker: WorkerProcess, *, live_only: bool) -> Unit | None:
        """The next unit somebody still waits for, or None when the worker died with nothing to do."""
        waiting = asyncio.ensure_future(self._work.take(slot, live_only=live_only))
        dying = asyncio.ensure_future(worker.lost.wait())
        try:
            await asyncio.wait((waiting, dying), return_when=asyncio.FIRST_COMPLETED)
        finally:
            dying.cancel()
            if not waiting.done():
                waiting.cancel()
        return None if not waiting.done() or waiting.cancelled() else waiting.result()

    async def _do(self, worker: WorkerProcess, unit: Unit) -> None:
        try:
            answer = await worker.ask(unit.order, unit.pcm, unit.order.limit_s)
        except RecogniserFailed as error:
            log.warning("speech.worker_lost", pid=worker.pid, reason=str(error))
            if not unit.answer.done():
                unit.answer.set_exception(error)
        except asyncio.CancelledError:
            unit.answer.cancel()
            raise
        else:
            if not unit.answer.done():
                unit.answer.set_result(answer)

    async def _replace(self, slot: int, worker: WorkerProcess) -> None:
        """Tries until it succeeds; while no worker is left at all, nobody is kept waiting."""
        self._fail_waiting("the speech worker has died", slot)
        await worker.close()
        pause_s = 1.0
        while True:
            try:
                self._workers[slot] = await WorkerProcess.spawn(self._settings)
            except RecogniserFailed as error:
                log.warning("speech.worker_not_replaced", reason=str(error), again_in_s=pause_s)
                if all(other.lost.is_set() for other in self._workers.values()):
                    self._fail_waiting(str(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                self._restarts += 1
                log.info("speech.worker_replaced", pid=self._workers[slot].pid)
                return

    def _fail_waiting(self, reason: str, slot: int | None = None) -> None:
        for unit in self._work.take_all(slot):
            if not unit.answer.done():
                unit.answer.set_exception(RecogniserFailed(reason))


def _urgency(model: LanguageModel) -> Urgency:
    return Urgency.LIVE if isinstance(model, Phrases) else Urgency.LATER


def as_written(utterance: Utterance, model: LanguageModel) -> Utterance:
    """A phrase of a menu as the menu writes it."""
    if not isinstance(model, Phrases) or not utterance.text:
        return utterance
    text = model.written(utterance.text)
    return Utterance(utterance.start_s, utterance.end_s, text, utterance.confidence, utterance.words)
