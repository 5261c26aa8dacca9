"""Worker processes: what they understand, and what happens when they die, hang or have too much to do."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from media.speech.errors import RecogniserBusy, RecogniserFailed, VocabularyError
from media.speech.recogniser import SpeechWorkers
from media.speech.settings import SpeechSettings
from media.speech.synthesis import Synthesiser
from media.speech.vocabulary import Phrases, Vocabulary
from media.speech.worker_process import WorkerProcess
from tests.patience import PATIENCE_S, until

MENU = Phrases(("Sales", "Support", "Opening hours", "Billing"))


@pytest.fixture
async def support(synthesiser: Synthesiser, telephone: Any) -> NDArray[np.int16]:
    heard: NDArray[np.int16] = telephone.heard(await synthesiser.render("support"))
    return heard


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_a_menu_phrase_is_recognised_as_written(
    workers: SpeechWorkers, synthesiser: Synthesiser, telephone: Any
) -> None:
    sound = await synthesiser.render("opening hours")
    (heard,) = await workers.transcribe(telephone.heard(sound, pause_s=1.0), MENU)
    assert heard.text == "Opening hours"
    assert [word.text for word in heard.words] == ["opening", "hours"]
    assert 0.0 <= heard.confidence <= 1.0


async def test_the_beginning_of_a_phrase_is_not_the_phrase(
    workers: SpeechWorkers, synthesiser: Synthesiser, telephone: Any
) -> None:
    menu = Phrases(("report a problem", "opening hours", "main menu"))
    for said in ("report", "report a", "opening", "main"):
        heard = await workers.transcribe(telephone.heard(await synthesiser.render(said)), menu)
        assert all(utterance.text in ("", *menu.phrases) for utterance in heard), said


async def test_times_count_from_the_start_of_the_recording(
    workers: SpeechWorkers, synthesiser: Synthesiser, telephone: Any
) -> None:
    sound = await synthesiser.render("support")
    one = telephone.heard(sound, pause_s=1.0)
    first, second = await workers.transcribe(np.concatenate((one, one)), MENU)
    assert first.words[0].start_s == pytest.approx(1.0, abs=0.3)
    assert second.words[0].start_s == pytest.approx(3.0 + sound.duration_s, abs=0.3)
    for heard in (first, second):
        assert heard.start_s <= heard.words[0].start_s < heard.words[-1].end_s <= heard.end_s + 0.02


async def test_the_same_audio_gives_the_same_answer(
    workers: SpeechWorkers, support: NDArray[np.int16]
) -> None:
    assert await workers.transcribe(support, MENU) == await workers.transcribe(support, MENU)


async def test_silence_and_nothing_have_no_utterances(workers: SpeechWorkers) -> None:
    assert await workers.transcribe(np.zeros(16_000, np.int16), MENU) == ()
    assert await workers.transcribe(np.zeros(0, np.int16), MENU) == ()


async def test_a_vocabulary_without_words_is_the_callers_mistake(workers: SpeechWorkers) -> None:
    with pytest.raises(VocabularyError):
        await workers.transcribe(np.zeros(8000, np.int16), Vocabulary("house", ()))


async def test_audio_of_another_kind_is_the_callers_mistake(workers: SpeechWorkers) -> None:
    with pytest.raises(TypeError):
        await workers.transcribe(np.zeros(8000, np.float32), MENU)


async def test_a_request_too_many_is_refused_at_once_and_the_others_are_answered(
    settings: SpeechSettings, support: NDArray[np.int16]
) -> None:
    workers = SpeechWorkers(settings.model_copy(update={"queue_limit": 2}))
    await workers.start()
    answers = await asyncio.gather(
        *(workers.transcribe(support, MENU) for _ in range(5)), return_exceptions=True
    )
    await workers.stop()
    assert [isinstance(answer, RecogniserBusy) for answer in answers] == [False, False, False, True, True]
    assert all(isinstance(answer, tuple) and answer[0].text == "Support" for answer in answers[:3])
    assert workers.statistics().refused == 2


async def test_a_menu_overtakes_a_long_recording(workers: SpeechWorkers, support: NDArray[np.int16]) -> None:
    house = Vocabulary("house", ("support is here", "please hold the line"))
    await workers.prepare(house)
    await workers.prepare(MENU)
    recording = asyncio.ensure_future(workers.transcribe(np.tile(support, 12), house))
    await until(lambda: workers.statistics().busy_s > 0)
    await workers.transcribe(support, MENU)
    assert not recording.done()
    assert len(await recording) == 12


async def test_finding_14_a_worker_is_kept_for_menus_whatever_is_transcribed(
    settings: SpeechSettings, support: NDArray[np.int16]
) -> None:
    workers = SpeechWorkers(settings.model_copy(update={"menu_workers": 1}))
    await workers.start()
    house = Vocabulary("house", ("support is here", "please hold the line"))
    await workers.prepare(house)
    await workers.prepare(MENU)
    # With both recordings begun, every worker that may transcribe is busy with an utterance of its own.
    busy = [asyncio.ensure_future(workers.transcribe(np.tile(support, 8), house)) for _ in range(4)]
    await until(lambda: workers.statistics().busy_s > 0)
    os.kill(workers.statistics().pids[1], signal.SIGSTOP)
    async with asyncio.timeout(PATIENCE_S):
        (heard,) = await workers.transcribe(support, MENU)
    assert heard.text == "Support"
    os.kill(workers.statistics().pids[1], signal.SIGCONT)
    assert [len(utterances) for utterances in await asyncio.gather(*busy)] == [8] * 4
    await workers.stop()


async def test_finding_14_recordings_are_decoded_side_by_side(
    settings: SpeechSettings, support: NDArray[np.int16]
) -> None:
    workers = SpeechWorkers(settings.model_copy(update={"workers": 2}))
    await workers.start()
    house = Vocabulary("house", ("support is here", "please hold the line"))
    first, _ = workers.statistics().pids
    os.kill(first, signal.SIGSTOP)
    waiting = [asyncio.ensure_future(workers.transcribe(support, house)) for _ in range(2)]
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    os.kill(first, signal.SIGCONT)
    assert all(heard for heard in await asyncio.gather(*waiting))
    await workers.stop()


async def test_a_killed_worker_is_replaced_and_its_request_fails(
    workers: SpeechWorkers, support: NDArray[np.int16]
) -> None:
    (pid,) = workers.statistics().pids
    await workers.prepare(MENU)
    os.kill(pid, signal.SIGSTOP)
    lost = asyncio.ensure_future(workers.transcribe(support, MENU))
    await until(lambda: workers.statistics().open_requests == 1)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(RecogniserFailed, match="died"):
        await lost
    (again,) = await workers.transcribe(support, MENU)
    assert again.text == "Support"
    assert workers.statistics().restarts == 1
    assert workers.statistics().pids != (pid,)


async def test_a_worker_that_dies_idle_is_replaced_before_it_is_needed(workers: SpeechWorkers) -> None:
    (pid,) = workers.statistics().pids
    os.kill(pid, signal.SIGKILL)
    await until(lambda: workers.statistics().restarts == 1)
    assert alive(workers.statistics().pids[0])


async def test_a_hung_worker_is_killed_and_replaced(
    settings: SpeechSettings, support: NDArray[np.int16]
) -> None:
    workers = SpeechWorkers(
        settings.model_copy(update={"job_timeout_s": 0.2, "job_timeout_per_audio_second_s": 0.1})
    )
    await workers.start()
    (pid,) = workers.statistics().pids
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(RecogniserFailed, match="longer than"):
        await workers.transcribe(support, MENU)
    await until(lambda: workers.statistics().restarts == 1)
    assert not alive(pid)
    await workers.stop()


async def test_a_caller_who_no_longer_waits_does_not_disturb_the_next(
    workers: SpeechWorkers, support: NDArray[np.int16]
) -> None:
    gone = asyncio.ensure_future(workers.transcribe(support, MENU))
    waiting = asyncio.ensure_future(workers.transcribe(support, MENU))
    await until(lambda: workers.statistics().open_requests == 2)
    gone.cancel()
    (heard,) = await waiting
    assert heard.text == "Support"
    assert workers.statistics().open_requests == 0
    assert workers.statistics().restarts == 0


async def test_stopping_ends_the_processes_and_whoever_waits(
    settings: SpeechSettings, support: NDArray[np.int16]
) -> None:
    workers = SpeechWorkers(settings.model_copy(update={"workers": 2}))
    await workers.start()
    pids = workers.statistics().pids
    waiting = [asyncio.ensure_future(workers.transcribe(np.tile(support, 4), MENU)) for _ in range(4)]
    await until(lambda: workers.statistics().open_requests == 4)
    await workers.stop()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    assert all(isinstance(answer, RecogniserFailed) for answer in answers)
    with pytest.raises(RecogniserFailed, match="not running"):
        await workers.transcribe(support, MENU)


async def test_a_worker_ignores_ctrl_c_and_runs_nicely(
    workers: SpeechWorkers, support: NDArray[np.int16]
) -> None:
    (pid,) = workers.statistics().pids
    os.kill(pid, signal.SIGINT)
    (heard,) = await workers.transcribe(support, MENU)
    assert heard.text == "Support"
    assert workers.statistics().restarts == 0
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + 10


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
async def test_nothing_stays_open_after_many_starts(settings: SpeechSettings) -> None:
    async def once() -> int:
        workers = SpeechWorkers(settings)
        await workers.start()
        await workers.stop()
        return len(list(Path("/proc/self/fd").iterdir()))

    before = await once()
    assert [await once() for _ in range(2)] == [before, before]


async def test_stopping_while_a_dead_worker_is_replaced_closes_nothing_twice(
    workers: SpeechWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_settings: SpeechSettings) -> WorkerProcess:
        raise RecogniserFailed("not now")

    monkeypatch.setattr(WorkerProcess, "spawn", never)
    (pid,) = workers.statistics().pids
    ours = Path("/proc/self/fd")
    before = len(list(ours.iterdir()))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: len(list(ours.iterdir())) <= before - 2)  # its pipe and its audio
    reader, writer = os.pipe()  # takes the number of what was closed
    await workers.stop()
    for descriptor in (reader, writer):
        os.close(descriptor)


async def test_a_parent_killed_with_9_leaves_no_worker(tmp_path: Path) -> None:
    program = f"""
        import asyncio
        from pathlib import Path
        from media.speech.recogniser import SpeechWorkers
        from media.speech.settings import SpeechSettings

        async def main():
            workers = SpeechWorkers(SpeechSettings(cache_dir=Path({str(tmp_path)!r}), workers=2))
            await workers.start()
            print(*workers.statistics().pids, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert parent.stdout is not None
    line = b""
    while not line.strip().replace(b" ", b"").isdigit():  # log lines come first
        line = await asyncio.wait_for(parent.stdout.readline(), PATIENCE_S)
        assert line, "the parent ended early"
    pids = [int(pid) for pid in line.split()]
    assert all(alive(pid) for pid in pids)
    parent.kill()
    await parent.wait()
    began = time.monotonic()
    while any(alive(pid) for pid in pids) and time.monotonic() - began < PATIENCE_S:
        await asyncio.sleep(0.05)
    left = [pid for pid in pids if alive(pid)]
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left
