"""vosk: what can be shown without a model, which is every way of refusing, and the reading of its answers."""

import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from media.speech.errors import RecogniserFailed
from media.speech.recogniser import SpeechWorkers
from media.speech.settings import SpeechSettings
from media.speech.utterance import Word
from media.speech.vosk_engine import VoskEngine, checked_model, parse_result


def test_vosk_without_a_model_directory_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ValidationError, match="vosk_model_dir is required"):
        SpeechSettings.model_validate({"engine": "vosk"})


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecogniserFailed, match="nowhere is not a directory"):
        VoskEngine(tmp_path / "nowhere")


def test_a_directory_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecogniserFailed, match="holds no vosk model"):
        VoskEngine(tmp_path)


def test_both_published_layouts_pass_the_check(tmp_path: Path) -> None:
    for name in ("new/am/final.mdl", "old/final.mdl"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.touch()
    assert checked_model(tmp_path / "new") == tmp_path / "new"
    assert checked_model(tmp_path / "old") == tmp_path / "old"


def test_a_missing_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "final.mdl").touch()
    monkeypatch.setitem(sys.modules, "vosk", None)
    with pytest.raises(RecogniserFailed, match=r"pip install 'trunkline\[vosk\]'"):
        VoskEngine(tmp_path)


def test_a_broken_model_is_refused_by_vosk_itself(tmp_path: Path) -> None:
    pytest.importorskip("vosk", reason="the extra trunkline[vosk] is not installed")
    (tmp_path / "am").mkdir()
    (tmp_path / "am" / "final.mdl").touch()
    with pytest.raises(RecogniserFailed, match="cannot load"):
        VoskEngine(tmp_path)


async def test_a_worker_that_cannot_load_its_engine_tells_the_parent_why(tmp_path: Path) -> None:
    settings = SpeechSettings.model_validate(
        {"engine": "vosk", "vosk_model_dir": tmp_path, "cache_dir": tmp_path}
    )
    workers = SpeechWorkers(settings)
    with pytest.raises(RecogniserFailed, match="holds no vosk model"):
        await workers.start()
    assert workers.statistics().pids == ()


def test_an_answer_is_read_without_what_lies_outside_the_grammar() -> None:
    heard = parse_result(
        '{"result": [{"conf": 0.8, "end": 0.9, "start": 0.3, "word": "sales"},'
        ' {"conf": 1.0, "end": 1.2, "start": 0.9, "word": "[unk]"},'
        ' {"conf": 0.6, "end": 2.1, "start": 1.2, "word": "please"}], "text": "sales [unk] please"}',
        2.0,
    )
    assert heard.text == "sales please"
    assert heard.words == (Word("sales", 0.3, 0.9, 0.8), Word("please", 1.2, 2.0, 0.6))
    assert heard.confidence == pytest.approx(0.7)


def test_an_answer_without_words_is_empty() -> None:
    assert parse_result('{"text": ""}', 1.0).text == ""
