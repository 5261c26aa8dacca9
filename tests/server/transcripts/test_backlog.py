"""What is transcribed next, and when what failed is tried again."""

from recordings.segment import RecordingId
from server.transcripts.backlog import RETRY_AFTER_S, Backlog


def put(backlog: Backlog, name: str, now_s: float = 0.0, *, left_over: bool = False) -> None:
    backlog.put(f"contact of {name}", RecordingId(name), now_s, left_over=left_over)


def taken(backlog: Backlog, now_s: float = 0.0) -> list[str]:
    names: list[str] = []
    while (job := backlog.take(now_s)) is not None:
        names.append(job.recording_id)
    return names


def test_what_has_just_been_said_goes_before_what_was_left() -> None:
    backlog = Backlog()
    put(backlog, "yesterday", left_over=True)
    put(backlog, "first")
    put(backlog, "second")
    assert taken(backlog) == ["first", "second", "yesterday"]


def test_a_recording_is_known_once_until_it_is_done() -> None:
    backlog = Backlog()
    put(backlog, "a")
    put(backlog, "a", left_over=True)
    job = backlog.take(0.0)
    assert job is not None
    put(backlog, "a")
    assert taken(backlog) == []
    backlog.done(job)
    put(backlog, "a")
    assert taken(backlog) == ["a"]


def test_finding_30_what_failed_is_tried_again_later_and_not_for_ever() -> None:
    backlog = Backlog()
    put(backlog, "a")
    now_s = 0.0
    for pause_s in RETRY_AFTER_S:
        job = backlog.take(now_s)
        assert job is not None
        assert backlog.again(job, now_s)
        assert backlog.take(now_s + pause_s - 0.1) is None
        assert backlog.wait_s(now_s) == pause_s
        now_s += pause_s
    last = backlog.take(now_s)
    assert last is not None
    assert not backlog.again(last, now_s)


def test_what_does_not_fit_is_not_forgotten_but_must_be_asked_for() -> None:
    backlog = Backlog(limit=2)
    for name in ("a", "b", "c"):
        put(backlog, name)
    assert backlog.overflowed
    assert taken(backlog) == ["a", "b"]
    put(backlog, "c", left_over=True)
    assert taken(backlog) == ["c"]


def test_the_lag_is_that_of_the_oldest() -> None:
    backlog = Backlog()
    assert backlog.oldest_s(100.0) == 0.0
    put(backlog, "a", 10.0)
    put(backlog, "b", 50.0)
    job = backlog.take(60.0)
    assert job is not None
    assert backlog.oldest_s(60.0) == 10.0
    backlog.again(job, 60.0)
    assert backlog.oldest_s(60.0) == 50.0
