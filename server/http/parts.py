"""How each part of the server is: its problem, if it has one, and its own figures."""

from __future__ import annotations

from media.engine import MediaEngine
from media.speech.recogniser import SpeechWorkers
from recordings.recorder import Recorder
from server.http.status import PartHealth
from server.journal.journal import Journal

FULL_TICK = 1.0


def engine_health(engine: MediaEngine) -> PartHealth:
    load = engine.load()
    problem = "needs more time than there is; sound suffers" if load >= FULL_TICK else ""
    return PartHealth("audio engine", problem, {"legs": engine.statistics().legs, "load": round(load, 3)})


def journal_health(journal: Journal) -> PartHealth:
    now = journal.health()
    problem = now.last_error if now.writer_alive else "its writer has ended: restart the server"
    return PartHealth("journal", problem, {"behind": now.behind})


def recorder_health(recorder: Recorder) -> PartHealth:
    now = recorder.health()
    figures = {
        "recording": now.live,
        "behind_s": round(now.behind_s, 2),
        "spool_share": round(now.spool_share, 3),
        "frames_dropped": now.frames_dropped,
    }
    return PartHealth("recorder", "; ".join(now.problems), figures)


def recogniser_health(workers: SpeechWorkers) -> PartHealth:
    now = workers.statistics()
    problem = "" if now.pids else "no worker is left"
    figures = {"workers": len(now.pids), "waiting": now.open_requests, "restarts": now.restarts}
    return PartHealth("recogniser", problem, figures)
